"""SHA-512 (FIPS 180-4, RFC 6234), which the chip's hashlib lacks."""

import micropython
from micropython import const

from crypto.sha512_block import START, STATE_BYTES, K, expand, rounds

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


@micropython.viper
def _end(block: ptr8, filled: int, bytes_high: int, bytes_low: int):
    """Zeros, and a length in bits, 8 * (bytes_high * 2^24 + bytes_low), if there is room for it."""
    at = filled
    while at < 128:
        block[at] = 0
        at += 1
    if filled < 113:
        block[123] = bytes_high >> 5
        block[124] = ((bytes_high << 3) | (bytes_low >> 21)) & 255
        block[125] = (bytes_low >> 13) & 255
        block[126] = (bytes_low >> 5) & 255
        block[127] = (bytes_low << 3) & 255


@micropython.viper
def _swap(out: ptr8, hash: ptr8):
    """The hash's words of eight bytes, most significant first."""
    i = 0
    while i < 64:
        out[i] = hash[i ^ 7]
        i += 1


@micropython.viper
def wipe(buffer: ptr8, size: int):
    """Overwrites the first `size` bytes of a buffer that held a secret."""
    while size:
        size -= 1
        buffer[size] = 0


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
        length = len(part)
        size += length
        at = 0
        while length - at >= _BLOCK_BYTES - filled:
            end = at + _BLOCK_BYTES - filled
            _block[filled:] = part[at:end]
            at = end
            filled = 0
            _compress()
        _block[filled : filled + length - at] = part[at:] if at else part
        filled += length - at
    _block[filled] = 0x80
    _end(_block, filled + 1, size >> 24, size & 0xFFFFFF)
    if filled > 111:
        _compress()
        _end(_block, 0, size >> 24, size & 0xFFFFFF)
    _compress()
    _swap(out, _hash)


def sha512(*parts):
    """The 64-byte SHA-512 digest of the byte strings in `parts`, one after the other."""
    out = bytearray(64)
    digest_into(out, *parts)
    return bytes(out)


def clear():
    """Forgets what was hashed."""
    wipe(_words, STATE_BYTES)
    wipe(_hash, 64)
    wipe(_block, _BLOCK_BYTES)
