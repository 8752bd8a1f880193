"""The sealed journal byte by byte: sectors, slots and records (docs/journal.md).

Pure functions on buffers. Which records exist and what their bodies hold is in `bodies`; keys
are in `epoch`, places in `ring`.
"""

import struct
from binascii import crc32

from micropython import const

SECTOR_BYTES = const(4096)
PAGE_BYTES = const(256)
SLOT_BYTES = const(64)
SLOTS = const(64)  # of a sector; slot 0 is its header
SLOTS_OF_PAGE = const(4)
MAX_RECORD_BYTES = const(192)  # three slots: with a sector's header it fits one page

MAGIC = b"SPJ3"
CHAIN_BYTES = const(24)
TAG_KEY_BYTES = const(12)
TAG_KEY_AT = const(48)
_SECTOR = const(">4sIIIII24s12s")
_EPOCH_MASK = const(0xFFFFFF)
_SECTOR_SAID = const(">4sIIIII24s")  # without the key, of which no more copies are made than needed
_SECTOR_CRC_AT = const(60)

# length of the whole record, type, length of the clear part, sequence number, minute
_RECORD = const(">BBBII")
HEADER_BYTES = const(11)
SEAL_BYTES = const(8)  # the AES-CCM tag
CRC_BYTES = const(4)
_MIN_RECORD_BYTES = const(15)

BLANK = b"\xff" * SLOT_BYTES
RETIRED = bytes(SLOT_BYTES)


class SectorHeader:
    """What a sector says about the journal at the moment it was opened.

    first: sequence number of its first record. epoch, tube: sequence numbers of the epoch and the
    open tube then (0: none); people: how many are in that. acknowledged, released: sequence
    numbers. chain: of all records before. tag_key: for the tags of subjects in this sector; left
    out where a header is read.
    """

    def __init__(self, first, epoch, people, acknowledged, released, tube, chain, tag_key=None):
        self.first = first
        self.people = people
        self.epoch = epoch
        self.acknowledged = acknowledged
        self.released = released
        self.tube = tube
        self.chain = chain
        self.tag_key = tag_key

    def write(self, buffer):
        """Writes the 64 bytes of slot 0 to the start of `buffer`."""
        struct.pack_into(
            _SECTOR,
            buffer,
            0,
            MAGIC,
            self.first,
            (self.epoch & _EPOCH_MASK) << 8 | self.people,
            self.acknowledged,
            self.released,
            self.tube,
            self.chain,
            self.tag_key,
        )
        struct.pack_into(">I", buffer, _SECTOR_CRC_AT, crc32(memoryview(buffer)[:_SECTOR_CRC_AT]))

    def alone(self):
        """The 64 bytes of slot 0, for a sector that gets no record yet."""
        buffer = bytearray(SLOT_BYTES)
        self.write(buffer)
        return buffer


def read_sector_header(slot):
    """The SectorHeader in the 64 bytes of a slot 0, or None if they are none."""
    if not sector_first(slot):
        return None
    _, first, packed, *rest = struct.unpack_from(_SECTOR_SAID, slot)
    # Of the epoch's number the low 24 bits: it is the last one before that ends so.
    epoch = first - ((first - (packed >> 8)) & _EPOCH_MASK)
    return SectorHeader(first, epoch, packed & 0xFF, *rest)


def sector_first(slot):
    """The first sequence number that a slot 0 names, or 0 if it is no sector's header."""
    if slot[:4] != MAGIC or not _crc_is_right(slot, _SECTOR_CRC_AT):
        return 0
    return struct.unpack_from(">I", slot, 4)[0]


def mend_sector_header(slot):
    """Puts a single wrong bit of a slot 0 right, in place (a bytearray of 64 bytes).

    True if it was a header before, or is one now. CRC-32 over so few bytes tells which bit it was;
    of what never was a header one in eight million is made one.
    """
    if sector_first(slot):
        return True
    if is_erased_mark(slot) or slot[len(MAGIC) :] == RETIRED[len(MAGIC) :]:
        return False
    wrong = 0
    for at in range(len(MAGIC)):
        if slot[at] != MAGIC[at]:
            difference = slot[at] ^ MAGIC[at]
            wrong += 1 if difference & (difference - 1) == 0 else 2
    if wrong > 1:
        return False  # so is everything that is blank, cleared, or announced to be erased
    if wrong:
        before = bytes(slot[: len(MAGIC)])
        slot[: len(MAGIC)] = MAGIC
        if sector_first(slot):
            return True
        slot[: len(MAGIC)] = before
        return False
    for place in range(8 * len(MAGIC), 8 * SLOT_BYTES):
        slot[place >> 3] ^= 1 << (place & 7)
        if sector_first(slot):
            return True
        slot[place >> 3] ^= 1 << (place & 7)
    return False


def tag_key(slot):
    """The 12 bytes of the tag key in a header's slot 0, made for the caller alone."""
    return bytes(memoryview(slot)[TAG_KEY_AT : TAG_KEY_AT + TAG_KEY_BYTES])


def is_erased_mark(slot):
    """True if a slot 0 says that its sector was erased to the end, and nothing else."""
    return slot[:4] == MAGIC and slot[4:] == BLANK[4:]


def slots_of(length):
    """How many slots a record of this many bytes takes."""
    return (length + SLOT_BYTES - 1) // SLOT_BYTES


def write_record_header(buffer, at, length, record_type, clear_bytes, sequence, minute):
    struct.pack_into(_RECORD, buffer, at, length, record_type, clear_bytes, sequence, minute)


def write_crc(view, at, length):
    """Ends a record of `length` bytes at `at` with the CRC-32 of what is before."""
    end = at + length - CRC_BYTES
    total = crc32(view[at:end])
    struct.pack_into(">I", view, end, total)


def read_record_header(record):
    """(length, type, clear bytes, sequence number, minute); see `record_length` first."""
    return struct.unpack_from(_RECORD, record)


def record_length(slot):
    """The length that the first byte of a slot claims, or 0 if no record can begin so."""
    length = slot[0]
    return length if _MIN_RECORD_BYTES <= length <= MAX_RECORD_BYTES else 0


def is_whole(record):
    """True if the bytes (exactly a record's length) end with their CRC and fit their header."""
    length = len(record)
    if not _crc_is_right(record, length - CRC_BYTES):
        return False
    claimed, record_type, clear_bytes, sequence, _ = struct.unpack_from(_RECORD, record)
    if claimed != length or not record_type or not sequence:
        return False
    return HEADER_BYTES + clear_bytes + CRC_BYTES <= length


def _crc_is_right(data, at):
    return crc32(memoryview(data)[:at]) == struct.unpack_from(">I", data, at)[0]
