"""Objects signed by the root: trust lists, revocation lists, settings (docs/signed-objects.md)."""

from verify import cbor, cose
from verify.errors import Malformed, Refused


def _is_uint(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def open_signed(data, root, typ):
    """Verifies a signed object and opens it.

    data: COSE_Sign1, bytes. root: the owner's Ed25519 public key, 32 bytes. typ: the text that
    keeps one kind from passing for another (RFC 9596).
    Returns (sequence, signed_at in Unix seconds, body). Raises Malformed, or Refused with
    UNSUPPORTED, UNKNOWN_KEY, BAD_SIGNATURE, WRONG_TYPE.
    """
    message = cose.Message(data)
    header = message.header()
    if message.tag != cose.TAG_SIGN1 or header.get(cose.LABEL_ALG) != cose.ALG_EDDSA:
        raise Refused("UNSUPPORTED")
    if set(header) != {cose.LABEL_ALG, cose.LABEL_KID, cose.LABEL_TYP}:
        raise Refused("UNSUPPORTED")
    if header[cose.LABEL_KID] != cose.kid_of(root):
        raise Refused("UNKNOWN_KEY")
    if header[cose.LABEL_TYP] != typ:
        raise Refused("WRONG_TYPE")
    if len(message.signature) != 64 or not message.is_signed_by(root):
        raise Refused("BAD_SIGNATURE")
    payload = cbor.decode(message.payload)
    if not isinstance(payload, dict) or set(payload) != {1, 2, 3}:
        raise Malformed("signed: payload")
    if not _is_uint(payload[1]) or payload[1] == 0 or not _is_uint(payload[2]):
        raise Malformed("signed: sequence or time")
    return payload[1], payload[2], payload[3]
