"""Searching the revocation table where it lies."""

import hashlib

from verify.revocation import ENTRY_BYTES, entry, is_listed


def _table(count):
    entries = [hashlib.sha256(number.to_bytes(4, "big")).digest()[:12] for number in range(count)]
    return sorted(entries)


def test_entry():
    kid, cti = b"kid-of-8", b"0123456789abcdef"
    assert entry(kid, cti) == hashlib.sha256(kid + cti).digest()[:12]
    assert entry(kid, cti[:8]) != entry(kid, cti)


def test_each_entry_is_found_and_no_other():
    for count in (0, 1, 2, 3, 64, 257):
        entries = _table(count)
        table = b"".join(entries)
        reads = []

        def read(offset, buffer):
            assert 0 <= offset and offset + len(buffer) <= len(table)  # noqa: B023
            reads.append(offset)  # noqa: B023
            buffer[:] = table[offset : offset + len(buffer)]  # noqa: B023

        for wanted in entries:
            assert is_listed(read, count, wanted)
            below = wanted[:-1] + bytes([wanted[-1] ^ 1])
            assert not is_listed(read, count, below)
        assert not is_listed(read, count, bytes(ENTRY_BYTES))
        assert not is_listed(read, count, b"\xff" * ENTRY_BYTES)
        reads = []
        is_listed(read, count, b"\xff" * ENTRY_BYTES)
        assert len(reads) <= 9
