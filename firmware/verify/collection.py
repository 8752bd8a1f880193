"""The list of collection keys: to whom the journal is sealed (docs/signed-objects.md)."""

from micropython import const
from system import rooms

from verify.cbor import is_bytes, is_list, is_text, is_uint
from verify.errors import Malformed

_MAX_KEYS = const(8)
_MAX_NAME_BYTES = const(32)


class CollectionKeys:
    """Several keys over time.

    body: array of [kid 8, X25519 key 32, from, name]. held: it was checked when it was installed.
    Raises Malformed.
    """

    def __init__(self, body, held=False):
        if not isinstance(body, list) or not 1 <= len(body) <= _MAX_KEYS:
            raise Malformed
        self._rows = [_row(row, held) for row in body]

    def at(self, unix_s):
        """(kid, key) of the key that began last, at this time; None before all of them."""
        newest = None
        for kid, key, start in self._rows:
            if start <= unix_s and (newest is None or start >= newest[2]):
                newest = (kid, key, start)
        return newest and newest[:2]


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
    rooms.EPOCH.enter()
    from crypto.x25519 import x25519

    # Any scalar tells: only with those keys zero comes out (RFC 7748 section 6.1).
    return x25519(bytes(32), key) == bytes(32)
