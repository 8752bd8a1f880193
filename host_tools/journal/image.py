"""A raw image of the journal's partition: all that is readable in it, and what is damaged.

For a device that no longer starts: `esptool read-flash` reads the partition (docs/journal.md has
its layout). Any bytes are taken; nothing here raises for what they say.
"""

import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from host_tools.journal import records
from host_tools.journal.opening import CollectionKeys, Opened, Opener, Place, explained
from host_tools.journal.records import Record, RecordError

SECTOR_BYTES = 4096
SLOT_BYTES = 64
SLOTS = SECTOR_BYTES // SLOT_BYTES
SLOTS_OF_PAGE = 4
MAGIC = b"SPJ2"
_HEADER = struct.Struct(">4sIIIII24s12sI")
_BLANK = b"\xff" * SLOT_BYTES
_RETIRED = bytes(SLOT_BYTES)


class Sector(NamedTuple):
    """A sector with a header. The numbers are sequence numbers; chain: before its first record."""

    sector: int
    first: int
    epoch: int
    acknowledged: int
    released: int
    tube: int
    chain: bytes


class Damage(NamedTuple):
    """What is wrong in the image, and where. slot: None for the sector as a whole."""

    sector: int
    slot: int | None
    what: str


class Image(NamedTuple):
    """What an image holds. records: in their order, none twice."""

    sectors: list[Sector]
    records: list[Record]
    damages: list[Damage]


def read(data: bytes) -> Image:
    """Takes an image apart. data: whole sectors; what is behind the last whole one is damage."""
    sectors: list[Sector] = []
    damages: list[Damage] = []
    found: dict[int, Record] = {}
    for index in range(len(data) // SECTOR_BYTES):
        content = data[index * SECTOR_BYTES : (index + 1) * SECTOR_BYTES]
        sector = _sector(index, content[:SLOT_BYTES])
        if sector is not None:
            sectors.append(sector)
        holds_records = False
        for slot, what in _slots(content):
            if isinstance(what, Record):
                holds_records = True
                other = found.setdefault(what.sequence, what)
                if other.raw != what.raw:
                    damages.append(Damage(index, slot, f"another record {what.sequence}"))
            elif sector is not None:
                damages.append(Damage(index, slot, what))
        # A sector about to be erased has its header cleared from the front.
        if holds_records and sector is None and content[:2] != _RETIRED[:2]:
            damages.append(Damage(index, None, "no header; its records were read without it"))
    if len(data) % SECTOR_BYTES:
        damages.append(Damage(len(data) // SECTOR_BYTES, None, "only a part of it is in the file"))
    sectors.sort(key=lambda sector: sector.first)
    return Image(sectors, [found[sequence] for sequence in sorted(found)], damages)


def _sector(index: int, slot: bytes) -> Sector | None:
    magic, first, epoch, acknowledged, released, tube, chain, _, crc = _HEADER.unpack(slot)
    if magic != MAGIC or crc != zlib.crc32(slot[:-4]) or not first:
        return None
    return Sector(index, first, epoch, acknowledged, released, tube, chain)


def _slots(content: bytes) -> Iterator[tuple[int, Record | str]]:
    """What lies in the slots behind the header: records, and what is torn."""
    slot = 1
    while slot < SLOTS:
        at = slot * SLOT_BYTES
        record = _record_at(content, slot)
        if record is not None:
            yield slot, record
            slot += -(-len(record.raw) // SLOT_BYTES)
            continue
        if content[at : at + SLOT_BYTES] not in (_BLANK, _RETIRED):
            yield slot, "torn: power failed while it was written, or it was altered"
        slot += 1


def _record_at(content: bytes, slot: int) -> Record | None:
    at = slot * SLOT_BYTES
    length = content[at]
    if slot % SLOTS_OF_PAGE + -(-length // SLOT_BYTES) > SLOTS_OF_PAGE:
        return None
    try:
        return records.parse(content[at : at + length])
    except RecordError:
        return None


def open_records(
    image: Image, device: bytes, device_key: bytes | None, keys: CollectionKeys
) -> list[Opened]:
    """Opens and verifies the records of an image, those behind damaged places too.

    Behind a gap the chain goes on from the checkpoint in the next sector's header.
    """
    headers = sorted(((s.first, s.chain) for s in image.sectors), key=itemgetter(0))
    opener: Opener | None = None
    opened: list[Opened] = []
    for record in image.records:
        chain = _checkpoint(headers, opener.last if opener else 0, record.sequence)
        if opener is None:
            opener = Opener(device, device_key, keys, _beginning(device, record, chain))
        is_broken = chain is not None and opener.chain not in (None, chain)
        if chain is not None:
            opener.chain = chain
        one = opener.take(record)
        if is_broken and one.problem:
            why = "records before it are missing: they do not make up its sector's checkpoint"
            one = one._replace(problem=why)
        opened.append(one)
    return explained(opened)


def _checkpoint(headers: list[tuple[int, bytes]], last: int, sequence: int) -> bytes | None:
    """The chain value that a header between two records gives, the newest one.

    headers: (sequence number of the first record behind it, chain value), ascending.
    """
    behind = bisect_right(headers, sequence, key=itemgetter(0))
    if not behind or headers[behind - 1][0] <= last:
        return None
    return headers[behind - 1][1]


def _beginning(device: bytes, record: Record, chain: bytes | None) -> Place | None:
    if record.sequence == 1:
        return None
    return Place(0, None, chain)


def find_device(image: Image, known: dict[bytes, bytes]) -> bytes | None:
    """Whose journal this is: the device whose key signed one of its epochs.

    known: device keys (Ed25519, 32 bytes) by device id.
    """
    for device, key in known.items():
        for one in open_records(image, device, key, {}):
            if one.record.type == records.EPOCH and not one.problem and one.is_verified:
                return device
    return None
