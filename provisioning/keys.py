"""Keys in files: Ed25519 and X25519 as PEM (PKCS #8 private, SPKI public), HMAC secrets as JSON."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from provisioning import cose, files
from provisioning.errors import FileProblem

SECRET_BYTES = 32
AskPassphrase = Callable[[Path], bytes]


class HmacSecret(NamedTuple):
    """A secret that a closed group of devices shares. kid: 8 bytes; secret: 32."""

    kid: bytes
    alg: int
    secret: bytes


def public_path(path: Path) -> Path:
    """Where the public key of a private one lies: root.pem -> root.pub.pem."""
    return path.with_name(f"{path.stem}.pub{path.suffix or '.pem'}")


def raw_public(
    key: Ed25519PrivateKey | Ed25519PublicKey | X25519PrivateKey | X25519PublicKey,
) -> bytes:
    """The public key's 32 bytes."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey | X25519PrivateKey) else key
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def create_key(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """Makes a key that signs: the private one at `path` (0600), the public one beside it.

    Raises FileProblem if either file is there.
    """
    key = Ed25519PrivateKey.generate()
    _write_pair(path, key, passphrase)
    return key


def create_collection_key(path: Path, passphrase: bytes | None = None) -> X25519PrivateKey:
    """Makes a collection key, as `create_key`: what devices seal to it, only it opens."""
    key = X25519PrivateKey.generate()
    _write_pair(path, key, passphrase)
    return key


def load_private(path: Path, ask: AskPassphrase) -> Ed25519PrivateKey:
    """A private key. ask: called for the passphrase, if there is one. Raises FileProblem."""
    key = _load_private(path, ask)
    if not isinstance(key, Ed25519PrivateKey):
        raise FileProblem(f"{path} is not an Ed25519 key. Make one with: scanpost keys issuer")
    return key


def load_collection_private(path: Path, ask: AskPassphrase) -> X25519PrivateKey:
    """A collection key's private part, as `load_private`. Raises FileProblem."""
    key = _load_private(path, ask)
    if not isinstance(key, X25519PrivateKey):
        raise FileProblem(f"{path} is no collection key (X25519).")
    return key


def load_collection_keys(paths: list[Path], ask: AskPassphrase) -> dict[bytes, X25519PrivateKey]:
    """The private collection keys in these files, by kid. Raises FileProblem."""
    found = [load_collection_private(path, ask) for path in paths]
    return {cose.x25519_kid_of(raw_public(key)): key for key in found}


def load_public(path: Path) -> bytes:
    """The 32 bytes of a public key in PEM (SPKI). Raises FileProblem."""
    key = _load_public(path)
    if not isinstance(key, Ed25519PublicKey):
        raise FileProblem(f"{path} is not an Ed25519 key; passes are signed with Ed25519 only.")
    return raw_public(key)


def load_collection_public(path: Path) -> bytes:
    """The 32 bytes of a collection key's public part, PEM (SPKI). Raises FileProblem."""
    key = _load_public(path)
    if not isinstance(key, X25519PublicKey):
        raise FileProblem(
            f"{path} is no collection key (X25519). Make one with: scanpost keys collection"
        )
    return raw_public(key)


def kid_of_file(path: Path, ask: AskPassphrase) -> tuple[str, bytes]:
    """("Ed25519" or "X25519", kid) of a key in PEM, private or public. Raises FileProblem."""
    key = _load_private(path, ask) if is_private_file(path) else _load_public(path)
    if isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
        return "Ed25519", cose.kid_of(raw_public(key))
    if isinstance(key, X25519PrivateKey | X25519PublicKey):
        return "X25519", cose.x25519_kid_of(raw_public(key))
    raise FileProblem(f"{path} is not an Ed25519 key, nor a collection key (X25519).")


def _write_pair(
    path: Path, key: Ed25519PrivateKey | X25519PrivateKey, passphrase: bytes | None
) -> None:
    beside = public_path(path)
    if files.is_there(beside):
        raise FileProblem(f"{beside} is there already. Choose another name.")
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    files.create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    try:
        files.create(beside, public, files.PUBLIC)
    except FileProblem:
        path.unlink(missing_ok=True)  # made here a moment ago; nobody has used it
        raise


def _load_private(path: Path, ask: AskPassphrase) -> PrivateKeyTypes:
    """A private key of any kind."""
    data = files.read(path)
    files.remark_if_open(path)
    try:
        try:
            return load_pem_private_key(data, password=None)
        except TypeError:  # encrypted
            return load_pem_private_key(data, password=ask(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        if b"ENCRYPTED" in data:
            raise FileProblem(f"{path}: wrong passphrase, or a damaged file.") from error
        hint = " This is the public key." if b"PUBLIC KEY" in data else ""
        raise FileProblem(
            f"{path} is no private key in PEM form (BEGIN PRIVATE KEY).{hint}"
        ) from error


def _load_public(path: Path) -> PublicKeyTypes:
    """A public key of any kind."""
    data = files.read(path)
    try:
        return load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        hint = f" Use {public_path(path)}." if b"PRIVATE KEY" in data else ""
        raise FileProblem(
            f"{path} is no public key in PEM form (BEGIN PUBLIC KEY).{hint}"
        ) from error


def create_secret(path: Path, alg: int) -> HmacSecret:
    """Makes an HMAC secret in a file of its own (0600). Raises FileProblem if it is there."""
    made = HmacSecret(secrets.token_bytes(cose.KID_BYTES), alg, secrets.token_bytes(SECRET_BYTES))
    held = {"kid": made.kid.hex(), "alg": alg, "secret": made.secret.hex()}
    files.create(path, json.dumps(held, indent=2).encode() + b"\n")
    return made


def is_secret_file(path: Path) -> bool:
    """True if a file looks like an HMAC secret's (JSON) rather than a PEM file."""
    return files.read(path).lstrip()[:1] == b"{"


def is_private_file(path: Path) -> bool:
    """True if a PEM file says that it holds a private key. Raises FileProblem."""
    return b"PRIVATE KEY-----" in files.read(path)


def load_secret(path: Path) -> HmacSecret:
    """An HMAC secret out of its file. Raises FileProblem."""
    try:
        held = json.loads(files.read(path))
        files.remark_if_open(path)
        secret = HmacSecret(bytes.fromhex(held["kid"]), held["alg"], bytes.fromhex(held["secret"]))
        if len(secret.kid) != cose.KID_BYTES or len(secret.secret) != SECRET_BYTES:
            raise ValueError("length")
        if type(secret.alg) is not int or secret.alg not in cose.HMAC_TAG_BYTES:
            raise ValueError("alg")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileProblem(
            f"{path} is no HMAC secret's file (JSON with kid of 8 bytes, alg 5 or 4, secret of "
            "32 bytes). Make one with: scanpost keys hmac"
        ) from error
    return secret
