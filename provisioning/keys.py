"""Keys in files: Ed25519 as PEM (PKCS #8 private, SPKI public), HMAC secrets as JSON."""

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


def raw_public(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """The public key's 32 bytes."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def create_key(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """Makes a key: the private one at `path` (0600), the public one beside it.

    Raises FileProblem if either file is there.
    """
    beside = public_path(path)
    if beside.exists():
        raise FileProblem(f"{beside} is there already. Choose another name.")
    key = Ed25519PrivateKey.generate()
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase)
    files.create_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    files.replace(beside, public)
    return key


def load_private(path: Path, ask: AskPassphrase) -> Ed25519PrivateKey:
    """A private key. ask: called for the passphrase, if there is one. Raises FileProblem."""
    data = files.read(path)
    try:
        try:
            key = load_pem_private_key(data, password=None)
        except TypeError:  # encrypted
            key = load_pem_private_key(data, password=ask(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        if b"ENCRYPTED" in data:
            raise FileProblem(f"{path}: wrong passphrase, or a damaged file.") from error
        hint = " This is the public key." if b"PUBLIC KEY" in data else ""
        raise FileProblem(
            f"{path} is no private key in PEM form (BEGIN PRIVATE KEY).{hint}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FileProblem(f"{path} is not an Ed25519 key. Make one with: scanpost keys issuer")
    return key


def load_public(path: Path) -> bytes:
    """The 32 bytes of a public key in PEM (SPKI). Raises FileProblem."""
    data = files.read(path)
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        hint = f" Use {public_path(path)}." if b"PRIVATE KEY" in data else ""
        raise FileProblem(
            f"{path} is no public key in PEM form (BEGIN PUBLIC KEY).{hint}"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise FileProblem(f"{path} is not an Ed25519 key; passes are signed with Ed25519 only.")
    return raw_public(key)


def create_secret(path: Path, alg: int) -> HmacSecret:
    """Makes an HMAC secret in a file of its own (0600). Raises FileProblem if it is there."""
    made = HmacSecret(secrets.token_bytes(cose.KID_BYTES), alg, secrets.token_bytes(SECRET_BYTES))
    held = {"kid": made.kid.hex(), "alg": alg, "secret": made.secret.hex()}
    files.create_private(path, json.dumps(held, indent=2).encode() + b"\n")
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
