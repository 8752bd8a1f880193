"""The list of collection keys: which is used when, and what no list may hold."""

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from crypto.x25519 import public_key
from verify.collection import CollectionKeys
from verify.errors import Malformed

OLD = public_key(b"\x11" * 32)
NEW = public_key(b"\x22" * 32)
ROWS = [[b"old-key.", OLD, 1000, "old"], [b"new-key.", NEW, 2000, "new"]]


def test_the_key_that_began_last_is_used():
    for rows in (ROWS, ROWS[::-1]):
        keys = CollectionKeys.from_body(rows)
        assert keys.at(999) is None
        assert keys.at(1000) == (b"old-key.", OLD)
        assert keys.at(1999) == (b"old-key.", OLD)
        assert keys.at(2000) == (b"new-key.", NEW)


def test_bad_lists_are_refused():
    good = ROWS[0]
    for body in (
        [],
        {},
        [good] * 9,
        [good[:3]],
        [[b"short", OLD, 1, ""]],
        [[b"old-key.", OLD[:31], 1, ""]],
        [[b"old-key.", OLD, -1, ""]],
        [[b"old-key.", OLD, True, ""]],
        [[b"old-key.", OLD, 1, "x" * 33]],
        [[b"old-key.", OLD, 1, None]],
        [[b"old-key.", bytes(32), 1, ""]],  # of small order, RFC 7748 section 6.1
        [[b"old-key.", b"\x01" + bytes(31), 1, ""]],
    ):
        try:
            CollectionKeys.from_body(body)
        except Malformed:
            continue
        raise AssertionError(body)
