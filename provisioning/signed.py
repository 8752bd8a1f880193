"""Objects that the root signs: trust lists, revocation lists, settings (docs/signed-objects.md)."""

from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning import cose, encoding, keys
from provisioning.errors import Malformed, Refused

_SEQUENCE, _SIGNED_AT, _BODY = 1, 2, 3


class Signed(NamedTuple):
    """What is inside. sequence: 1 or more; signed_at: Unix seconds; kid: the root's, 8 bytes."""

    kid: bytes
    sequence: int
    signed_at: int
    body: Any


def seal(key: Ed25519PrivateKey, typ: str, sequence: int, signed_at: int, body: Any) -> bytes:
    """A signed object: COSE_Sign1 with a protected `typ` that keeps kinds apart."""
    header = {
        cose.LABEL_ALG: cose.ALG_EDDSA,
        cose.LABEL_KID: cose.kid_of(keys.raw_public(key)),
        cose.LABEL_TYP: typ,
    }
    payload = encoding.encode({_SEQUENCE: sequence, _SIGNED_AT: signed_at, _BODY: body})
    return cose.sign1(header, payload, key)


def open_signed(data: bytes, typ: str, root: bytes | None) -> Signed:
    """Opens a signed object; root: the public key (32 bytes), None to take it unchecked.

    Raises Malformed, or Refused: UNSUPPORTED, WRONG_TYPE, UNKNOWN_KEY, BAD_SIGNATURE.
    """
    message = cose.Message.parse(data)
    header = message.header()
    if message.tag != cose.TAG_SIGN1 or header.get(cose.LABEL_ALG) != cose.ALG_EDDSA:
        raise Refused("UNSUPPORTED")
    if set(header) != {cose.LABEL_ALG, cose.LABEL_KID, cose.LABEL_TYP}:
        raise Refused("UNSUPPORTED")
    kid = header[cose.LABEL_KID]
    if root is not None and kid != cose.kid_of(root):
        raise Refused("UNKNOWN_KEY")
    if header[cose.LABEL_TYP] != typ:
        raise Refused("WRONG_TYPE")
    if root is not None and (len(message.signature) != 64 or not message.is_signed_by(root)):
        raise Refused("BAD_SIGNATURE")
    payload = encoding.decode(message.payload)
    if not isinstance(payload, dict) or set(payload) != {_SEQUENCE, _SIGNED_AT, _BODY}:
        raise Malformed("signed: payload")
    sequence, signed_at = payload[_SEQUENCE], payload[_SIGNED_AT]
    if type(sequence) is not int or sequence < 1 or type(signed_at) is not int or signed_at < 0:
        raise Malformed("signed: sequence or time")
    if not isinstance(kid, bytes):
        raise Malformed("signed: kid")
    return Signed(kid, sequence, signed_at, payload[_BODY])
