"""Integers modulo L, the order of the base point (RFC 8032 section 5.1), in constant time.

L = 2^252 + 27742317777372353535851937790883648493. Limbs of 13 bits, as in crypto/field.py; stored
limbs are never negative, running sums may be. docs/curve25519.md has the bounds.
"""

import micropython
from micropython import const

from crypto.limbs import NOUGHT, move, pack, unpack, zero

L_BYTES = (
    b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14"
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10"
)
_L = const(0)  # word offsets in _words
_RESULT = const(20)
_WIDE = const(40)  # 40 limbs
_LEFT = const(80)
_RIGHT = const(100)

_words = bytearray(480)
unpack(_words, _L, L_BYTES, 32)


@micropython.viper
def _reduce(words: ptr32):
    """The 40 limbs at _WIDE modulo L, at _RESULT: Horner's rule, a limb a step.

    It begins with the highest 19 limbs as they are. Before each step the result r is below 2 L.
    v = 2^13 r + limb; t = v >> 252 is v / L rounded down, or one or two more; so v - (t - 1) L lies
    between 0 and 2 L again: no test is needed.
    """
    i = 20
    while i < 39:
        words[i] = words[41 + i]
        i += 1
    words[39] = 0
    k = 60
    while k >= 40:
        t = (words[39] << 8) + (words[38] >> 5) - 1
        carry = 0
        below = words[k]
        i = 0
        while i < 20:
            carry += below - t * words[i]
            below = words[20 + i]
            words[20 + i] = carry & 8191
            carry = carry >> 13
            i += 1
        k -= 1
    # once more less L, if that is not negative
    carry = 0
    i = 0
    while i < 20:
        carry = (carry + words[20 + i] - words[i]) >> 13
        i += 1
    keep = -1 - carry
    carry = 0
    i = 0
    while i < 20:
        carry += words[20 + i] - (words[i] & keep)
        words[20 + i] = carry & 8191
        carry = carry >> 13
        i += 1


@micropython.viper
def _multiply_add(words: ptr32):
    """Left times right plus result, at _WIDE."""
    carry = 0
    k = 0
    while k < 40:
        i = 0
        end = k + 1
        if k > 19:
            i = k - 19
            end = 20
        else:
            carry += words[20 + k]
        while i < end:
            carry += words[80 + i] * words[100 + k - i]
            i += 1
        words[40 + k] = carry & 8191
        carry = carry >> 13
        k += 1


@micropython.viper
def _make_odd(words: ptr32):
    """Adds L to the result if it is even."""
    keep = (words[20] & 1) - 1
    carry = 0
    i = 0
    while i < 20:
        carry += words[20 + i] + (words[i] & keep)
        words[20 + i] = carry & 8191
        carry = carry >> 13
        i += 1


def is_below_order(number):
    """True if the little-endian number of 32 bytes is below L."""
    for at in range(31, -1, -1):
        if number[at] != L_BYTES[at]:
            return number[at] < L_BYTES[at]
    return False


def reduce(data, out):
    """Writes the little-endian number in `data` (32 or 64 bytes) modulo L into `out` (32 bytes)."""
    if len(data) == 32:
        unpack(_words, _WIDE + 20, NOUGHT, 32)
    unpack(_words, _WIDE, data, len(data))
    _reduce(_words)
    pack(_words, _RESULT, out)


def take(number, out):
    """As `reduce` of a number of 32 bytes that is below L."""
    unpack(_words, _RESULT, number, 32)
    move(out, 0, number, 0, 32)


def make_odd(out):
    """What reduce, take or multiply_add has just written becomes the odd one of it and it + L.

    The sum is below 2^254 and, for a point of order L, as good a scalar.
    """
    _make_odd(_words)
    pack(_words, _RESULT, out)


def multiply_add(a, b, c, out):
    """Writes (a b + c) modulo L into `out`; all are 32 bytes, little-endian, any value."""
    unpack(_words, _LEFT, a, 32)
    unpack(_words, _RIGHT, b, 32)
    unpack(_words, _RESULT, c, 32)
    _multiply_add(_words)
    _reduce(_words)
    pack(_words, _RESULT, out)


def clear():
    """Forgets the last operands."""
    zero(_words, 0, len(_words))
    unpack(_words, _L, L_BYTES, 32)
