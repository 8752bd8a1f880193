"""The device's X25519 key, which secrets are sealed to; and what the identity key says of it.

Made when a host first asks for it, and kept in a file of its own. Another one in its place does no
harm: what was sealed to the old one is installed already, or is sealed again.
"""

import hashlib

from crypto.x25519 import public_key
from micropython import const
from verify import cbor, cose
from verify.errors import Refused

from keeping import files
from keeping.randomness import NotSeeded

_FILE = const("sealing-key")
_KEY_BYTES = const(32)
_TYP = const("application/scanpost-sealing-key+cbor")
# {1: 1 (OKP), -1: 4 (X25519), -2: x}, up to x (RFC 9679)
_THUMBPRINT_PREFIX = b"\xa3\x01\x01\x20\x04\x21\x58\x20"


def private_key(random):
    """The 32 bytes of the private key. random: (n) -> n bytes, from a generator fit for keys.

    Raises Refused NO_SEED, OSError.
    """
    private = files.read(_FILE)
    if private is None or len(private) != _KEY_BYTES:
        try:
            private = random(_KEY_BYTES)
        except NotSeeded:
            raise Refused("NO_SEED") from None
        files.replace(_FILE, private)
    return private


def statement(identity, random):
    """A COSE_Sign1, bytes, of [device id, X25519 public key], by the identity key.

    identity: of a device that has an owner. random, and what is raised: as of `private_key`.
    """
    key = public_key(private_key(random))
    return cose.sign1(_TYP, cbor.encode([identity.device_id, key]), identity.sign)


def kid_of(public):
    """The kid (8 bytes) of an X25519 public key, by its thumbprint as of any other key."""
    return hashlib.sha256(_THUMBPRINT_PREFIX + public).digest()[:8]
