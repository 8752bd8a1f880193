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

from crypto.wipe import wipe
from micropython import const

from journal import layout

DIRTY = const(0)
ERASED = const(1)
OPEN = const(2)
SPOILED = const(3)

_ERASE_BLOCK = const(6)
_BLOCK_COUNT = const(4)
_BLOCK_SIZE = const(5)
_NO_SEQUENCE = const(0xFFFFFFFF)


class Ring:
    """The flash partition and what is known of its sectors, kept in 7 bytes each.

    partition: an `esp32.Partition` or what has its readblocks, writeblocks and ioctl.
    """

    def __init__(self, partition):
        if partition.ioctl(_BLOCK_SIZE, 0) != layout.SECTOR_BYTES:
            raise ValueError("the journal needs sectors of 4096 bytes")
        self._flash = partition
        self.count = partition.ioctl(_BLOCK_COUNT, 0)
        self.state = bytearray(self.count)
        self.first = array("I", bytes(4 * self.count))  # of OPEN sectors
        self.keys = []  # the different tag keys, 12 bytes each; None where there was one
        self.key_of = array("H", bytes(2 * self.count))  # of OPEN sectors: index into keys
        self._kept_keys = None
        self._uncleared = []  # spoiled sectors that did not take it yet
        self.head = -1
        self.end = layout.SLOTS  # the head's slots from here on hold no record
        self.tail = 0
        self.all_erased = False
        self.head_bytes = bytearray(layout.SLOT_BYTES)
        self._slot = bytearray(layout.SLOT_BYTES)
        self._buffer = bytearray(layout.MAX_RECORD_BYTES)
        self._view = memoryview(self._buffer)

    # -- finding everything again -------------------------------------------------------

    def forget(self):
        """Nothing is known, before all headers are read."""
        self.head = -1
        self.end = layout.SLOTS
        self.all_erased = False
        self.keys = []
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
        if tag_key not in self.keys:
            self.key_of[index] = self._add_key(tag_key)
            return
        self.key_of[index] = place = self.keys.index(tag_key)
        if self.keys[place] is not tag_key:
            wipe(tag_key)

    def _add_key(self, tag_key):
        for place, key in enumerate(self.keys):
            if key is None:
                self.keys[place] = tag_key
                return place
        self.keys.append(tag_key)
        return len(self.keys) - 1

    def forget_keys(self):
        """Overwrites the tag keys that no sector has any more; returns their places in `keys`."""
        used = {self.key_of[index] for index in range(self.count) if self.state[index] == OPEN}
        gone = []
        for place, key in enumerate(self.keys):
            if key is not None and place not in used:
                wipe(key)
                self.keys[place] = None
                gone.append(place)
        return gone

    def kept_keys(self):
        """The places in `keys` of the kept sectors' keys."""
        if self._kept_keys is None:
            self._kept_keys = self._find_kept_keys()
        return self._kept_keys

    def _find_kept_keys(self):
        # By itself: what a comprehension uses, each call of the function around it allocates.
        return {self.key_of[index] for index in self.kept() if self.state[index] == OPEN}

    def header(self, index):
        """The SectorHeader of a sector, or None."""
        self._flash.readblocks(index, self._slot, 0)
        return layout.read_sector_header(self._slot)

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
            if self.record_at(index, slot) is not None:
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
            index = self._uncleared[-1]
            # A whole magic stays: so the next round knows that this one erased the sector.
            start = len(layout.MAGIC) if self.start(index)[:4] == layout.MAGIC else 0
            try:
                self._flash.writeblocks(index, bytes(layout.PAGE_BYTES - start), start)
            except OSError:
                # A sector that takes nothing any more is left as it is, unless it is in the way.
                first = layout.sector_first(self.start(index))
                if first and (self.head < 0 or first >= self.first[self.head]):
                    raise
            self._uncleared.pop()

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
        try:
            self._flash.writeblocks(index, bytes(len(layout.MAGIC)), 0)
            following = self.after(index)
            if self.is_free(following) and self.state[following] in (DIRTY, OPEN):
                self.state[following] = DIRTY
                self._flash.writeblocks(following, bytes(len(layout.MAGIC) // 2), 0)
            self._flash.ioctl(_ERASE_BLOCK, index)
            if not self._is_blank(index):
                return False
            self._flash.writeblocks(index, layout.MAGIC, 0)
        except OSError:
            return False
        self.state[index] = ERASED
        return True

    def start(self, index):
        """The first 64 bytes of a sector, valid until the next call."""
        self._flash.readblocks(index, self._slot, 0)
        return self._slot

    def _is_blank(self, index):
        for at in range(0, layout.SECTOR_BYTES, layout.SLOT_BYTES):
            self._flash.readblocks(index, self._slot, at)
            if self._slot != layout.BLANK:
                return False
        return True

    # -- records ------------------------------------------------------------------------

    def program(self, index, slot, data):
        """Programs bytes at a slot and compares; True if they are there. Raises OSError.

        data: bytes-like that does not cross a page.
        """
        self._flash.writeblocks(index, data, slot * layout.SLOT_BYTES)
        return self.holds(index, slot, data)

    def holds(self, index, slot, data):
        """True if these bytes are at a slot. Raises OSError."""
        at = slot * layout.SLOT_BYTES
        done = 0
        while done < len(data):
            part = self._view[: min(len(data) - done, layout.MAX_RECORD_BYTES)]
            self._flash.readblocks(index, part, at + done)
            if part != data[done : done + len(part)]:
                return False
            done += len(part)
        return True

    def retire(self, index, slot, slots):
        """Clears slots that hold no record and must never seem to."""
        self._flash.writeblocks(index, bytes(slots * layout.SLOT_BYTES), slot * layout.SLOT_BYTES)

    def record_at(self, index, slot):
        """The whole record that begins at this slot, a memoryview until the next call; or None."""
        first = self._view[: layout.SLOT_BYTES]
        at = slot * layout.SLOT_BYTES
        self._flash.readblocks(index, first, at)
        length = layout.record_length(first)
        slots = layout.slots_of(length)
        if not length or slot % layout.SLOTS_OF_PAGE + slots > layout.SLOTS_OF_PAGE:
            return None
        if slots > 1:
            rest = self._view[layout.SLOT_BYTES : length]
            self._flash.readblocks(index, rest, at + layout.SLOT_BYTES)
        record = self._view[:length]
        return record if layout.is_whole(record) else None

    def slot_read(self):
        """The 64 bytes that `record_at` has just read."""
        return self._view[: layout.SLOT_BYTES]

    def records(self, index):
        """Yields (slot, record) of a kept sector; a record is valid until the next."""
        low, high = self.bounds(index)
        slot = 1
        # A program that was refused may have left a whole record all the same.
        end = self.end if index == self.head else layout.SLOTS
        while slot < end:
            record = self.record_at(index, slot)
            if record is None:
                slot += 1
                continue
            slots = layout.slots_of(len(record))
            sequence = layout.read_record_header(record)[3]
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

    def read(self, index, buffer, at):
        """Fills `buffer` from byte `at` of a sector."""
        self._flash.readblocks(index, buffer, at)
