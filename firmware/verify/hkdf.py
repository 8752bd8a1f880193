"""HKDF with SHA-256 (RFC 5869)."""

from micropython import const

from verify.hmac import hmac_sha256
from verify.wipe import wipe

HASH_BYTES = const(32)


def extract(salt, *parts):
    """The 32-byte pseudorandom key of RFC 5869 section 2.2.

    salt: bytes-like, may be empty. parts: the input keying material, one after the other.
    """
    return hmac_sha256(salt, *parts)


def expand(prk, length, *info):
    """`length` bytes of output keying material (RFC 5869 section 2.3), as a bytearray.

    prk: at least 32 bytes. info: bytes-like, one after the other. Raises ValueError past 8160.
    """
    if not 0 < length <= 255 * HASH_BYTES:
        raise ValueError("HKDF gives 1 to 8160 bytes")
    out = bytearray(length)
    block = b""
    for index in range((length + HASH_BYTES - 1) // HASH_BYTES):
        last = block
        block = hmac_sha256(prk, last, *info, bytes((index + 1,)))
        wipe(last)
        start = index * HASH_BYTES
        out[start : start + HASH_BYTES] = memoryview(block)[: min(HASH_BYTES, length - start)]
    wipe(block)
    return out
