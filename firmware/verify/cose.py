"""COSE (RFC 9052): the single-signer and single-recipient messages, with no external data."""

import hashlib

from crypto import ed25519
from crypto.hmac import equal, hmac_sha256

from verify import cbor
from verify.errors import Malformed, Refused
from verify.registry import ALG_EDDSA, KID_BYTES, LABEL_ALG, LABEL_KID, LABEL_TYP, TAG_SIGN1

_THUMBPRINT_PREFIX = b"\xa3\x01\x01\x20\x06\x21\x58\x20"


class Message:
    """A COSE_Sign1 or COSE_Mac0 as it came: nothing of it is verified yet.

    tag: of the message, any number. protected: as bytes. unprotected: map. payload, signature
    (or tag): bytes.
    """

    def __init__(self, data):
        """data: the encoded message, bytes. Raises Malformed."""
        item = cbor.decode(data, tagged=True)
        if not isinstance(item, cbor.Tag):
            raise Malformed
        parts = item.value
        if not cbor.is_list(parts, 4):
            raise Malformed
        self.tag = item.tag
        self.protected, self.unprotected, self.payload, self.signature = parts
        for part in (self.protected, self.payload, self.signature):
            if not isinstance(part, bytes):
                raise Malformed
        if not isinstance(self.unprotected, dict):
            raise Malformed

    def header(self):
        """The protected header as a map. Raises Malformed."""
        if self.unprotected:
            raise Malformed
        header = cbor.decode(self.protected)
        if not isinstance(header, dict):
            raise Malformed
        return header

    def is_signed_by(self, public_key):
        """True if the signature is this Ed25519 key's (RFC 9052 section 4.4)."""
        signed = to_be_signed(self.protected, self.payload)
        return ed25519.verify(public_key, signed, self.signature)

    def is_tagged_with(self, secret, length):
        """True if the tag is HMAC-SHA-256 under this secret, cut to `length` bytes (6.3)."""
        maced = cbor.encode(["MAC0", self.protected, b"", self.payload])
        return equal(hmac_sha256(secret, maced)[:length], self.signature)


def kid_in(data):
    """The kid in a message's protected header, or None: who says that they signed it.

    data: the encoded message, bytes. Nothing of it is verified. Raises Malformed.
    """
    return Message(data).header().get(LABEL_KID)


def open_sign1(data, public_key, typ):
    """The decoded payload of a COSE_Sign1 that this key signed as this kind of object.

    data: the encoded message, bytes. public_key: Ed25519, 32 bytes, of which the protected header
    has the kid. typ: the text that keeps one kind from passing for another (RFC 9596).
    Raises Malformed, or Refused with UNSUPPORTED, UNKNOWN_KEY, WRONG_TYPE, BAD_SIGNATURE.
    """
    message = Message(data)
    header = message.header()
    if message.tag != TAG_SIGN1 or header.get(LABEL_ALG) != ALG_EDDSA:
        raise Refused("UNSUPPORTED")
    if set(header) != {LABEL_ALG, LABEL_KID, LABEL_TYP}:
        raise Refused("UNSUPPORTED")
    if header[LABEL_KID] != kid_of(public_key):
        raise Refused("UNKNOWN_KEY")
    if header[LABEL_TYP] != typ:
        raise Refused("WRONG_TYPE")
    if len(message.signature) != 64 or not message.is_signed_by(public_key):
        raise Refused("BAD_SIGNATURE")
    return cbor.decode(message.payload)


def open_signed(data, root, typ):
    """Verifies what the root signed, such as a trust list, and opens it (docs/signed-objects.md).

    data: COSE_Sign1, bytes. root: the owner's Ed25519 public key, 32 bytes. typ: the text that
    keeps one kind from passing for another (RFC 9596).
    Returns (sequence, signed_at in Unix seconds, body). Raises Malformed, or Refused with
    UNSUPPORTED, UNKNOWN_KEY, BAD_SIGNATURE, WRONG_TYPE.
    """
    payload = open_sign1(data, root, typ)
    if not isinstance(payload, dict) or set(payload) != {1, 2, 3}:
        raise Malformed
    if not cbor.is_uint(payload[1]) or payload[1] == 0 or not cbor.is_uint(payload[2]):
        raise Malformed  # sequence or time
    return payload[1], payload[2], payload[3]


def to_be_signed(protected, payload, external=b""):
    """The Sig_structure of a COSE_Sign1 (RFC 9052 section 4.4), encoded. All three: bytes-like."""
    out = bytearray()  # as it is: a payload may have 4 KB, and bytes would be a copy
    cbor.encode_to(out.extend, ["Signature1", protected, external, payload])
    return out


def typed_header(typ):
    """The protected header, bytes, of what this device signs: alg and typ (RFC 9596)."""
    return cbor.encode({LABEL_ALG: ALG_EDDSA, LABEL_TYP: typ})


def sign1(typ, payload, sign):
    """A COSE_Sign1, bytes. payload: bytes. sign: message -> Ed25519 signature, 64 bytes."""
    protected = typed_header(typ)
    signature = sign(to_be_signed(protected, payload))
    return cbor.encode(cbor.Tag(TAG_SIGN1, [protected, {}, payload, signature]))


def kid_of(public_key):
    """The kid of an Ed25519 key: the first 8 bytes of its SHA-256 thumbprint (RFC 9679)."""
    return hashlib.sha256(_THUMBPRINT_PREFIX + public_key).digest()[:KID_BYTES]
