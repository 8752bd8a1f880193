"""COSE_Sign1 and COSE_Mac0 (RFC 9052) as passes and signed objects use them."""

import hashlib
import hmac
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from provisioning import encoding
from provisioning.errors import Malformed
from provisioning.key_checks import is_canonical

TAG_ENCRYPT0 = 16
TAG_MAC0 = 17
TAG_SIGN1 = 18
LABEL_ALG = 1
LABEL_KID = 4
LABEL_IV = 5
LABEL_TYP = 16  # RFC 9596
ALG_EDDSA = -8
ALG_HMAC_256_64 = 4
ALG_HMAC_256_256 = 5
ALG_AES_CCM_16_64_256 = 11
KID_BYTES = 8
HMAC_TAG_BYTES = {ALG_HMAC_256_256: 32, ALG_HMAC_256_64: 8}
# {1: 1 (OKP), -1: curve, -2: x}, up to x: all that a thumbprint of such a key covers
_ED25519_PREFIX = bytes.fromhex("a301012006215820")
_X25519_PREFIX = bytes.fromhex("a301012004215820")


def kid_of(public_key: bytes) -> bytes:
    """The kid of an Ed25519 key: first 8 bytes of its SHA-256 COSE thumbprint (RFC 9679)."""
    return hashlib.sha256(_ED25519_PREFIX + public_key).digest()[:KID_BYTES]


def x25519_kid_of(public_key: bytes) -> bytes:
    """The kid of an X25519 key, made in the same way."""
    return hashlib.sha256(_X25519_PREFIX + public_key).digest()[:KID_BYTES]


class Message(NamedTuple):
    """A message as it came; nothing of it is verified yet."""

    tag: int
    protected: bytes
    unprotected: dict[Any, Any]
    payload: bytes
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Message":
        """From its encoding. Raises Malformed."""
        tag, parts = encoding.decode_tagged(data)
        if not isinstance(parts, list) or len(parts) != 4:
            raise Malformed("cose: not an array of four")
        for part, kind in zip(parts, (bytes, dict, bytes, bytes), strict=True):
            if not isinstance(part, kind):
                raise Malformed(
                    "cose: protected, payload or signature no byte string, or unprotected no map"
                )
        return cls(tag, *parts)

    def header(self) -> dict[Any, Any]:
        """The protected header. Raises Malformed; also if the unprotected one is not empty."""
        if self.unprotected:
            raise Malformed("cose: unprotected header is not empty")
        header = encoding.decode(self.protected)
        if not isinstance(header, dict):
            raise Malformed("cose: protected header is no map")
        return header

    def is_signed_by(self, public_key: bytes) -> bool:
        """True if the signature is of this Ed25519 key (32 bytes), by the page's strict rules.

        The library checks S < L and compares R's bytes; that R is canonical is checked here
        too, whatever the library was built with.
        """
        if not is_canonical(self.signature[:32]):
            return False
        key = Ed25519PublicKey.from_public_bytes(public_key)
        try:
            key.verify(self.signature, _signed_bytes("Signature1", self.protected, self.payload))
        except InvalidSignature:
            return False
        return True

    def is_tagged_with(self, secret: bytes, alg: int) -> bool:
        """True if the tag is of this HMAC secret (32 bytes)."""
        return hmac.compare_digest(_tag(self.protected, self.payload, secret, alg), self.signature)


def sign1(header: dict[int, Any], payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """A COSE_Sign1 with this protected header."""
    protected = encoding.encode(header)
    signature = key.sign(_signed_bytes("Signature1", protected, payload))
    return _message(TAG_SIGN1, protected, payload, signature)


def mac0(header: dict[int, Any], payload: bytes, secret: bytes) -> bytes:
    """A COSE_Mac0 with this protected header, which names the algorithm."""
    protected = encoding.encode(header)
    tag = _tag(protected, payload, secret, header[LABEL_ALG])
    return _message(TAG_MAC0, protected, payload, tag)


def _message(tag: int, protected: bytes, payload: bytes, signature: bytes) -> bytes:
    # 17 and 18 fit the head's one byte
    return bytes([0xC0 | tag]) + encoding.encode([protected, {}, payload, signature])


def _signed_bytes(context: str, protected: bytes, payload: bytes) -> bytes:
    return encoding.encode([context, protected, b"", payload])


def _tag(protected: bytes, payload: bytes, secret: bytes, alg: int) -> bytes:
    full = hmac.digest(secret, _signed_bytes("MAC0", protected, payload), "sha256")
    return full[: HMAC_TAG_BYTES[alg]]
