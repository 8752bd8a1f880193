"""Who was registered already: two bytes a slot in RAM, confirmed by eight in the flash.

A tag is what AES makes of the subject under the key in the sector's header, cut to eight bytes;
of a tube, CRC-32 of its text. The index is filled from the newest sector backwards while nothing
else is to be done. What is not filled in yet is looked through in the flash, so the answer is
right from the start.
"""

import struct
from binascii import crc32

import cryptolib
from crypto.wipe import wipe, wipe_aes
from micropython import const

from journal import bodies, layout
from journal.ring import OPEN

_ECB = const(1)
_ENTRY_BYTES = const(2)
_SECTOR_ENTRIES = const(126)  # bytes: 63 slots
_SECTORS_OF_BLOCK = const(32)  # 4032 bytes, so that a block is found in a heap of many pieces
_CHUNK_BYTES = const(512)
_SPARE_BYTES = const(4096)
_NONE = const(b"\x00\x00")
_CLEAR_AT = const(11)
_TAG_AT = const(16)  # of a record of a person


class Duplicates:
    """The index over a Ring. Entries of records up to `released` do not count any more."""

    def __init__(self, ring):
        self._ring = ring
        # Each is made when the ring comes to its sectors, and stays.
        self._blocks = [None] * ((ring.count + _SECTORS_OF_BLOCK - 1) // _SECTORS_OF_BLOCK)
        self._chunk = bytearray(_CHUNK_BYTES)
        self._unfilled = []  # sectors that are not in the index yet; the newest is last
        self._homeless = []  # sectors whose block found no memory
        self._voided = set()
        self._ciphers = {}
        self.released = 0

    # -- filling ------------------------------------------------------------------------

    def begin(self, sectors):
        """Nothing but what `take` adds is known; `sectors`, oldest first, are to be filled in."""
        for block in self._blocks:
            if block:
                for at in range(0, len(block), _SECTOR_ENTRIES):
                    block[at : at + _SECTOR_ENTRIES] = bytes(_SECTOR_ENTRIES)
        self._unfilled = list(sectors)
        self._homeless = []
        self._voided = set()
        self.forget_keys(list(self._ciphers))

    def fill_next(self):
        """Takes in one sector; False if there was none left."""
        if not self._unfilled:
            return False
        # Voids first: they may lie behind what they void, in the same sector.
        index = self._unfilled[-1]
        for _, record in self._ring.records(index):
            if record[1] == bodies.VOID:
                self._voided.add(_number(record))
        for slot, record in self._ring.records(index):
            self.take(index, slot, record)
        self._unfilled.pop()
        if not self._unfilled and not self._homeless:
            self._voided = set()
        return True

    def clear(self, index):
        """A sector was taken anew."""
        block, at = self._place(index, 1)
        if block:
            block[at : at + _SECTOR_ENTRIES] = bytes(_SECTOR_ENTRIES)
        for sectors in (self._unfilled, self._homeless):
            if index in sectors:
                sectors.remove(index)

    def take(self, index, slot, record):
        """Enters a record that lies in this sector and slot."""
        kind = record[1]
        if kind == bodies.REGISTRATION or kind == bodies.MANUAL:
            if layout.read_record_header(record)[3] not in self._voided:
                self._enter(index, slot, _entry(record[_TAG_AT : _TAG_AT + 2]))
        elif kind == bodies.TUBE_OPENED:
            self._enter(index, slot, _entry(_tube_tag(_tube_text(record))))
        elif kind == bodies.VOID:
            self._void(_number(record))

    def _void(self, sequence):
        index = self._ring.sector_of(sequence)
        if index in self._unfilled or index in self._homeless:
            self._voided.add(sequence)
        elif index >= 0:
            for slot, record in self._ring.records(index):
                if layout.read_record_header(record)[3] == sequence:
                    return self._enter(index, slot, _NONE)

    def _enter(self, index, slot, entry):
        block, at = self._place(index, slot)
        if not block:
            block = self._make_block(index)
        if block:
            block[at : at + _ENTRY_BYTES] = entry
        elif index not in self._homeless:
            # Looked through in the flash instead: slower, and as right.
            self._homeless.append(index)

    def _make_block(self, index):
        if index in self._homeless:
            return None  # what was entered before is not in the index either
        number = index // _SECTORS_OF_BLOCK
        sectors = min(_SECTORS_OF_BLOCK, self._ring.count - number * _SECTORS_OF_BLOCK)
        try:
            block = bytearray(sectors * _SECTOR_ENTRIES)
            # The index is not worth the last memory: everything else needs some to go on.
            bytearray(_SPARE_BYTES)
        except MemoryError:
            return None
        self._blocks[number] = block
        return block

    def _place(self, index, slot):
        at = (index % _SECTORS_OF_BLOCK) * _SECTOR_ENTRIES + (slot - 1) * _ENTRY_BYTES
        return self._blocks[index // _SECTORS_OF_BLOCK], at

    # -- asking -------------------------------------------------------------------------

    def tag(self, subject, place):
        """The 8-byte tag of 16 bytes. place: of a sector's key in the ring's list."""
        cipher = self._ciphers.get(place)
        if cipher is None:
            padded = bytearray(16)
            padded[: layout.TAG_KEY_BYTES] = self._ring.keys[place]
            cipher = self._ciphers[place] = cryptolib.aes(padded, _ECB)
            wipe(padded)
        return cipher.encrypt(subject)[: bodies.TAG_BYTES]

    def new_tag(self, subject, key):
        """The tag under a key of 12 bytes that is not in the ring's list yet."""
        padded = bytearray(16)
        padded[: layout.TAG_KEY_BYTES] = key
        cipher = cryptolib.aes(padded, _ECB)
        tag = cipher.encrypt(subject)[: bodies.TAG_BYTES]
        wipe(padded)
        wipe_aes(cipher)
        return tag

    def forget_keys(self, places):
        """Overwrites what was made of the keys at these places of the ring's list."""
        for place in places:
            if place in self._ciphers:
                wipe_aes(self._ciphers.pop(place))

    def find_subject(self, subject):
        """(sequence number, minute) of the newest registration of 16 bytes, or None."""
        while True:
            newest = self._find_person(subject)
            if newest is None or not self._is_voided_unfilled(newest[0]):
                return newest
            self._voided.add(newest[0])

    def _find_person(self, subject):
        newest = None
        for place in self._ring.kept_keys():
            tag = self.tag(subject, place)

            def fits(index, record, place=place, tag=tag):
                if record[1] != bodies.REGISTRATION and record[1] != bodies.MANUAL:
                    return False
                if self._ring.key_of[index] != place or record[_TAG_AT : _TAG_AT + 8] != tag:
                    return False
                return layout.read_record_header(record)[3] not in self._voided

            newest = _later(newest, self._find(_entry(tag[:2]), tag, fits))
        return newest

    def _is_voided_unfilled(self, sequence):
        """True if a sector that is not in the index yet voids this registration."""
        content = struct.pack(">I", sequence)

        def fits(index, record):
            return record[1] == bodies.VOID and _number(record) == sequence

        for index in self._unfilled + self._homeless:
            if self._look_through(index, content, fits) is not None:
                return True
        return False

    def find_tube(self, text):
        """(sequence number, minute) of the newest opening of a tube, or None. text: its barcode."""
        text = text.encode()

        def fits(index, record):
            return record[1] == bodies.TUBE_OPENED and _tube_text(record) == text

        return self._find(_entry(_tube_tag(text)), text, fits)

    def _find(self, entry, content, fits):
        newest = None
        for number, block in enumerate(self._blocks):
            if not block:
                continue
            at = block.find(entry)
            while at >= 0:
                if at % _ENTRY_BYTES == 0:
                    index = number * _SECTORS_OF_BLOCK + at // _SECTOR_ENTRIES
                    slot = 1 + at % _SECTOR_ENTRIES // _ENTRY_BYTES
                    newest = _later(newest, self._confirm(index, slot, fits))
                at = block.find(entry, at + 1)
        for index in self._unfilled + self._homeless:
            newest = _later(newest, self._look_through(index, content, fits))
        return newest

    def _confirm(self, index, slot, fits):
        if self._ring.state[index] != OPEN:
            return None
        record = self._ring.record_at(index, slot)
        if record is None or not fits(index, record):
            return None
        _, _, _, sequence, minute = layout.read_record_header(record)
        return (sequence, minute) if sequence > self.released else None

    def _look_through(self, index, content, fits):
        newest = None
        for at in range(0, layout.SECTOR_BYTES, _CHUNK_BYTES):
            self._ring.read(index, self._chunk, at)
            if self._chunk.find(content) < 0:
                continue
            for slot in range(at // layout.SLOT_BYTES, (at + _CHUNK_BYTES) // layout.SLOT_BYTES):
                if slot:
                    newest = _later(newest, self._confirm(index, slot, fits))
        return newest


def _later(one, other):
    if one is None or (other is not None and other[0] > one[0]):
        return other
    return one


def _entry(two_bytes):
    """What stands in the index; zeros mean nothing is there."""
    entry = bytes(two_bytes)
    return entry if entry != _NONE else b"\x00\x01"


def _tube_tag(text):
    tag = crc32(text) & 0xFFFF
    return bytes((tag >> 8, tag & 0xFF))


def _tube_text(record):
    return bytes(record[_CLEAR_AT : _CLEAR_AT + record[2]])


def _number(record):
    return struct.unpack_from(">I", record, _CLEAR_AT)[0]
