"""Between bytes and limbs of 13 bits; bytes moved and overwritten. Loops over memory, all of it.

No branch and no address depends on the values.

Elements are kept 20 words each, least significant limb first, in a `bytearray` taken as words.
"""

import micropython

NOUGHT = bytes(32)


@micropython.viper
def unpack(words: ptr32, at: int, data: ptr8, size: int):
    """Writes the little-endian number in `size` bytes (32 or 64) as 20 or 40 limbs at word `at`."""
    end = at + 20
    if size > 32:
        end = at + 40
    pending = 0
    bits = 0
    i = 0
    while at < end:
        while bits < 13:
            if i < size:
                pending = pending | (data[i] << bits)
            i += 1
            bits += 8
        words[at] = pending & 8191
        pending = pending >> 13
        bits -= 13
        at += 1


@micropython.viper
def pack(words: ptr32, at: int, out: ptr8):
    """Writes the 20 limbs of 13 bits at word `at`, a number below 2^256, as 32 bytes."""
    pending = 0
    bits = 0
    i = 0
    while i < 32:
        while bits < 8:
            pending = pending | (words[at] << bits)
            at += 1
            bits += 13
        out[i] = pending & 255
        pending = pending >> 8
        bits -= 8
        i += 1


@micropython.viper
def freeze(words: ptr32, at: int):
    """Takes the element at word `at`, of limbs of at most 2^14, to its least residue, in place."""
    top = at + 19
    turn = 0
    # twice: what is above 2^255 comes back 19-fold
    while turn < 2:
        carry = 19 * (words[top] >> 8)
        words[top] = words[top] & 255
        i = at
        while i < top:
            carry += words[i]
            words[i] = carry & 8191
            carry = carry >> 13
            i += 1
        words[top] = words[top] + carry
        turn += 1
    # below 2^255 now; p or more, if and only if adding 19 reaches 2^255
    carry = 19
    i = at
    while i < top:
        carry = (carry + words[i]) >> 13
        i += 1
    carry = 19 * ((words[top] + carry) >> 8)
    i = at
    while i < top:
        carry += words[i]
        words[i] = carry & 8191
        carry = carry >> 13
        i += 1
    words[top] = (words[top] + carry) & 255


@micropython.viper
def move(to: ptr8, to_at: int, source: ptr8, at: int, count: int):
    """Copies bytes `at` and after of one buffer to `to_at` and after of another, or lower down."""
    while count:
        to[to_at] = source[at]
        to_at += 1
        at += 1
        count -= 1


@micropython.viper
def zero(buffer: ptr8, at: int, end: int):
    """Overwrites the bytes from `at` to before `end` of a buffer that may have held a secret."""
    while at < end:
        buffer[at] = 0
        at += 1
