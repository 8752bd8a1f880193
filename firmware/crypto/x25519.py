"""X25519 (RFC 7748 section 5): the Montgomery ladder, one routine per bit.

The scalar is secret: its bits only ever become the q of the ladder's SWAP, which uses it as a mask.
"""

from micropython import const

from crypto import plans, points
from crypto.limbs import zero

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_X = const(1)
_U = const(11)
_INVERT = const(617)
_SWAP_LAST = const(1120)
_LADDER_START = const(1129)
_TIMES_W = const(1145)

_scalar = bytearray(32)
_BASE_U = b"\x09" + bytes(31)


def x25519(k, u):
    """The 32-byte shared value of the 32-byte scalar `k` and the 32-byte coordinate `u`.

    Raises ValueError on other lengths. All zeros come out if `u` is of small order: the caller
    refuses that where RFC 7748 section 6.1 asks for it.
    """
    if len(k) != 32 or len(u) != 32:
        raise ValueError
    _scalar[:] = k
    _scalar[0] &= 0xF8
    _scalar[31] = _scalar[31] & 0x7F | 0x40
    points.take(_U, u)
    points.routine(_LADDER_START)
    for top in range(254, -1, -51):
        plans.ladder_script(points.script, _scalar, top)
        points.run_script()
    points.routine(_SWAP_LAST, _scalar[0] & 1)
    points.routine(_INVERT)
    points.routine(_TIMES_W)
    out = bytearray(32)
    points.give(_X, out)
    zero(_scalar, 0, 32)
    points.clear()
    shared = bytes(out)
    zero(out, 0, 32)
    return shared


def public_key(k):
    """The 32-byte public key of the 32-byte private key `k`."""
    return x25519(k, _BASE_U)
