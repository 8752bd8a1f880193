"""What verifying takes of the heap, where the runtime can say: next to nothing, and nothing stays.

The bytes are those of a MicroPython of 64 bits; the chip's objects are half as large.
"""

import gc

from crypto import preparation, rows
from crypto.limbs import move
from signing import base45
from vectors import pass_world
from verify import cbor, passes
from verify.errors import Refused

WORKING_BYTES = 200
# two states of SHA-256, two digests and a tag: hashlib makes a new one each time
HMAC_BYTES = 900
REFUSED_BYTES = 1024  # an exception, twice
KEPT_BYTES = 64


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


def _none_is_revoked(kid, cti):
    return False


class Table:
    """A key's table of points, in RAM."""

    def __init__(self):
        self._rows = bytearray(rows.ROW_BYTES * rows.ROWS_OF_KEY)

    def write(self, index, row):
        at = index * rows.ROW_BYTES
        self._rows[at : at + rows.ROW_BYTES] = row

    def read(self, index, view):
        move(view, 0, self._rows, index * rows.ROW_BYTES, len(view))


def test_each_pass_that_is_good():
    vectors, trust, secrets, _ = pass_world()
    good = [vector for vector in vectors if vector["expect"] == "ACCEPTED"]
    assert len(good) > 15
    for vector in good:
        line = vector["text"].encode()
        arguments = (line, trust, secrets, _none_is_revoked, vector["now"])
        alg = passes.verify(*arguments).alg  # and what is made once, is made now
        limit = WORKING_BYTES if alg == -8 else HMAC_BYTES
        working, kept = _cost(lambda arguments=arguments: passes.verify(*arguments))
        assert working <= limit, (vector["name"], working)
        assert kept <= KEPT_BYTES, (vector["name"], kept)


def test_a_pass_of_a_prepared_key():
    vectors, trust, secrets, _ = pass_world()
    vector = vectors[0]
    line = bytearray(vector["text"].encode()) + b" what came before"
    line = memoryview(line)[: len(vector["text"])]
    now = vector["now"]
    key = passes.verify(line, trust, secrets, _none_is_revoked, now).issuer.key
    table = Table()
    assert preparation.prepare(key, table.write)
    rows.use_for(key, table)

    def scan():
        passes.verify(line, trust, secrets, _none_is_revoked, now)

    del vectors, vector
    try:
        scan()
        working, kept = _cost(scan)
    finally:
        rows.forget_keys()
    assert working <= WORKING_BYTES, working
    assert kept <= KEPT_BYTES, kept


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
    assert working <= REFUSED_BYTES, working
    assert kept <= KEPT_BYTES, kept
