"""Objects signed by the root: trust lists, revocation lists, settings (docs/signed-objects.md)."""

from verify import cose
from verify.errors import Malformed


def _is_uint(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32


def open_signed(data, root, typ):
    """Verifies a signed object and opens it.

    data: COSE_Sign1, bytes. root: the owner's Ed25519 public key, 32 bytes. typ: the text that
    keeps one kind from passing for another (RFC 9596).
    Returns (sequence, signed_at in Unix seconds, body). Raises Malformed, or Refused with
    UNSUPPORTED, UNKNOWN_KEY, BAD_SIGNATURE, WRONG_TYPE.
    """
    payload = cose.open_sign1(data, root, typ)
    if not isinstance(payload, dict) or set(payload) != {1, 2, 3}:
        raise Malformed("signed: payload")
    if not _is_uint(payload[1]) or payload[1] == 0 or not _is_uint(payload[2]):
        raise Malformed("signed: sequence or time")
    return payload[1], payload[2], payload[3]
