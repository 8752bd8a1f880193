"""The index's memory: of the record in each slot, one byte of its tag in RAM, or two.

A sector has a place of 63 bytes, so a byte's position says which slot it is of, and nothing is ever
moved. All places are made at once, before what comes and goes, in pieces that a heap of many pieces
has room for: 16 KB for a ring of 256 sectors, however many people there are.

As long as the sector half a ring further on is free, its place is free too, and takes the second
bytes of this sector. When the ring comes to it, they give way:

    UNKNOWN   what the sector holds has not been entered
    ONE       first bytes only: of 256 others one seems to be the one looked for
    TWO       first and second bytes: one of 65 000

So up to half the ring there is hardly a false hit, and at a full one there are some 60 a look-up,
which whoever asks tells from the flash.
"""

from micropython import const

from journal import layout
from journal.seek import seek

UNKNOWN = const(0)
ONE = const(1)
TWO = const(2)

_SLOTS = const(63)  # with records, of a sector
_PIECE_SECTORS = const(64)  # 4032 bytes
_NOTHING = const(0)


class Tags:
    """Entries for the slots of a Ring. No method allocates, but for making one."""

    def __init__(self, ring):
        self._ring = ring
        self._half = ring.count // 2
        self._pieces = []
        for start in range(0, ring.count, _PIECE_SECTORS):
            sectors = min(_PIECE_SECTORS, ring.count - start)
            self._pieces.append(bytearray(sectors * _SLOTS))
        self._width = bytearray(ring.count)

    def forget(self):
        """All sectors are unknown."""
        for index in range(self._ring.count):
            self._width[index] = UNKNOWN

    def unknow(self, index):
        """What was entered of a sector is not all that it holds."""
        self._width[index] = UNKNOWN

    def is_known(self, index):
        """True if what the sector holds has been entered."""
        return self._width[index] != UNKNOWN

    def begin(self, index):
        """A sector of the kept is known from now on; nothing is entered of it yet."""
        place = self._pieces[index // _PIECE_SECTORS]
        start = index % _PIECE_SECTORS * _SLOTS
        for at in range(start, start + _SLOTS):
            place[at] = _NOTHING
        # What lay here of the sector half a ring behind is gone.
        behind = (index + self._ring.count - self._half) % self._ring.count
        if self._width[behind] == TWO:
            self._width[behind] = ONE
        self._width[index] = ONE if self._ring.is_kept(self._further(index)) else TWO

    def enter(self, index, slot, first, second):
        """Enters the first two bytes of the tag of the record in this slot."""
        at = index % _PIECE_SECTORS * _SLOTS + slot - 1
        # 0 stands for nothing
        self._pieces[index // _PIECE_SECTORS][at] = first or 1
        if self._width[index] == TWO:
            further = self._further(index)
            at = further % _PIECE_SECTORS * _SLOTS + slot - 1
            self._pieces[further // _PIECE_SECTORS][at] = second

    def remove(self, index, slot):
        """The record in this slot is not found any more."""
        at = index % _PIECE_SECTORS * _SLOTS + slot - 1
        self._pieces[index // _PIECE_SECTORS][at] = _NOTHING

    def find(self, first, second, place):
        """The next slot in which such a tag may lie, in the order of writing.

        place: behind which one to begin (of a kept sector; its slot 0 is none). A place is
        sector * 64 + slot; it is -1 behind the head.
        """
        while True:
            place = self._next(first or 1, place // layout.SLOTS, place % layout.SLOTS)
            if place < 0 or self._may_be(place // layout.SLOTS, place % layout.SLOTS, second):
                return place

    def _next(self, first, index, slot):
        """The next place behind this one whose first byte is `first`, or -1."""
        while True:
            # A run of places in one piece, up to the head
            at = index % _PIECE_SECTORS * _SLOTS + slot
            at = seek(self._pieces[index // _PIECE_SECTORS], at, self._end_of_run(index), first)
            if at >= 0:
                index += at // _SLOTS - index % _PIECE_SECTORS
                return index * layout.SLOTS + at % _SLOTS + 1
            if self._has_head(index):
                return -1
            index += _PIECE_SECTORS - index % _PIECE_SECTORS
            if index >= self._ring.count:
                index = 0
            slot = 0

    def _end_of_run(self, index):
        if self._has_head(index):
            return (self._ring.head % _PIECE_SECTORS + 1) * _SLOTS
        return len(self._pieces[index // _PIECE_SECTORS])

    def _has_head(self, index):
        """True if the head is this sector, or one behind it in the same piece."""
        head = self._ring.head
        return index <= head and index // _PIECE_SECTORS == head // _PIECE_SECTORS

    def _may_be(self, index, slot, second):
        if self._width[index] != TWO:
            return self._width[index] == ONE
        further = self._further(index)
        at = further % _PIECE_SECTORS * _SLOTS + slot - 1
        return self._pieces[further // _PIECE_SECTORS][at] == second

    def _further(self, index):
        return (index + self._half) % self._ring.count
