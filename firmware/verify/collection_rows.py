"""The body of a list of collection keys, read and checked (docs/signed-objects.md): when one is
installed, and at the start."""

from micropython import const
from system import rooms

from verify.cbor import is_bytes, is_list, is_text, is_uint
from verify.errors import Malformed

_MAX_KEYS = const(8)
_MAX_NAME_BYTES = const(32)


def read(body, held):
    """[(kid, key, from), ...]. Arguments: as of CollectionKeys.from_body. Raises Malformed."""
    if not isinstance(body, list) or not 1 <= len(body) <= _MAX_KEYS:
        raise Malformed
    return [_row(row, held) for row in body]


def _row(row, held):
    if not is_list(row, 4):
        raise Malformed
    kid, key, start, name = row
    if not is_bytes(kid, 8) or not is_bytes(key, 32):
        raise Malformed
    if not is_uint(start) or not is_text(name, 0, _MAX_NAME_BYTES):
        raise Malformed
    if not held and _has_small_order(key):
        raise Malformed
    return kid, key, start


def _has_small_order(key):
    rooms.X25519.enter()
    from crypto.x25519 import x25519

    # Any scalar tells: only with those keys zero comes out (RFC 7748 section 6.1).
    return x25519(bytes(32), key) == bytes(32)
