"""Tells a host of the sectors: what their headers say, and how those lie there that have decayed.

Loaded at the end of a pull, when it has the records.
"""

from micropython import const

from journal import layout
from journal.reading import kept_from

_SECTORS_AT_ONCE = const(8)  # fits a reply; reading them takes some 0.2 s


def tell(ring, from_sequence, skip):
    """What the headers say of the kept sectors from the one on that holds a sequence number.

    skip: so many of them are left out. A few: lists of sector, first, epoch, chain value before,
    and whether anything there has decayed; first is 0 where the header says nothing any more.
    """
    found = []
    for index in kept_from(ring, from_sequence):
        slot = ring.flash.mended_start(index)
        header = layout.read_sector_header(slot)
        if header is None and slot[len(layout.MAGIC) :] == layout.RETIRED[len(layout.MAGIC) :]:
            continue  # passed over
        if skip:
            skip -= 1
            continue
        first, epoch, chain = 0, 0, b""
        if header is not None:
            first, epoch, chain = header.first, header.epoch, header.chain
        found.append([index, first, epoch, chain, _is_decayed(ring, index)])
        if len(found) == _SECTORS_AT_ONCE:
            break
    return found


def _is_decayed(ring, index):
    """True if a kept sector holds what is no record, nor header, nor nothing."""
    flash = ring.flash
    if not layout.sector_first(flash.start(index)):
        return True
    slot = 1
    end = ring.end if index == ring.head else layout.SLOTS
    while slot < end:
        record = flash.record_at(index, slot)
        if record is not None:
            slot += layout.slots_of(len(record))
            continue
        if flash.slot_read() != layout.BLANK and flash.slot_read() != layout.RETIRED:
            return True
        slot += 1
    return False


def raw(ring, index, at, size):
    """Bytes of a sector as they lie there, but for the tag key, which is blanked."""
    data = bytearray(min(size, max(0, layout.SECTOR_BYTES - at)))
    if index < ring.count and data:
        ring.flash.read(index, data, at)
        for place in range(layout.TAG_KEY_AT, layout.TAG_KEY_AT + layout.TAG_KEY_BYTES):
            if 0 <= place - at < len(data):
                data[place - at] = 0xFF
        return bytes(data)
    return b""
