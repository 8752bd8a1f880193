"""The sectors of the sealed journal as a ring: which hold what, which comes next, what is erased.

    tail ... head      kept: may hold records that must stay
    head+1 ... tail-1  free: taken in this order, each erased ahead of need

States of a sector:

    DIRTY     says nothing: never used, an erase or a header that was cut, or damaged
    ERASED    erased to the end, and marked so by the magic at its start
    OPEN      has a header; a free one was released and waits to be erased
    SPOILED   free, but passed over until the ring comes round again: its erase or its header failed
              or was cut, and erasing it once more would wear it more than the others

A sector without a good header between tail and head is damaged, not free. What is read there counts
only if its sequence number fits between the neighbours'.
"""

from array import array

from micropython import const

from journal import bodies, layout
from journal.flash import Flash
from journal.tag_keys import TagKeys

DIRTY = const(0)
ERASED = const(1)
OPEN = const(2)
SPOILED = const(3)

_NO_SEQUENCE = const(0xFFFFFFFF)


class Ring:
    """What is known of the sectors of a partition, kept in 7 bytes each.

    partition: an `esp32.Partition` or what has its readblocks, writeblocks and ioctl.
    """

    def __init__(self, partition):
        self.flash = Flash(partition)
        self.count = self.flash.sectors
        self.state = bytearray(self.count)
        self.first = array("I", bytes(4 * self.count))  # of OPEN sectors
        self.keys = TagKeys(self.count)  # of OPEN sectors
        self._kept_keys = None
        self._uncleared = []  # spoiled sectors that did not take it yet
        self.head = -1
        self.end = layout.SLOTS  # the head's slots from here on hold no record
        self.tail = 0
        self.all_erased = False
        self.head_bytes = bytearray(layout.SLOT_BYTES)

    # -- finding everything again -------------------------------------------------------

    def forget(self):
        """Nothing is known, before all headers are read."""
        self.head = -1
        self.end = layout.SLOTS
        self.all_erased = False
        self.keys.keep(())
        self._kept_keys = None
        self._uncleared = []

    def advance(self, index, first, tag_key):
        """A free sector has become the head."""
        if self.head < 0:
            self.tail = index
        else:
            for passed in self.free_places():
                if passed == index:
                    break
                self.state[passed] = DIRTY  # to be erased with its neighbours, next time round
        self.head = index
        self.state[index] = OPEN
        self.opened(index, first, tag_key)

    def opened(self, index, first, tag_key):
        """Notes the header that a sector has. tag_key: bytes for this alone."""
        self._kept_keys = None
        self.first[index] = first
        self.keys.add(index, tag_key)

    def share_key(self, index):
        """A kept sector whose header does not read has the key of one before it, most likely."""
        other = index
        while self.state[other] != OPEN:
            if other == self.tail:
                return
            other = self.before(other)
        self.keys.share(index, other)

    def kept_keys(self):
        """The places in `keys` of those of the kept sectors."""
        if self._kept_keys is None:
            self._kept_keys = self._find_kept_keys()
        return self._kept_keys

    def _find_kept_keys(self):
        # By itself: what a comprehension uses, each call of the function around it allocates.
        return {self.keys.place_of(index) for index in self.kept() if self.state[index] == OPEN}

    def _drop_keys(self):
        """Overwrites the keys that no sector has any more."""
        sectors = range(self.count)
        self.keys.keep({self.keys.place_of(i) for i in sectors if self.state[i] == OPEN})

    def keep(self, released):
        """Moves the tail: what is not released stays, and the epoch it needs to be opened."""
        wanted = released + 1
        _, header = self.checkpoint(wanted)
        if header is not None and 0 < header.epoch < wanted:
            wanted = header.epoch
        self.keep_from(wanted)

    def keep_from(self, sequence):
        """Sets the tail: everything from this sequence number on stays."""
        self.all_erased = False
        self._kept_keys = None
        if self.head < 0:
            return
        self.tail = index = self.head
        while self.first[self.tail] > sequence:
            index = self.before(index)
            if index == self.head:
                return self._keep_damaged()
            # Others may lie between: passed over, damaged.
            if self.state[index] == OPEN and self.first[index] < self.first[self.tail]:
                self.tail = index

    def _keep_damaged(self):
        """Nothing as old as it should be is left: what cannot be read may be it."""
        index = self.before(self.tail)
        while index != self.head and self.state[index] == DIRTY and self._has_record(index):
            self.tail = index
            index = self.before(index)

    def _has_record(self, index):
        for slot in range(1, layout.SLOTS):
            if self.flash.record_at(index, slot) is not None:
                return True
        return False

    def spoil(self, index):
        """Passes a free sector over until the ring comes round again.

        Raises OSError; then nothing may be written before `clear_spoiled` is through.
        """
        self.state[index] = SPOILED
        self._uncleared.append(index)
        self.clear_spoiled()

    def clear_spoiled(self):
        """Clears what could be taken for a header, or for a record of one that was cut."""
        while self._uncleared:
            self._clear_spoiled(self._uncleared[-1])
            self._uncleared.pop()

    def _clear_spoiled(self, index):
        # A whole magic stays: so the next round knows that this one erased the sector.
        start = len(layout.MAGIC) if self.flash.start(index)[:4] == layout.MAGIC else 0
        try:
            self.flash.clear(index, start, layout.PAGE_BYTES - start)
        except OSError:
            # A sector that takes nothing any more is left as it is, unless it is in the way.
            first = layout.sector_first(self.flash.start(index))
            if first and (self.head < 0 or first >= self.first[self.head]):
                raise

    def before(self, index):
        """The sector in front of one, in the ring's order."""
        return (index or self.count) - 1

    def after(self, index):
        """The sector behind one."""
        return index + 1 if index + 1 < self.count else 0

    # -- space --------------------------------------------------------------------------

    def kept(self):
        """Yields the indices from tail to head."""
        if self.head < 0:
            return
        index = self.tail
        while index != self.head:
            yield index
            index = self.after(index)
        yield index

    def is_kept(self, index):
        """True for one of `kept`."""
        if self.head < 0:
            return False
        return (index - self.tail) % self.count <= (self.head - self.tail) % self.count

    def is_free(self, index):
        """True for one of `free_places`, given one that is or the head."""
        return self.head < 0 or index != self.tail

    def free_places(self):
        """Yields the indices of the sectors that may be taken, in order."""
        if self.head < 0:
            yield from range(self.count)
            return
        index = self.after(self.head)
        while index != self.tail:
            yield index
            index = self.after(index)

    def free(self):
        """How many sectors can be taken."""
        return sum(self.state[index] != SPOILED for index in self.free_places())

    def next_free(self):
        """The sector to be taken next, or -1. A spoiled one only where there is no other."""
        spoiled = -1
        for index in self.free_places():
            if self.state[index] != SPOILED:
                return index
            if spoiled < 0:
                spoiled = index
        return spoiled

    # -- erasing ------------------------------------------------------------------------

    def erase_next(self):
        """Erases the next free sector that needs it; False if there was none."""
        if self.all_erased:
            return False
        for index in self.free_places():
            if self.state[index] == DIRTY or self.state[index] == OPEN:
                self.erase(index)
                return True
        self.all_erased = True
        return False

    def erase(self, index):
        """Erases a free sector. True if it is erased; else it is passed over in this round.

        A sector is worn by an erase that was cut as by one that was not. To erase it once more
        would wear it more than the others; not to erase it in this round, less, if its erase had
        not begun. So an erase is announced: first the magic of the sector goes, then half of the
        magic of the one behind it. Whatever the cut has left of the first, the second says that it
        had begun. A sector that says `erased` is erased to the end, or it would not say so.
        """
        self.state[index] = SPOILED
        is_erased = self._erase(index)
        if is_erased:
            self.state[index] = ERASED
        self._drop_keys()
        return is_erased

    def _erase(self, index):
        try:
            self.flash.clear(index, 0, len(layout.MAGIC))
            following = self.after(index)
            if self.is_free(following) and self.state[following] in (DIRTY, OPEN):
                self.state[following] = DIRTY
                self.flash.clear(following, 0, len(layout.MAGIC) // 2)
            if not self.flash.erase(index):
                return False
            self.flash.mark_erased(index)
        except OSError:
            return False
        return True

    # -- records ------------------------------------------------------------------------

    def records(self, index):
        """Yields (slot, record) of a kept sector; a record is valid until the next."""
        low, high = self.bounds(index)
        slot = 1
        # A program that was refused may have left a whole record all the same.
        end = self.end if index == self.head else layout.SLOTS
        while slot < end:
            record = self.flash.record_at(index, slot)
            if record is None:
                slot += 1
                continue
            slots = layout.slots_of(len(record))
            sequence = bodies.sequence(record)
            if low <= sequence < high:
                low = sequence + 1
                yield slot, record
            slot += slots

    def bounds(self, index):
        """(lowest, behind the highest) sequence number that a kept sector can hold."""
        low = 1
        before = index
        while self.state[before] != OPEN:
            if before == self.tail:
                break
            before = self.before(before)
        else:
            low = self.first[before] if before == index else self.first[before] + 1
        after = index
        while after != self.head:
            after = self.after(after)
            if self.state[after] == OPEN:
                return low, self.first[after]
        return low, _NO_SEQUENCE

    def sector_of(self, sequence):
        """The kept sector in which to begin looking for a sequence number, or -1."""
        found = -1
        for index in self.kept():
            if self.state[index] != OPEN:
                continue
            if self.first[index] > sequence:
                break
            found = index
        return found

    def checkpoint(self, sequence):
        """(sector, its SectorHeader) from which all up to a sequence number follows; or (-1, None).

        That of `sector_of`, or of one before it where that header does not read any more.
        """
        index = self.sector_of(sequence)
        while index >= 0:
            if self.state[index] == OPEN:
                header = self.flash.header(index)
                if header is not None:
                    return index, header
            index = self.before(index) if index != self.tail else -1
        return -1, None
