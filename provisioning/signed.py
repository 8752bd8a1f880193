"""Objects that the root signs: lists of several kinds, settings (docs/signed-objects.md)."""

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
    return sign1(key, typ, {_SEQUENCE: sequence, _SIGNED_AT: signed_at, _BODY: body})


def open_signed(data: bytes, typ: str, root: bytes | None) -> Signed:
    """Opens a signed object; root: the public key (32 bytes), None to take it unchecked.

    Raises Malformed, or Refused: UNSUPPORTED, WRONG_TYPE, UNKNOWN_KEY, BAD_SIGNATURE.
    """
    kid, payload = open_sign1(data, typ, root)
    if not isinstance(payload, dict) or set(payload) != {_SEQUENCE, _SIGNED_AT, _BODY}:
        raise Malformed("signed: payload")
    sequence, signed_at = payload[_SEQUENCE], payload[_SIGNED_AT]
    for number, least in ((sequence, 1), (signed_at, 0)):
        if type(number) is not int or not least <= number < 1 << 32:
            raise Malformed("signed: sequence or time")
    return Signed(kid, sequence, signed_at, payload[_BODY])


def sign1(key: Ed25519PrivateKey, typ: str, payload: Any) -> bytes:
    """A COSE_Sign1 over the encoding of a payload, of which maps have their keys ascending."""
    header = {
        cose.LABEL_ALG: cose.ALG_EDDSA,
        cose.LABEL_KID: cose.kid_of(keys.raw_public(key)),
        cose.LABEL_TYP: typ,
    }
    return cose.sign1(header, encoding.encode(payload), key)


def open_sign1(data: bytes, typ: str, public_key: bytes | None) -> tuple[bytes, Any]:
    """(kid, decoded payload) of a COSE_Sign1 of this `typ`.

    public_key: Ed25519, 32 bytes, None to take it unchecked. Raises as `open_signed`.
    """
    message = cose.Message.parse(data)
    header = message.header()
    if message.tag != cose.TAG_SIGN1 or header.get(cose.LABEL_ALG) != cose.ALG_EDDSA:
        raise Refused("UNSUPPORTED")
    if set(header) != {cose.LABEL_ALG, cose.LABEL_KID, cose.LABEL_TYP}:
        raise Refused("UNSUPPORTED")
    kid = header[cose.LABEL_KID]
    if public_key is not None and kid != cose.kid_of(public_key):
        raise Refused("UNKNOWN_KEY")
    if header[cose.LABEL_TYP] != typ:
        raise Refused("WRONG_TYPE")
    if public_key is not None and not (
        len(message.signature) == 64 and message.is_signed_by(public_key)
    ):
        raise Refused("BAD_SIGNATURE")
    if not isinstance(kid, bytes):
        raise Malformed("signed: kid")
    return kid, encoding.decode(message.payload)
