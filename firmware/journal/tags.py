"""The index's memory: one byte of the tag of the record in each slot, in RAM.

A sector has a place of 63 bytes, so a byte's position says which slot it is of, and nothing is ever
moved. Places are made 16 sectors at a time, 1 KB, shortly before the ring comes to them, and let go
of when it has left them: a device on which 1 000 people are kept has 2 KB of them, one with a full
ring 16 KB. The pieces are small, for a heap that has been in use for hours has no large ones.

A byte is a hint: of 256 others one seems to be the one looked for. Whoever asks tells from the
flash; at a full ring that are some 60 short reads.
"""

from micropython import const

from journal import layout
from journal.seek import seek

_SLOTS = const(63)  # with records, of a sector
_PIECE_SECTORS = const(16)  # 1008 bytes
_NOTHING = const(0)


class Tags:
    """Entries for the slots of a Ring."""

    def __init__(self, ring):
        self._ring = ring
        self._pieces = [None] * ((ring.count + _PIECE_SECTORS - 1) // _PIECE_SECTORS)
        self._known = bytearray(ring.count)
        self._looked_at = 0  # the piece that was last asked whether it is needed

    def forget(self):
        """All sectors are unknown."""
        for index in range(self._ring.count):
            self._known[index] = False

    def unknow(self, index):
        """What was entered of a sector is not all that it holds."""
        self._known[index] = False

    def is_known(self, index):
        """True if what the sector holds has been entered."""
        return self._known[index]

    def make_ahead(self):
        """Makes the piece that the ring comes to next, and lets go of one that it has left."""
        if self._ring.head >= 0:
            self._make((self._ring.head + 1) % self._ring.count // _PIECE_SECTORS)
        number = self._looked_at = (self._looked_at + 1) % len(self._pieces)
        if self._pieces[number] is not None and not self._is_needed(number):
            self._pieces[number] = None

    def _make(self, number):
        if self._pieces[number] is None:
            sectors = min(_PIECE_SECTORS, self._ring.count - number * _PIECE_SECTORS)
            self._pieces[number] = bytearray(sectors * _SLOTS)

    def _is_needed(self, number):
        ring = self._ring
        first = number * _PIECE_SECTORS
        for index in range(first, min(first + _PIECE_SECTORS, ring.count)):
            if ring.is_kept(index) or index == (ring.head + 1) % ring.count:
                return True
        return False

    def begin(self, index):
        """A sector of the kept is known from now on; nothing is entered of it yet."""
        self._make(index // _PIECE_SECTORS)
        place = self._pieces[index // _PIECE_SECTORS]
        start = index % _PIECE_SECTORS * _SLOTS
        for at in range(start, start + _SLOTS):
            place[at] = _NOTHING
        self._known[index] = True

    def enter(self, index, slot, first):
        """Enters the first byte of the tag of the record in this slot of a known sector."""
        at = index % _PIECE_SECTORS * _SLOTS + slot - 1
        # 0 stands for nothing
        self._pieces[index // _PIECE_SECTORS][at] = first or 1

    def remove(self, index, slot):
        """The record in this slot is not found any more."""
        at = index % _PIECE_SECTORS * _SLOTS + slot - 1
        self._pieces[index // _PIECE_SECTORS][at] = _NOTHING

    def find(self, first, place):
        """The next slot in which such a tag may lie, in the order of writing. Allocates nothing.

        place: behind which one to begin (of a kept sector; its slot 0 is none). A place is
        sector * 64 + slot; it is -1 behind the head. All kept sectors are known.
        """
        index, slot = place // layout.SLOTS, place % layout.SLOTS
        while True:
            # A run of places in one piece, up to the head
            at = index % _PIECE_SECTORS * _SLOTS + slot
            piece = self._pieces[index // _PIECE_SECTORS]
            at = seek(piece, at, self._end_of_run(index), first or 1)
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
