"""Files that hold an object signed by the root; each new one gets the next sequence number."""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning import files, keys, local_time
from provisioning.collection import TYP as COLLECTION_TYP
from provisioning.collection import CollectionList
from provisioning.errors import FileProblem, Malformed, Refused
from provisioning.operators import Credential, open_credential
from provisioning.revocation import TYP as REVOKED_TYP
from provisioning.revocation import RevocationList
from provisioning.signed import Signed, open_signed, seal
from provisioning.trust import TYP as TRUST_TYP
from provisioning.trust import TrustList

_WHY = {
    "UNSUPPORTED": "it is no object signed by a root",
    "WRONG_TYPE": "it is a list of another kind",
    "UNKNOWN_KEY": "another root signed it",
    "BAD_SIGNATURE": "its signature is wrong; it was altered or damaged",
}

_WHY_NO_CREDENTIAL = {
    "UNSUPPORTED": "it is no operator's credential",
    "WRONG_TYPE": "it is no operator's credential, but something else that a root signed",
}


class Root(NamedTuple):
    """The root's key, ready to sign."""

    key: Ed25519PrivateKey

    @classmethod
    def load(cls, path: Path, ask: keys.AskPassphrase) -> "Root":
        """From its PEM file. ask: for its passphrase, if there is one. Raises FileProblem."""
        return cls(keys.load_private(path, ask))

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return keys.raw_public(self.key)

    def write(self, path: Path, typ: str, sequence: int, body: object) -> None:
        """Signs and writes. Raises FileProblem, and what `sign` does: nothing is written then."""
        files.replace(path, self.sign(typ, sequence, body))

    def sign(self, typ: str, sequence: int, body: object) -> bytes:
        """The signed object. Raises NotAllowed where the computer's clock is wrong."""
        return seal(self.key, typ, sequence, local_time.now(), body)


def read_signed(path: Path, typ: str, root: bytes | None) -> Signed:
    """Opens a signed file; root: public key, None to take it unchecked. Raises FileProblem."""
    try:
        return open_signed(files.read(path), typ, root)
    except Malformed as error:
        raise FileProblem(
            f"{path} is no list signed by a root, or it is damaged ({error})."
        ) from error
    except Refused as error:
        raise FileProblem(f"{path} cannot be used: {_WHY[error.reason]}.") from error


def read_trust(path: Path, root: bytes | None) -> tuple[Signed, TrustList]:
    """A trust list's file. Raises FileProblem."""
    signed = read_signed(path, TRUST_TYP, root)
    try:
        return signed, TrustList.from_body(signed.body)
    except Malformed as error:
        raise FileProblem(f"{path} holds a trust list that no device takes: {error}.") from error


def read_collection(path: Path, root: bytes | None) -> tuple[Signed, CollectionList]:
    """The file of a list of collection keys; it may be empty. Raises FileProblem."""
    signed = read_signed(path, COLLECTION_TYP, root)
    try:
        return signed, CollectionList.from_body(signed.body)
    except Malformed as error:
        raise FileProblem(f"{path} holds a list that no device takes: {error}.") from error


def read_credential(path: Path, root: bytes | None) -> Credential:
    """An operator's credential; root: public key, None to take it unchecked.

    Raises FileProblem.
    """
    try:
        return open_credential(files.read(path), root)
    except Malformed as error:
        raise FileProblem(
            f"{path} is no operator's credential, or it is damaged ({error})."
        ) from error
    except Refused as error:
        why = _WHY_NO_CREDENTIAL.get(error.reason, _WHY[error.reason])
        raise FileProblem(f"{path} cannot be used: {why}.") from error


def read_revoked(
    path: Path, table: Path | None, root: bytes | None
) -> tuple[Signed, RevocationList]:
    """A revocation list's two files. table: None for the one beside it. Raises FileProblem."""
    signed = read_signed(path, REVOKED_TYP, root)
    table = table or table_path(path)
    found = _of_table(signed, table)
    if found is None and files.is_there(_coming(table)):
        found = _of_table(signed, _coming(table))
    if found is None:
        files.read(table)  # for its message, if it is not there
        raise FileProblem(
            f"{table} is not the table that {path} vouches for. Restore both from one copy; where "
            f"there is none, begin a new list under another name with --sequence "
            f"{signed.sequence + 1}, and revoke what is to be revoked again."
        )
    return signed, found


def write_revoked(
    owner: Root, path: Path, table: Path | None, sequence: int, found: RevocationList
) -> None:
    """Writes a revocation list's two files, together or not at all. Raises FileProblem.

    The list decides, and it is replaced in one step. Its table lies under another name before, and
    under its own after that; `read_revoked` looks for it in both places.
    """
    table = table or table_path(path)
    if files.is_there(path) and _of_table(read_signed(path, REVOKED_TYP, None), _coming(table)):
        _settle(table)  # the command before was cut at its last step
    signed = owner.sign(REVOKED_TYP, sequence, found.body())
    files.replace(_coming(table), found.table())
    try:
        files.replace(path, signed)
    except FileProblem:
        _coming(table).unlink(missing_ok=True)
        raise
    _settle(table)


def _of_table(signed: Signed, table: Path) -> RevocationList | None:
    """None where it is not there, or is not the one that was signed."""
    with contextlib.suppress(Malformed, FileProblem):
        return RevocationList.from_parts(signed.body, files.read(table))
    return None


def _coming(table: Path) -> Path:
    """Where a table lies before its list is there."""
    return table.with_name(f"{table.name}.new")


def _settle(table: Path) -> None:
    try:
        os.replace(_coming(table), table)
    except OSError as error:
        raise FileProblem(
            f"{table} cannot be written: {files.why(error)}. The list is signed; its table lies in "
            f"{_coming(table)} and is found there."
        ) from error


def table_path(path: Path) -> Path:
    """Where the table of a revocation list lies: revoked.cbor -> revoked.table."""
    return path.with_suffix(".table")
