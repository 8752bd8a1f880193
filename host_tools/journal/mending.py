"""Puts a single wrong bit of a record right (docs/journal.md, "What decays").

CRC-32 is linear: what a wrong bit changes in the check depends on nothing but how far from the end
it is. In records of up to 192 bytes no two bits change it alike, so the check says which one it
was. Where the length itself is wrong the check is not where the length says: the lengths that are
one bit away are tried.
"""

import zlib
from functools import cache

from host_tools.journal import records
from host_tools.journal.records import Record, RecordError

_CRC_BYTES = 4


@cache
def _wrong_bits() -> dict[int, tuple[int, int]]:
    """By the difference between the two checks: (bytes from the record's end, mask) of the bit."""
    found = {1 << bit: (bit // 8 + 1, 1 << bit % 8) for bit in range(8 * _CRC_BYTES)}
    for size in range(1, records.MAX_RECORD_BYTES - _CRC_BYTES + 1):
        right = zlib.crc32(bytes(size))
        for bit in range(8):
            wrong = zlib.crc32(bytes([1 << bit]) + bytes(size - 1))
            found[right ^ wrong] = (size + _CRC_BYTES, 1 << bit)
    return found


def mended(data: bytes) -> Record | None:
    """The record that begins at the start of `data`, but for one wrong bit; None if there is none.

    data: from the start of a slot to the end of its page. A record that was torn when power failed
    can look so too, once in a thousand: its seal or signature is wrong then.
    """
    if not data:
        return None
    tried = [_one_bit_right(data[: data[0]])] if data[0] <= len(data) else []
    for bit in range(8):
        length = data[0] ^ 1 << bit
        if length <= len(data):
            tried.append(bytes([length]) + data[1:length])
    for raw in tried:
        try:
            return records.parse(raw)
        except RecordError:
            continue
    return None


def _one_bit_right(raw: bytes) -> bytes:
    """The same with the bit changed that its check points at, if it points at one."""
    difference = zlib.crc32(raw[:-_CRC_BYTES]) ^ int.from_bytes(raw[-_CRC_BYTES:], "big")
    from_end, mask = _wrong_bits().get(difference, (0, 0))
    if not 0 < from_end <= len(raw):
        return raw
    at = len(raw) - from_end
    return raw[:at] + bytes([raw[at] ^ mask]) + raw[at + 1 :]


def header_mended(slot: bytes, magic: bytes) -> bytes | None:
    """A sector's slot 0 with one wrong bit put right; None if that does not make it a header."""
    for tried in (slot, _one_bit_right(slot)):
        is_right = zlib.crc32(tried[:-_CRC_BYTES]) == int.from_bytes(tried[-_CRC_BYTES:], "big")
        if is_right and tried.startswith(magic):
            return tried
    return None
