"""Reads the journal for a host: records as they lie in flash, chain values, the signed statement.

Loaded when a host pulls; nothing here is needed to register people.
"""

from micropython import const
from system import rooms

from journal import bodies, layout
from journal.state import chained, digest

_PULL_TYP = const("application/scanpost-pull+cbor")
_SECTORS_AT_ONCE = const(8)  # fits a reply; reading them takes some 0.2 s
_CBOR_HEAD_BYTES = const(3)  # before a byte string as long as a record, at the most


def first_sequence(ring):
    """The sequence number of the oldest record in flash, or None."""
    for index in ring.kept():
        for _, record in ring.records(index):
            return bodies.sequence(record)
    return None


def read(ring, from_sequence, max_bytes):
    """([records], next): as many whole raw records as fit, at least one if there is one.

    next: the sequence number to ask for next, or None at the end.
    """
    found = []
    used = 0
    start = ring.sector_of(from_sequence)
    is_reached = start < 0
    for index in ring.kept():
        is_reached = is_reached or index == start
        if not is_reached:
            continue
        for _, record in ring.records(index):
            sequence = bodies.sequence(record)
            if sequence < from_sequence:
                continue
            size = len(record) + _CBOR_HEAD_BYTES
            if found and used + size > max_bytes:
                return found, sequence
            found.append(bytes(record))
            used += size
    return found, None


def sectors(ring, from_sequence, skip):
    """What the headers say of the kept sectors from the one on that holds a sequence number.

    skip: so many of them are left out. A few: lists of sector, first, epoch, chain value before,
    and whether anything there has decayed; first is 0 where the header says nothing any more.
    """
    found = []
    start = ring.sector_of(from_sequence)
    is_reached = start < 0
    for index in ring.kept():
        is_reached = is_reached or index == start
        if not is_reached:
            continue
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


def chain_at(ring, sequence):
    """The chain value (24 bytes) behind the last record up to this number, or None."""
    index, header = ring.checkpoint(sequence)
    if header is None:
        return None
    chain = header.chain
    while True:
        for _, record in ring.records(index):
            if bodies.sequence(record) > sequence:
                return chain
            chain = chained(chain, digest(record))
        if index == ring.head:
            return chain
        index = ring.after(index)


def statement(identity, nonce, first, last, chain, unix_s):
    """What the device signs at the end of a pull: a COSE_Sign1, bytes (docs/journal.md)."""
    rooms.OBJECTS.enter()
    from verify import cbor, cose

    payload = [identity.device_id, nonce, first, last, chain, unix_s]
    return cose.sign1(_PULL_TYP, cbor.encode(payload), identity.sign)
