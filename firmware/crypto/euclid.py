"""Euclid's algorithm on limbs of 13 bits, for public numbers: its time depends on them.

With N > a, the remainders r = N, a, ... come with cofactors t = 0, 1, ... of alternating sign such
that r = +-t a (mod N). Run to the end this inverts modulo a prime; stopped half-way it writes a as
a quotient of two numbers of half the length (crypto/ed25519.py says what that is good for).
"""

import micropython
from micropython import const

from crypto.limbs import move, pack, unpack, zero

# Word offsets in _words. Each number has 22 limbs, and before them two words that stay zero.
_R = const(2)  # the remainders: one here, the other 24 words on
_T = const(50)  # their cofactors, likewise
_OTHER = const(24)
_HALF_LIMBS = const(10)

_EIGHT_L = (
    b"\x68\x9f\xae\xe7\xd2\x18\x93\xc0\xb2\xe6\xbc\x17\xf5\xce\xf7\xa6"
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
)
_P = b"\xed" + b"\xff" * 30 + b"\x7f"
_words = bytearray(4 * 98)


@micropython.viper
def _run(carry: int, words: ptr32, stop: int) -> int:
    """Runs until the smaller remainder has at most `stop` limbs and, unless that is 0, an odd t.

    Returns how often the two have changed places, which decides where they are and t's signs.
    """
    ra = 2
    rb = 26
    n = 21  # place of the highest limb of the larger one, which is at ra, with t at ra + 48
    m = 21
    swaps = 0
    while True:
        while n >= 0:
            if words[ra + n]:
                break
            n -= 1
        while m >= 0:
            if words[rb + m]:
                break
            m -= 1
        quotient = 0
        shift = 0
        if n >= m:
            if m < stop:
                if stop == 0:
                    break
                if words[rb + 48] & 1:
                    break
            shift = n - m
            # 29 bits from the top decide. This is never too much; too little costs another turn.
            top = (words[ra + n] << 16) | (words[ra + n - 1] << 3) | (words[ra + n - 2] >> 10)
            while True:
                at = rb + n - shift
                other = (words[at] << 16) | (words[at - 1] << 3) | (words[at - 2] >> 10)
                quotient = top // (other + 1)
                if quotient:
                    break
                if shift == 0:
                    break
                shift -= 1
            if quotient == 0:
                if n == m:
                    # the same in the highest 29 bits: one fits at most
                    i = n
                    while i > 0:
                        if words[ra + i] != words[rb + i]:
                            break
                        i -= 1
                    if words[ra + i] >= words[rb + i]:
                        quotient = 1
                else:
                    quotient = 1
        if quotient == 0:
            i = ra
            ra = rb
            rb = i
            i = n
            n = m
            m = i
            swaps += 1
            continue
        if quotient > 65535:
            quotient = 65535
        carry = 0
        i = ra + shift
        at = rb
        end = ra + n
        while i <= end:
            carry = words[i] - words[at] * quotient + carry
            words[i] = carry & 8191
            carry = carry >> 13
            i += 1
            at += 1
        # the next t times this r is at most N, which is below 2^256: so many limbs has t
        i = ra + 48 + shift
        at = rb + 48
        end = ra + 68 - m
        while i <= end:
            carry = words[at] * quotient + carry + words[i]
            words[i] = carry & 8191
            carry = carry >> 13
            i += 1
            at += 1
    return swaps


def invert(words, source, to):
    """Writes the inverse modulo p of the least residue at word `source`, not 0, to word `to`.

    Or its negative: True if it is that.
    """
    _start(_P)
    source *= 4
    move(_words, 4 * (_R + _OTHER), words, source, 80)
    swaps = _run(0, _words, 0) & 1
    source = 4 * (_T + _OTHER * swaps)  # of the larger remainder, so below p
    move(words, 4 * to, _words, source, 80)
    return swaps == 0


def _start(number):
    """The first remainder is the number of 32 bytes, the second cofactor 1; the others are 0."""
    zero(_words, 0, len(_words))
    unpack(_words, _R, number, 32)
    _words[4 * (_T + _OTHER)] = 1


def _fits(number):
    """True if the number of 32 bytes is below 2^144."""
    for at in range(18, 32):
        if number[at]:
            return False
    return True


def halve(scalar, u, v):
    """Writes u and v, v odd, both usually below 2^135, with u = scalar v or -scalar v (mod 8 L).

    scalar: 32 bytes, little-endian, not 0, below L; u, v: buffers of 32 bytes. Returns 1 or -1, the
    sign, or 0 if they are longer than 144 bits, which nobody can be made to meet by chance.
    """
    _start(_EIGHT_L)
    unpack(_words, _R + _OTHER, scalar, 32)
    swaps = _run(0, _words, _HALF_LIMBS)
    second = 0 if swaps & 1 else _OTHER
    pack(_words, _R + second, u)
    pack(_words, _T + second, v)
    if not _fits(u) or not _fits(v):
        return 0
    return -1 if swaps & 1 else 1
