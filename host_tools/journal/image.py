"""A raw image of the journal's partition: all that is readable in it, and what is damaged.

A record or header with one wrong bit is put right (`mending`); what it was is still told.

For a device that no longer starts: `esptool read-flash` reads the partition (docs/journal.md has
its layout). Any bytes are taken; nothing here raises for what they say.
"""

import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from host_tools.journal import mending, opening, records
from host_tools.journal.damage import SectorDamage
from host_tools.journal.opening import CollectionKeys, Opened, Opener, Place
from host_tools.journal.records import Record, RecordError

SECTOR_BYTES = 4096
SLOT_BYTES = 64
SLOTS = SECTOR_BYTES // SLOT_BYTES
SLOTS_OF_PAGE = 4
MAGIC = b"SPJ3"
_HEADER = struct.Struct(">4sIIIII24s12sI")
_BLANK = b"\xff" * SLOT_BYTES
_RETIRED = bytes(SLOT_BYTES)


class Sector(NamedTuple):
    """A sector with a header. The numbers are sequence numbers, but for people: how many are in the
    open tube. chain: before its first record.
    """

    sector: int
    first: int
    epoch: int
    people: int
    acknowledged: int
    released: int
    tube: int
    chain: bytes


class Damage(NamedTuple):
    """What is wrong in the image, and where. slot: None for the sector as a whole."""

    sector: int
    slot: int | None
    what: str


class Found(NamedTuple):
    """Where a record lies. is_mended: one bit of it was wrong."""

    sector: int
    slot: int
    is_mended: bool


class Image(NamedTuple):
    """What an image holds. records: in their order, none twice; places: of them, by number.

    torn: the slots that hold no record, nor nothing. mended_headers: their sectors.
    """

    sectors: list[Sector]
    records: list[Record]
    damages: list[Damage]
    places: dict[int, Found]
    torn: set[tuple[int, int]]
    mended_headers: set[int]
    sector_count: int

    @property
    def is_cut_off(self) -> bool:
        """True if the file ends within a sector."""
        return any(damage.sector == self.sector_count for damage in self.damages)


TORN = "torn: power failed while it was written, or it was altered"
MENDED = "one bit was wrong, and is put right"


