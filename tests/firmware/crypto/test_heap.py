"""Verification leaves nothing behind, and takes no new buffers."""

import gc
import sys
from binascii import unhexlify

from crypto import ed25519

KEY = unhexlify("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
MESSAGE = unhexlify("af82")
SIGNATURE = unhexlify(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)
BAD = SIGNATURE[:63] + b"\x0b"


def test_ten_thousand_verifications():
    if sys.implementation.name != "micropython":
        return  # CPython has no heap of its own to look at
    for count in (10, 10_000):
        gc.collect()
        before = gc.mem_alloc()
        for _ in range(count // 2):
            assert ed25519.verify(KEY, MESSAGE, SIGNATURE)
            assert not ed25519.verify(KEY, MESSAGE, BAD)
        gc.collect()
        grown = gc.mem_alloc() - before
    assert grown <= 64


def test_little_is_allocated_for_one():
    if sys.implementation.name != "micropython":
        return
    ed25519.verify(KEY, MESSAGE, SIGNATURE)
    gc.collect()
    before = gc.mem_alloc()
    gc.disable()
    try:
        ed25519.verify(KEY, MESSAGE, SIGNATURE)
        used = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert used < 4096
