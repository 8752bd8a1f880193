"""HMAC-SHA-256 (RFC 2104, FIPS 198-1), HKDF made of it (RFC 5869), constant-time comparison."""

import hashlib

from micropython import const

from crypto.wipe import wipe, wipe_hash

_BLOCK_BYTES = const(64)
_TAG_BYTES = const(32)
_pad = bytearray(_BLOCK_BYTES)


def hmac_sha256(key, *parts):
    """The 32-byte tag over the parts one after the other.

    key: bytes-like of any length (over 64 bytes it is hashed first). parts: bytes-like.
    """
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    _fill_pad(key, 0x36)
    digest = _digest(parts)
    _fill_pad(key, 0x5C)
    tag = _digest((digest,))
    # Nothing that the key could be found from, or tried against, stays behind in the heap.
    wipe(_pad)
    wipe(digest)
    return tag


def _fill_pad(key, mask):
    size = len(key)
    for index in range(_BLOCK_BYTES):
        _pad[index] = mask ^ (key[index] if index < size else 0)


def _digest(parts):
    """SHA-256 of the pad and the parts behind it."""
    state = hashlib.sha256(_pad)
    for part in parts:
        state.update(part)
    digest = state.digest()
    wipe_hash(state)
    return digest


def hkdf_expand(prk, length, *info):
    """`length` bytes of output keying material (RFC 5869 section 2.3), as a bytearray.

    What that section calls HKDF-Extract is `hmac_sha256(salt, keying material)` itself.

    prk: at least 32 bytes. info: bytes-like, one after the other. Raises ValueError past 8160.
    """
    if not 0 < length <= 255 * _TAG_BYTES:
        raise ValueError
    out = bytearray(length)
    block = b""
    for index in range((length + _TAG_BYTES - 1) // _TAG_BYTES):
        last = block
        block = hmac_sha256(prk, last, *info, bytes((index + 1,)))
        wipe(last)
        start = index * _TAG_BYTES
        out[start : start + _TAG_BYTES] = memoryview(block)[: min(_TAG_BYTES, length - start)]
    wipe(block)
    return out


def equal(left, right):
    """True if the same bytes; takes as long wherever they differ. Lengths are not secret."""
    if len(left) != len(right):
        return False
    difference = 0
    for index in range(len(left)):
        difference |= left[index] ^ right[index]
    return difference == 0
