"""From scalars to scripts: which point is added when, as pairs for `field.run`.

Two ways to cut a scalar, both signed, so that a table needs half the points:
- windows: odd digits of five bits with gaps, for a point whose table is made on the fly;
- a comb: bit i stands for 2^i or -2^i, and eight bits spread over the scalar pick a
  row of a table prepared before (Lim and Lee 1994, in the signed form of Hamburg 2012).
Both branch on the digits: for public scalars only. Secret ones have `ladder_script` here, and
`pick` in rows.py: they are here for their machine code, which stays, while who uses them may not.
"""

import micropython
from micropython import const

from crypto.limbs import move

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_TABLES = const(1920)
_TABLE_BYTES = const(2560)
_ENTRY_BYTES = const(320)
_ROWS = const(7040)
_ROW_BYTES = const(128)
_FROM_IDENTITY = const(16384)
_DOUBLE = const(2)
_DOUBLE_T = const(54)
_ADD = const(109)
_SUBTRACT = const(168)
_ADD_T = const(222)
_SUBTRACT_T = const(284)
_ADD_ROW = const(341)
_SUBTRACT_ROW = const(398)
_ADD_ROW_T = const(450)
_SUBTRACT_ROW_T = const(510)
_IDENTITY = const(1022)
_LADDER = const(1038)

# What a plan is made from, one buffer: windows of two scalars, bits of two combs
_DIGITS = const(256)  # of each of two scalars; a byte each, plus 16: 16 is none
_NONE = const(16)
_BITS = const(512)
_BITS_BYTES = const(40)
_COLUMNS = const(32)  # of a comb; also how far apart the eight bits are that pick a row
_TEETH = const(8)


@micropython.viper
def windows(plan: ptr8, at: int, scalar: ptr8, size: int) -> int:
    """Writes at `at` the digits of a scalar below 2^253, `size` bytes and a zero after them.

    Returns the place of the highest digit that is not 0.
    """
    top = 0
    i = 0
    while i < _DIGITS:
        plan[at + i] = _NONE
        i += 1
    i = 0
    carry = 0
    end = size * 8
    while i <= end:
        byte = i >> 3
        if ((scalar[byte] >> (i & 7)) & 1) == carry:
            i += 1
        else:
            digit = scalar[byte]
            if byte < size:
                digit = digit | (scalar[byte + 1] << 8)
            digit = ((digit >> (i & 7)) & 31) + carry
            carry = 0
            if digit > 15:
                digit -= 32
                carry = 1
            plan[at + i] = digit + _NONE
            top = i
            i += 5
    return top


def comb_bits(plan, comb, scalar):
    """Lays out an odd scalar, 32 bytes and below 2^254, for rows of comb 0 or 1."""
    at = _BITS + _BITS_BYTES * comb
    move(plan, at, scalar, 0, 32)
    plan[at + 32] = 1


def last_column(column, combs):
    """The last of the columns, from `column` down, that fit one script and the rows beside it."""
    if not combs:
        return max(column - 31, 0)
    if column >= _COLUMNS:  # there are no rows above
        return max(column - 31, _COLUMNS)
    return max(column - 15 // combs, 0)


@micropython.viper
def write_script(script: ptr16, plan: ptr8, picks: ptr8, span: int):
    """Writes the script for some columns; picks[n] is the number of the row to be read as row n.

    `span`: first column << 16 | last column (not above it) | what is in use, by the names of PLANS
    in tools/curve25519/programs.py.
    Each column begins with a doubling. T is made only where an addition is to use it.
    """
    column = span >> 16
    last = span & 255
    at = 0
    rows = 0
    while column >= last:
        adds = 0
        if column < _COLUMNS:
            adds = (span >> 8) & 3
        tables = (span >> 12) & 3
        while tables:
            tables -= 1
            if plan[_DIGITS * tables + column] != _NONE:
                adds += 1
        script[at] = _DOUBLE_T if adds else _DOUBLE
        if at == 0:
            if span & _FROM_IDENTITY:
                script[at] = _IDENTITY
        script[at + 1] = 0
        at += 2
        tables = (span >> 12) & 3
        while tables:
            tables -= 1
            digit = plan[_DIGITS * tables + column] - _NONE
            if digit != 0:
                adds -= 1
                if digit > 0:
                    script[at] = _ADD_T if adds else _ADD
                else:
                    script[at] = _SUBTRACT_T if adds else _SUBTRACT
                    digit = 0 - digit
                script[at + 1] = _TABLES + _TABLE_BYTES * tables + _ENTRY_BYTES * (digit >> 1)
                at += 2
        comb = 0
        while adds:
            adds -= 1
            picked = 0
            tooth = 0
            i = column + 1  # bit 0 of an odd number is always set: digit i is bit i + 1
            bits = _BITS + _BITS_BYTES * comb
            while tooth < _TEETH:
                picked = picked | (((plan[bits + (i >> 3)] >> (i & 7)) & 1) << tooth)
                i += _COLUMNS
                tooth += 1
            if picked & 128:
                script[at] = _ADD_ROW_T if adds else _ADD_ROW
            else:
                script[at] = _SUBTRACT_ROW_T if adds else _SUBTRACT_ROW
                picked = picked ^ 255
            script[at + 1] = _ROWS + _ROW_BYTES * rows
            at += 2
            picks[rows] = picked & 127
            rows += 1
            comb += 1
        column -= 1
    script[at] = 0


@micropython.viper
def ladder_script(script: ptr16, scalar: ptr8, top: int):
    """For x25519.py: the steps of the ladder for bits `top` to top - 50 of a secret scalar.

    q tells if a bit differs from the one above.
    """
    i = 0
    above = 0
    if top < 254:
        above = (scalar[(top + 1) >> 3] >> ((top + 1) & 7)) & 1
    while i < 51:
        bit = (scalar[top >> 3] >> (top & 7)) & 1
        script[2 * i] = _LADDER
        script[2 * i + 1] = bit ^ above
        above = bit
        top -= 1
        i += 1
    script[2 * i] = 0