def read(data: bytes) -> Image:
    """Takes an image apart. data: whole sectors; what is behind the last whole one is damage."""
    found = Image([], [], [], {}, set(), set(), len(data) // SECTOR_BYTES)
    taken: dict[int, Record] = {}
    for index in range(found.sector_count):
        content = data[index * SECTOR_BYTES : (index + 1) * SECTOR_BYTES]
        if content != _BLANK * SLOTS:
            _read_sector(found, taken, index, content)
    if len(data) % SECTOR_BYTES:
        found.damages.append(Damage(found.sector_count, None, "only a part of it is in the file"))
    found.sectors.sort(key=lambda sector: sector.first)
    found.records.extend(taken[sequence] for sequence in sorted(taken))
    return found


def _read_sector(found: Image, taken: dict[int, Record], index: int, content: bytes) -> None:
    start = content[:SLOT_BYTES]
    sector = _sector(index, mending.header_mended(start, MAGIC) or start)
    if sector is not None:
        found.sectors.append(sector)
        if _sector(index, start) is None:
            found.mended_headers.add(index)
            found.damages.append(Damage(index, 0, MENDED))
    holds_records = False
    torn = []
    for slot, what, is_mended in slots_of(content):
        if what is None:
            torn.append(slot)
            continue
        holds_records = True
        if is_mended:
            found.damages.append(Damage(index, slot, MENDED))
        other = taken.get(what.sequence)
        if other is None or (found.places[what.sequence].is_mended and not is_mended):
            taken[what.sequence] = what
            found.places[what.sequence] = Found(index, slot, is_mended)
        elif other.raw != what.raw and not is_mended:
            found.damages.append(Damage(index, slot, f"another record {what.sequence}"))
    # A sector about to be erased has its header cleared from the front.
    is_decayed = holds_records and sector is None and content[:2] != _RETIRED[:2]
    if sector is not None or is_decayed:
        found.torn.update((index, slot) for slot in torn)
        found.damages.extend(Damage(index, slot, TORN) for slot in torn)
    if is_decayed:
        found.damages.append(Damage(index, None, "no header; its records were read without it"))


def _sector(index: int, slot: bytes) -> Sector | None:
    magic, first, packed, acknowledged, released, tube, chain, _, crc = _HEADER.unpack(slot)
    if magic != MAGIC or crc != zlib.crc32(slot[:-4]) or not first:
        return None
    # Of the epoch's number the low 24 bits: it is the last one before that ends so.
    epoch = first - ((first - (packed >> 8)) & 0xFFFFFF)
    return Sector(index, first, epoch, packed & 0xFF, acknowledged, released, tube, chain)


def slots_of(content: bytes) -> Iterator[tuple[int, Record | None, bool]]:
    """What lies in the slots behind the header: (slot, record or None for what is torn, whether
    one bit was put right)."""
    slot = 1
    while slot < SLOTS:
        at = slot * SLOT_BYTES
        start = content[at : at + SLOT_BYTES]
        if start in (_BLANK, _RETIRED):
            slot += 1
            continue
        record = _record_at(content, slot)
        is_mended = record is None
        if record is None:
            page_end = (slot // SLOTS_OF_PAGE + 1) * SLOTS_OF_PAGE * SLOT_BYTES
            record = mending.mended(content[at:page_end])
        if record is None:
            yield slot, None, False
            slot += 1
        else:
            yield slot, record, is_mended
            slot += -(-len(record.raw) // SLOT_BYTES)


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

    Behind a gap the chain goes on from the checkpoint in the next sector's header. What only seemed
    to be a record with one wrong bit is left out.
    """
    second = opening.second_places(image.records)
    opener: Opener | None = None
    opened: list[Opened] = []
    before: Record | None = None
    for record, following in opening.each_with_next(image.records):
        header = _checkpoint(image.sectors, before.sequence if before else 0, record.sequence)
        if opener is None:
            place = _beginning(record, header.chain if header else None)
            opener = Opener(device, device_key, keys, place, None, second)
        elif before is not None and _is_damaged_between(image, before, record):
            opener.note_damage()
        if header is not None:
            opener.check(header.chain, header.epoch)
        is_mended = image.places[record.sequence].is_mended
        one = opener.take(record, following, is_mended)
        if one.problem is opening.INTRUDER and is_mended:
            continue
        before = record
        opened.append(one)
    return opened


def _is_damaged_between(image: Image, before: Record, record: Record) -> bool:
    """True if something that cannot be read lies between two records."""
    here, there = image.places[before.sequence], image.places[record.sequence]
    if here.sector == there.sector:
        between = range(here.slot + 1, there.slot)
        return any((here.sector, slot) in image.torn for slot in between)
    headers = {sector.sector for sector in image.sectors}
    passed = _sectors_between(image, here.sector, there.sector)
    return (
        any(sector not in headers for sector in passed)
        or any((here.sector, slot) in image.torn for slot in range(here.slot + 1, SLOTS))
        or any((there.sector, slot) in image.torn for slot in range(1, there.slot))
    )


def _sectors_between(image: Image, first: int, last: int) -> list[int]:
    """The sectors behind one and before another, in the order of the ring."""
    return [
        (first + step) % image.sector_count
        for step in range(1, (last - first) % image.sector_count)
    ]


def damaged_sectors(image: Image, opened: list[Opened]) -> list[SectorDamage]:
    """What has decayed, sector by sector.

    opened: what `open_records` gave, or for its `hole`s another list of the same records.
    """
    missing: dict[int, list[tuple[int, int]]] = {}
    before: Opened | None = None
    for one in opened:
        if one.hole is not None and before is not None:
            missing.setdefault(_sector_of_hole(image, before.record, one.record), []).append(
                one.hole
            )
        before = one
    mended: dict[int, list[int]] = {}
    for one in opened:
        place = image.places[one.record.sequence]
        if place.is_mended:
            mended.setdefault(place.sector, []).append(one.record.sequence)
    torn = [sector for sector, _ in image.torn]
    lost = {damage.sector for damage in image.damages if damage.slot is None}
    lost -= {image.sector_count}
    found = []
    for sector in sorted({*missing, *mended, *torn, *lost, *image.mended_headers}):
        header = "mended" if sector in image.mended_headers else None
        header = "lost" if sector in lost else header
        what = tuple(missing.get(sector, ())), tuple(mended.get(sector, ()))
        found.append(SectorDamage(sector, *what, header, torn.count(sector)))
    return found


def _sector_of_hole(image: Image, before: Record, behind: Record) -> int:
    first, last = image.places[before.sequence].sector, image.places[behind.sequence].sector
    between = _sectors_between(image, first, last) if first != last else []
    headers = {sector.sector for sector in image.sectors}
    for sector in between:
        if sector not in headers:
            return sector
    for sector in (first, last):
        if any(torn == sector for torn, _ in image.torn):
            return sector
    return between[0] if between else first


def _checkpoint(sectors: list[Sector], last: int, sequence: int) -> Sector | None:
    """The newest sector that was begun between two records.

    sectors: by the sequence number of the first record in them, ascending.
    """
    behind = bisect_right(sectors, sequence, key=attrgetter("first"))
    if not behind or sectors[behind - 1].first <= last:
        return None
    return sectors[behind - 1]


def _beginning(record: Record, chain: bytes | None) -> Place | None:
    if record.sequence == 1:
        return None
    return Place(record.sequence - 1, None, chain)


def find_device(image: Image, known: dict[bytes, bytes]) -> bytes | None:
    """Whose journal this is: the device whose key signed one of its epochs.

    known: device keys (Ed25519, 32 bytes) by device id.
    """
    for device, key in known.items():
        for one in open_records(image, device, key, {}):
            if one.record.type == records.EPOCH and not one.problem and one.is_verified:
                return device
    return None
