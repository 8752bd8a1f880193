"""Points of edwards25519: the buffer they live in, and what takes more than one routine.

The routines themselves are in tools/curve25519/programs.py, the arithmetic in crypto/field.py.
"""

import micropython
from micropython import const

from crypto import euclid
from crypto.field import PROGRAM, run
from crypto.limbs import NOUGHT, freeze, move, pack, unpack, zero
from crypto.workspace import work

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_X = const(1)
_Y = const(2)
_Z = const(3)
_B = const(6)
_U = const(11)
_V = const(12)
_W = const(13)
_SLOT_BYTES = const(80)
_TABLES = const(1920)
_TABLE_BYTES = const(2560)
_ENTRY_BYTES = const(320)
_DOUBLE_T = const(54)
_ADD_T = const(222)
_SUBTRACT_T = const(284)
_CACHE = const(565)
_TAKE_ROOT = const(718)
_TURN = const(882)
_AFFINE = const(894)
_EXTEND = const(953)
_CURVE = const(965)
_NEGATE = const(997)
_NEGATE_W = const(1013)

_MAX_STEPS = const(128)

script = bytearray(4 * (_MAX_STEPS + 1))

# D, D2, ROOT, HALF, slots 16 to 19: d, 2 d, the square root of -1, 1 / 2
_CONSTANTS = (
    b"\xa3\x78\x59\x13\xca\x4d\xeb\x75\xab\xd8\x41\x41\x4d\x0a\x70\x00"
    b"\x98\xe8\x79\x77\x79\x40\xc7\x8c\x73\xfe\x6f\x2b\xee\x6c\x03\x52"
    b"\x59\xf1\xb2\x26\x94\x9b\xd6\xeb\x56\xb1\x83\x82\x9a\x14\xe0\x00"
    b"\x30\xd1\xf3\xee\xf2\x80\x8e\x19\xe7\xfc\xdf\x56\xdc\xd9\x06\x24"
    b"\xb0\xa0\x0e\x4a\x27\x1b\xee\xc4\x78\xe4\x2f\xad\x06\x18\x43\x2f"
    b"\xa7\xd7\xfb\x3d\x99\x00\x4d\x2b\x0b\xdf\xc1\x4f\x80\x24\x83\x2b"
    b"\xf7\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x3f"
)
work[15 * _SLOT_BYTES] = 1  # ONE; before it is ZERO
for _a in range(4):
    unpack(work, 20 * (16 + _a), _CONSTANTS[32 * _a : 32 * _a + 32], 32)

BASE = b"\x58" + b"\x66" * 31  # the base point's encoding
# The y of the points whose order divides 8 (their x is 0, a square root of -1, or one of +-x of the
# last two), canonical, without the sign bit; in one piece, for machine code reaches 16 constants
# with its shortest instruction, and its own comes last
_SMALL_ORDER_Y = (
    b"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
    b"\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05"
    b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
    b"\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a"
)
_a = bytearray(32)
_b = bytearray(32)


@micropython.viper
def _put(script: ptr16, step: int, start: int, q: int):
    script[2 * step] = start
    script[2 * step + 1] = q
    script[2 * step + 2] = 0


def put_script(step, start, q):
    """Sets step `step` of the script, its last: the routine at `start`, with `q` in bytes."""
    _put(script, step, start, q)


def routine(start, q=0):
    """Runs one routine; `q` is its offset in bytes."""
    _put(script, 0, start, q)
    run(0, work, PROGRAM, script)


def run_script():
    """Runs what is in `script`."""
    run(0, work, PROGRAM, script)


def take(slot, data):
    """Sets a slot to the little-endian number in 32 bytes, less its highest bit."""
    unpack(work, 20 * slot, data, 32)
    work[_SLOT_BYTES * slot + 77] &= 0xFE  # bit 255 is bit 8 of the last limb


def give(slot, out):
    """Writes a slot's least residue as 32 bytes, little-endian."""
    freeze(work, 20 * slot)
    pack(work, 20 * slot, out)


def has_small_order(encoded):
    """True if these 32 bytes are the y of a point whose order divides 8, with either sign."""
    for start in range(0, len(_SMALL_ORDER_Y), 32):
        at = 0
        while at < 31 and encoded[at] == _SMALL_ORDER_Y[start + at]:
            at += 1
        if at == 31 and encoded[31] & 0x7F == _SMALL_ORDER_Y[start + 31]:
            return True
    return False


def is_canonical(encoded):
    """True if the 32 bytes, less the highest bit, are below 2^255 - 19."""
    if encoded[31] & 0x7F != 0x7F or encoded[0] < 0xED:
        return True
    for i in range(1, 31):
        if encoded[i] != 0xFF:
            return True
    return False


def decode(encoded):
    """RFC 8032 section 5.1.3: sets _X, _Y, _Z, T to the point of 32 bytes. False if there is none.

    Not in constant time: what is decoded is public.
    """
    if not is_canonical(encoded):  # step 1
        return False
    take(_Y, encoded)
    routine(_TAKE_ROOT)  # step 2; step 3: v x^2 is in _B, u in U
    give(_B, _a)
    give(_U, _b)
    if _a != _b:
        copy(_W, _U, 1)
        routine(_NEGATE_W)
        give(_W, _b)
        if _a != _b:
            return False
        routine(_TURN)
    give(_X, _a)  # step 4
    sign = encoded[31] >> 7
    if sign and _a == NOUGHT:
        return False
    routine(_EXTEND)
    if _a[0] & 1 != sign:
        routine(_NEGATE)
    return True


def to_affine():
    """X = X / Z and Y = Y / Z; T is left as it was. Not in constant time: for public points."""
    freeze(work, 20 * _Z)
    if euclid.invert(work, 20 * _Z, 20 * _W):
        routine(_NEGATE_W)
    routine(_AFFINE)


def encode_public(out):
    """Writes the 32-byte encoding of the point to `out`. Not in constant time."""
    to_affine()
    encode_affine(out)


def encode_affine(out):
    """Writes the 32-byte encoding of the point, Z being 1, to `out` (RFC 8032 section 5.1.2)."""
    give(_X, _a)
    give(_Y, out)
    out[31] |= (_a[0] & 1) << 7


def copy(to, source, count):
    """Slots `source` and after become slots `to` and after."""
    move(work, _SLOT_BYTES * to, work, _SLOT_BYTES * source, _SLOT_BYTES * count)


def make_table(number):
    """Table `number`, 0 or 1, becomes 1, 3, 5, ... 15 times the point, which is lost."""
    at = _TABLES + _TABLE_BYTES * number
    routine(_CACHE, at)
    routine(_DOUBLE_T)
    twice = at + 7 * _ENTRY_BYTES  # for a moment, where the last entry will be
    routine(_CACHE, twice)
    # 2 P - P is P again
    routine(_SUBTRACT_T, at)
    for _ in range(7):
        routine(_ADD_T, twice)
        at += _ENTRY_BYTES
        routine(_CACHE, at)


def clear():
    """Overwrites the script, and the slots that a computation leaves something in: 0 to 13."""
    zero(work, 0, 14 * _SLOT_BYTES)
    zero(script, 0, len(script))


def is_identity():
    """True if the point is (0, 1). All zeros, which damaged rows can lead to, are no point."""
    give(_X, _a)
    give(_Y, _b)
    if _a != NOUGHT or _b == NOUGHT:
        return False
    give(_Z, _a)
    return _a == _b


def is_on_curve():
    """True if (X, Y), Z being 1, is on the curve: after additions of rows that were damaged."""
    routine(_CURVE)
    give(_U, _a)
    give(_V, _b)
    return _a == _b
