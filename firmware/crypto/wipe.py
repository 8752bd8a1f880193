"""Overwrites secrets that must not stay readable in the heap.

MicroPython's collector frees blocks and leaves their bytes. A `bytearray` is simply overwritten; an
immutable result, and an AES or hash object with its key inside, only by address.
"""

import gc
import hashlib
import sys

import cryptolib

from crypto.limbs import zero

try:
    from uctypes import bytearray_at
except ImportError:
    # CPython: nothing can be overwritten by address, and `id` is no promise of one.
    bytearray_at = None

_WORD_BYTES = 8 if sys.maxsize > 0x7FFFFFFF else 4


def wipe(secret):
    """Overwrites the content of a bytearray, or of bytes that were made for the caller alone.

    Never for a literal or for bytes that someone else holds: they change under all names.
    """
    if isinstance(secret, bytes) and not bytearray_at:
        return
    zero(secret, 0, len(secret))


def _object_bytes(make):
    """The heap bytes that an object takes; `make` allocates it and nothing else."""
    gc.collect()
    before = gc.mem_alloc()
    made = make()
    size = gc.mem_alloc() - before
    return size if made else 0


_AES_BYTES = _HASH_BYTES = 0
if bytearray_at:
    _AES_BYTES = _object_bytes(lambda key=bytes(32): cryptolib.aes(key, 1))
    _HASH_BYTES = _object_bytes(hashlib.sha256)


def _wipe_object(thing, size):
    # The first word is the object's type, which the collector may still look at.
    wipe(bytearray_at(id(thing) + _WORD_BYTES, size - _WORD_BYTES))


def wipe_aes(cipher):
    """Overwrites a `cryptolib.aes` object, key schedule included; it is of no use after that."""
    if _AES_BYTES:
        _wipe_object(cipher, _AES_BYTES)


def wipe_hash(state):
    """Overwrites a `hashlib.sha256` object; it is of no use after that."""
    if _HASH_BYTES:
        _wipe_object(state, _HASH_BYTES)
