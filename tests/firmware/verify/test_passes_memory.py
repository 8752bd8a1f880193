"""What verifying takes of the heap, where the runtime can say: at most 20 KB of the chip's, which
are 40 KB of a 64-bit MicroPython's, and nothing that stays."""

import gc

from signing import base45
from vectors import pass_world
from verify import cbor, passes
from verify.errors import Refused

WORKING_BYTES = 40 * 1024
KEPT_BYTES = 512


def _allocated():
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def _cost(function):
    """(bytes allocated without a collection, bytes that stay)."""
    gc.collect()
    gc.disable()
    before = _allocated()
    try:
        function()
        working = _allocated() - before
    finally:
        gc.enable()
    gc.collect()
    return working, _allocated() - before


def test_a_good_pass():
    vectors, trust, secrets, is_revoked = pass_world()
    vector = vectors[0]
    line = vector["text"].encode()

    def scan():
        passes.verify(line, trust, secrets, is_revoked, vector["now"])

    del vectors
    scan()  # what is made once, is made now
    working, kept = _cost(scan)
    assert working < WORKING_BYTES, working
    assert kept < KEPT_BYTES, kept


def test_a_pass_of_nothing_but_empty_arrays():
    _, trust, secrets, is_revoked = pass_world()
    claims = b"\xa1\x18\x63\x98\xf8" + b"\x80" * 248
    header = cbor.encode({1: 5, 4: b"some-kid"})
    message = cbor.encode(cbor.Tag(17, [header, {}, claims, bytes(32)]))
    line = b"SP1:" + base45(message)
    assert len(line) <= 512

    def scan():
        try:
            passes.verify(line, trust, secrets, is_revoked, 1650000000)
        except Refused as refused:
            assert refused.reason == "MALFORMED"
            return
        raise AssertionError("accepted")

    scan()
    working, kept = _cost(scan)
    assert working < WORKING_BYTES, working
    assert kept < KEPT_BYTES, kept
