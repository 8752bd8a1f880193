"""SHA-512 (FIPS 180-4, RFC 6234), which the chip's hashlib lacks."""

import micropython
from micropython import const

from verify.sha512_block import START, STATE_BYTES, K, expand, rounds

_BLOCK_BYTES = const(128)
# Byte offsets in _words of a_0, e_0 and w_0: words run downwards from there
_A = const(640)
_E = const(1312)
_W = const(1984)

_words = bytearray(STATE_BYTES)
_hash = bytearray(64)
_block = bytearray(_BLOCK_BYTES)


@micropython.viper
def _load(words: ptr16, block: ptr8, hash: ptr16):
    """The block becomes words 0 to 15 of the schedule, the hash becomes a to h."""
    t = 0
    while t < 16:
        i = 0
        while i < 4:
            at = 8 * t + 6 - 2 * i
            words[992 - 4 * t + i] = (block[at] << 8) | block[at + 1]
            i += 1
        t += 1
    i = 0
    while i < 16:
        words[320 + i] = hash[i]
        words[656 + i] = hash[16 + i]
        i += 1


@micropython.viper
def _accumulate(words: ptr16, hash: ptr16):
    """Adds what the rounds left in a to h to the hash."""
    word = 0
    while word < 8:
        carry = 0
        at = 4 * word
        if word > 3:
            at += 320  # e lies 336 half words above a
        i = 0
        while i < 4:
            carry += hash[4 * word + i] + words[at + i]
            hash[4 * word + i] = carry & 65535
            carry = carry >> 16
            i += 1
        word += 1


def _compress():
    _load(_words, _block, _hash)
    expand(0, _words)
    rounds(0, _words, K)
    _accumulate(_words, _hash)


def digest_into(out, *parts):
    """Writes the 64-byte SHA-512 digest of the byte strings, one after the other, to `out`.

    What was hashed last stays in this module's buffers until `clear`.
    """
    _hash[:] = START
    filled = 0
    size = 0
    for part in parts:
        size += len(part)
        at = 0
        while len(part) - at >= _BLOCK_BYTES - filled:
            _block[filled:] = part[at : at + _BLOCK_BYTES - filled]
            at += _BLOCK_BYTES - filled
            filled = 0
            _compress()
        rest = len(part) - at
        _block[filled : filled + rest] = part[at:] if at else part
        filled += rest
    _block[filled] = 0x80
    filled += 1
    if filled > 112:
        for i in range(filled, _BLOCK_BYTES):
            _block[i] = 0
        _compress()
        filled = 0
    for i in range(filled, 120):
        _block[i] = 0
    size <<= 3
    for i in range(8):
        _block[127 - i] = size >> 8 * i & 255
    _compress()
    for word in range(8):
        for i in range(8):
            out[8 * word + i] = _hash[8 * word + 7 - i]


def sha512(*parts):
    """The 64-byte SHA-512 digest of the byte strings in `parts`, one after the other."""
    out = bytearray(64)
    digest_into(out, *parts)
    return bytes(out)


def clear():
    """Forgets what was hashed."""
    for buffer in (_words, _hash, _block):
        for i in range(len(buffer)):
            buffer[i] = 0
