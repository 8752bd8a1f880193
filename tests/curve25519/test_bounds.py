"""No intermediate value passes 31 bits and a sign, for any input: proved by interval arithmetic.

The induction: every slot is within BOUNDS when a routine begins; then nothing overflows in it, and
every slot is within BOUNDS when it ends. `unpack`, which writes limbs of 13 bits, starts it.
"""

import pytest
from crypto import field, limbs, rows, scalars
from intervals import Interval, interval, run

from tools.curve25519 import programs
from tools.curve25519.generate_field import operations

LIMB = 8191
# The carry that comes round from the top ends in limb 2
BOUNDS = [LIMB, LIMB, LIMB + 4] + [LIMB] * 17
SLOTS = 24
TABLE = SLOTS  # four slots, where q points in these tests
ROW = SLOTS + 4  # 60 limbs; the parts overlap here, where a limb takes a word, which is no matter


def memory():
    words = [Interval(0, bound) for _ in range(SLOTS + 4) for bound in BOUNDS]
    return words + [Interval(0, LIMB)] * 60


def without_swaps(code):
    """SWAP only exchanges values of the same bounds; test_swap is about it."""
    names = [name for name, _, _ in operations()]
    sizes = {"SUM": 3, "MUL": 3, "SQUARE": 4, "SCALE": 3}
    at = 0
    kept = b""
    while at < len(code):
        size = sizes.get(names[code[at]], 2)
        if names[code[at]] != "SWAP":
            kept += code[at : at + size]
        at += size
    return kept


@pytest.mark.parametrize("name", programs.ROUTINES)
def test_routine(name):
    program = bytes((0, 0)) + without_swaps(bytes(programs.ROUTINES[name]))
    words = memory()
    q = ROW if "_ROW" in name else TABLE
    run(field.run, 0, words, program, [2, 80 * q, 0, 0])
    for i, value in enumerate(words[: 20 * ROW]):
        assert interval(value).within(0, BOUNDS[i % 20]), (i // 20, i % 20, value)


def test_swap():
    for q in (0, 1):
        words = list(range(80, 160)) + list(range(8000, 8100))
        before = list(words)
        run(field.run, 0, words, bytes((0, 0, programs.SWAP, 1, 0, 0)), [2, q, 0, 0])
        first, second = before[20:60], before[60:100]
        assert words[20:100] == (second + first if q else first + second)
        assert words[:20] + words[100:] == before[:20] + before[100:]


def test_the_bounds_are_not_far_from_what_fits():
    Interval.widest = 0
    program = bytes((0, 0, programs.LOAD, 1, programs.MUL, 1, 2, 0, 0))
    run(field.run, 0, memory(), program, [2, 0, 0, 0])
    assert Interval.widest > 1 << 30


def test_limbs_that_are_too_wide_are_noticed():
    words = [Interval(0, 2 * LIMB)] * (20 * SLOTS)
    with pytest.raises(OverflowError):
        run(field.run, 0, words, bytes((0, 0, programs.SQUARE, 1, 2, 1, 0, 0)), [2, 0, 0, 0])


def test_freeze():
    words = [Interval(0, bound) for bound in BOUNDS]
    run(limbs.freeze, words, 0)
    # the rest of the argument is about the number, not its limbs: see docs/curve25519.md
    assert all(interval(value).within(0, LIMB) for value in words[:19])


def test_pack_and_unpack():
    words = [Interval(0, LIMB)] * 40
    out = [0] * 64
    run(limbs.pack, words, 0, out)
    assert all(value.within(0, 255) for value in out[:32])
    for size in (32, 64):
        words = [0] * 40
        run(limbs.unpack, words, 0, [Interval(0, 255)] * 64, size)
        assert all(interval(value).within(0, LIMB) for value in words)


class Below2L(list):
    """Scalar words: the result is below 2 L when a step ends, so its top limb is below 2^7.

    That a step keeps it so is an argument about numbers, in `_reduce` itself.
    """

    def __setitem__(self, index, value):
        value = interval(value)
        if index == 39:
            value = Interval(value.low, min(value.high, 127))
        super().__setitem__(index, value)


L_LIMBS = [(2**252 + 27742317777372353535851937790883648493) >> 13 * i & LIMB for i in range(20)]


@pytest.mark.parametrize("function", ["_reduce", "_multiply_add", "_make_odd"])
def test_scalars(function):
    words = Below2L(L_LIMBS + [Interval(0, LIMB)] * 100)
    words[39] = Interval(0, 127)
    run(getattr(scalars, function), words)
    assert all(interval(value).within(0, LIMB) for value in words)


@pytest.mark.parametrize("minus", [0, -1])
def test_negative_of_a_row(minus):
    """What `rows.pick` does to part 2 of a row, one limb after the other."""
    carry = interval(-607 & minus)
    for _ in range(20):
        carry += (LIMB & minus) + (Interval(0, LIMB) ^ minus) - minus
        assert (carry & LIMB).within(0, LIMB)
        carry = carry >> 13
        assert carry.within(-1, 1)


def test_the_copied_statement_is_the_one_in_rows():
    import inspect

    text = inspect.getsource(rows)
    assert "acc += (8191 & minus) + (row[40 + i] ^ minus) - minus" in text
