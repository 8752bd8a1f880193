"""HMAC-SHA-256 (RFC 2104, FIPS 198-1), constant-time comparison."""

import hashlib

from micropython import const

from crypto.wipe import wipe, wipe_hash

_BLOCK_BYTES = const(64)
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


def equal(left, right):
    """True if the same bytes; takes as long wherever they differ. Lengths are not secret."""
    if len(left) != len(right):
        return False
    difference = 0
    for index in range(len(left)):
        difference |= left[index] ^ right[index]
    return difference == 0
