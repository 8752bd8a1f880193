"""SHA-512 (FIPS 180-4, RFC 6234), which the chip's hashlib lacks."""

import micropython
from micropython import const

from crypto.limbs import move, zero
from crypto.sha512_block import START, STATE_BYTES, K, expand, rounds
from crypto.workspace import tables

_BLOCK_BYTES = const(128)
_LENGTH_AT = const(112)  # in the last block: 16 bytes
_DIGEST_BYTES = const(64)
# Byte offsets in _words of a_0, e_0 and w_0: words run downwards from there
_A = const(640)
_E = const(1312)
_W = const(1984)

_words = tables[:STATE_BYTES]  # nothing is in it but while a block is compressed
_hash = bytearray(_DIGEST_BYTES)
_block = bytearray(_BLOCK_BYTES)
_size = _filled = 0  # bytes, of all and in _block


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


@micropython.viper
def _swap(out: ptr8, hash: ptr8):
    """The hash's words of eight bytes, most significant first."""
    i = 0
    while i < 64:
        out[i] = hash[i ^ 7]
        i += 1


def _compress():
    _load(_words, _block, _hash)
    expand(0, _words)
    rounds(0, _words, K)
    _accumulate(_words, _hash)


def start():
    """Begins a digest. There is one at a time; what it takes is made once."""
    global _size, _filled
    move(_hash, 0, START, 0, _DIGEST_BYTES)
    _size = _filled = 0


def add(data, at, end):
    """Hashes the bytes from `at` to before `end` of `data`."""
    global _size, _filled
    _size += end - at
    while end - at >= _BLOCK_BYTES - _filled:
        move(_block, _filled, data, at, _BLOCK_BYTES - _filled)
        at += _BLOCK_BYTES - _filled
        _filled = 0
        _compress()
    move(_block, _filled, data, at, end - at)
    _filled += end - at


def finish(out):
    """Writes the 64 bytes of the digest to `out`. What was hashed last stays until `clear`."""
    _block[_filled] = 0x80
    zero(_block, _filled + 1, _BLOCK_BYTES)
    if _filled >= _LENGTH_AT:
        _compress()
        zero(_block, 0, _BLOCK_BYTES)
    bits = 8 * _size
    at = _BLOCK_BYTES
    while bits:
        at -= 1
        _block[at] = bits & 0xFF
        bits >>= 8
    _compress()
    _swap(out, _hash)


def digest_into(out, *parts):
    """Writes the 64-byte SHA-512 digest of the byte strings, one after the other, to `out`.

    What was hashed last stays in this module's buffers until `clear`.
    """
    start()
    for part in parts:
        add(part, 0, len(part))
    finish(out)


def sha512(*parts):
    """The 64-byte SHA-512 digest of the byte strings in `parts`, one after the other."""
    out = bytearray(64)
    digest_into(out, *parts)
    return bytes(out)


def clear():
    """Forgets what was hashed."""
    zero(_words, 0, STATE_BYTES)
    zero(_hash, 0, 64)
    zero(_block, 0, _BLOCK_BYTES)
