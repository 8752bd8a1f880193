"""Collection keys from files, by their kids."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host_tools.console import ask_passphrase
from provisioning import cose, keys


def collection_keys(paths: list[Path]) -> dict[bytes, X25519PrivateKey]:
    """The private collection keys in these files, by kid. Raises FileProblem."""
    found = [keys.load_collection_private(path, ask_passphrase) for path in paths]
    return {cose.x25519_kid_of(keys.raw_public(key)): key for key in found}
