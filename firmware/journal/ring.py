"""The sectors of the sealed journal as a ring: which hold what, which comes next, what is erased.

    tail ... head      kept: may hold records that must stay
    head+1 ... tail-1  free: taken in this order, each erased ahead of need

States of a sector:

    DIRTY     says nothing: never used, an erase or a header that was cut, or damaged
    ERASED    erased to the end, and marked so by the magic at its start
    OPEN      has a header; a free one was released and waits to be erased
    SPOILED   free, but passed over until the ring comes round again: power failed inside its erase
              or its header, and erasing it once more would wear it more than the others

A sector without a good header between tail and head is damaged, not free. What is read there counts
only if its sequence number fits between the neighbours'.
"""

from array import array

from micropython import const

from journal import layout

DIRTY = const(0)
ERASED = const(1)
OPEN = const(2)
SPOILED = const(3)

_ERASE_BLOCK = const(6)
_BLOCK_COUNT = const(4)
_BLOCK_SIZE = const(5)
_NO_SEQUENCE = 0xFFFFFFFF


class Ring:
    """The flash partition and what is known of its sectors, kept in 6 bytes each.

    partition: an `esp32.Partition` or what has its readblocks, writeblocks and ioctl.
    """

    def __init__(self, partition):
        if partition.ioctl(_BLOCK_SIZE, 0) != layout.SECTOR_BYTES:
            raise ValueError("the journal needs sectors of 4096 bytes")
        self._flash = partition
        self.count = partition.ioctl(_BLOCK_COUNT, 0)
        self.state = bytearray(self.count)
        self.first = array("I", bytes(4 * self.count))  # of OPEN sectors
        self.keys = []  # the different tag keys, 12 bytes each
        self.key_of = bytearray(self.count)  # of OPEN sectors: index into keys
        self.head = -1
        self.tail = 0
        self.all_erased = False
        self.head_bytes = bytearray(layout.SLOT_BYTES)
        self._slot = bytearray(layout.SLOT_BYTES)
        self._buffer = bytearray(layout.MAX_RECORD_BYTES)
        self._view = memoryview(self._buffer)

    # -- finding everything again -------------------------------------------------------

    def find(self):
        """Reads all headers; afterwards `head` is the newest sector, -1 if there is none."""
        self.head = -1
        self.all_erased = False
        self.keys = []
        for index in range(self.count):
            self.state[index] = self._classify(index)
            if self.state[index] == OPEN and (
                self.head < 0 or self.first[index] > self.first[self.head]
            ):
                self.head = index
                # Kept, because a header that was cut may not read the same again.
                self.head_bytes[:] = self._slot

    def _classify(self, index):
        slot = self._slot
        self._flash.readblocks(index, slot, 0)
        first = layout.sector_first(slot)
        if first:
            self.opened(index, first, bytes(slot[layout.TAG_KEY_AT : layout.TAG_KEY_AT + 12]))
            return OPEN
        return ERASED if layout.is_erased_mark(slot) else DIRTY

    def advance(self, index, first, tag_key):
        """A free sector has become the head."""
        if self.head < 0:
            self.tail = index
        else:
            passed = self._after(self.head)
            while passed != index:
                self.state[passed] = DIRTY  # to be erased with its neighbours, next time round
                passed = self._after(passed)
        self.head = index
        self.state[index] = OPEN
        self.opened(index, first, tag_key)

    def opened(self, index, first, tag_key):
        """Notes the header that a sector has."""
        self.first[index] = first
        if tag_key not in self.keys:
            self._add_key(tag_key)
        self.key_of[index] = self.keys.index(tag_key)

    def _add_key(self, tag_key):
        for place in range(len(self.keys)):
            for index in range(self.count):
                if self.state[index] == OPEN and self.key_of[index] == place:
                    break
            else:
                self.keys[place] = tag_key
                return
        self.keys.append(tag_key)

    def header(self, index):
        """The SectorHeader of a sector, or None."""
        self._flash.readblocks(index, self._slot, 0)
        return layout.read_sector_header(self._slot)

    def keep_from(self, sequence):
        """Sets the tail: everything from this sequence number on stays."""
        self.all_erased = False
        if self.head < 0:
            return
        self.tail = index = self.head
        while self.first[self.tail] > sequence:
            index = self._before(index)
            if index == self.head or self.state[index] == ERASED:
                return self._keep_damaged()
            if self.state[index] == OPEN:
                if self.first[index] > self.first[self.tail]:
                    return self._keep_damaged()
                self.tail = index

    def _keep_damaged(self):
        """Nothing as old as it should be is left: what cannot be read may be it."""
        index = self._before(self.tail)
        while index != self.head and self.state[index] == DIRTY:
            self.tail = index
            index = self._before(index)

    def distrust(self, head_is_full):
        """After a restart: passes over the sectors in which power may have failed.

        Returns how many. That is the first one behind the erased ones if it is not as the ring
        leaves sectors, and, behind a full head, the one whose header could have been on its way.
        """
        before = 0
        following = index = self._after(self.head)
        while index != self.tail and self.state[index] == ERASED:
            index = self._after(index)
        if index != self.tail and self.state[index] == DIRTY:
            ahead = self._after(index)
            if not self._is_blank(index, layout.PAGE_BYTES):
                before += self._pass_over(index, ahead == self.tail or self.state[ahead] != DIRTY)
        if head_is_full and following != self.tail and self.state[following] == ERASED:
            before += self._pass_over(following, True)
        return before

    def _pass_over(self, index, is_worn):
        """Clears what could be taken for a header. Where space is short it is erased again."""
        if is_worn and self.free() > 2:
            self.spoil(index)
            return 1
        self._flash.writeblocks(index, bytes(layout.PAGE_BYTES), 0)
        self.state[index] = DIRTY
        return 0

    def spoil(self, index):
        """Passes a free sector over until the ring comes round again. Raises OSError."""
        self.state[index] = SPOILED
        self._flash.writeblocks(index, bytes(layout.PAGE_BYTES), 0)

    def _before(self, index):
        return (index or self.count) - 1

    def _after(self, index):
        return index + 1 if index + 1 < self.count else 0

    # -- space --------------------------------------------------------------------------

    def kept(self):
        """Yields the indices from tail to head."""
        if self.head < 0:
            return
        index = self.tail
        while index != self.head:
            yield index
            index = self._after(index)
        yield index

    def free(self):
        """How many sectors can be taken."""
        if self.head < 0:
            return self.count
        free = 0
        index = self._after(self.head)
        while index != self.tail:
            free += self.state[index] != SPOILED
            index = self._after(index)
        return free

    def next_free(self):
        """The sector to be taken next, or -1."""
        if self.head < 0:
            return 0
        index = self._after(self.head)
        spoiled = -1
        while index != self.tail:
            if self.state[index] != SPOILED:
                return index
            if spoiled < 0:
                spoiled = index
            index = self._after(index)
        return spoiled

    def erase_next(self):
        """Erases the next free sector that needs it; False if there was none. Raises OSError."""
        if self.all_erased:
            return False
        index = self._after(self.head) if self.head >= 0 else 0
        for _ in range(self.count):
            if self.head >= 0 and index == self.tail:
                break
            if self.state[index] == DIRTY or self.state[index] == OPEN:
                self.erase(index)
                return True
            index = self._after(index)
        self.all_erased = True
        return False

    def erase(self, index):
        """Erases a free sector and marks it as erased. Raises OSError."""
        self.state[index] = DIRTY
        self._flash.ioctl(_ERASE_BLOCK, index)
        if self._is_blank(index, layout.SECTOR_BYTES):
            self._flash.writeblocks(index, layout.MAGIC, 0)
            self.state[index] = ERASED
        else:
            self.spoil(index)

    def _is_blank(self, index, size):
        for at in range(0, size, layout.SLOT_BYTES):
            self._flash.readblocks(index, self._slot, at)
            if self._slot != layout.BLANK:
                return False
        return True

    # -- records ------------------------------------------------------------------------

    def program(self, index, slot, data):
        """Programs bytes at a slot and compares; True if they are there. Raises OSError.

        data: bytes-like that does not cross a page.
        """
        at = slot * layout.SLOT_BYTES
        self._flash.writeblocks(index, data, at)
        done = 0
        while done < len(data):
            part = self._view[: min(len(data) - done, layout.MAX_RECORD_BYTES)]
            self._flash.readblocks(index, part, at + done)
            if part != data[done : done + len(part)]:
                return False
            done += len(part)
        return True

    def refresh_header(self):
        """Programs the newest header once more: the same bits, now for certain."""
        self._flash.writeblocks(self.head, self.head_bytes, 0)

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
        low, high = self._bounds(index)
        slot = 1
        while slot < layout.SLOTS:
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

    def _bounds(self, index):
        """(lowest, behind the highest) sequence number that a kept sector can hold."""
        low = 1
        before = index
        while self.state[before] != OPEN:
            if before == self.tail:
                break
            before = self._before(before)
        else:
            low = self.first[before] if before == index else self.first[before] + 1
        after = index
        while after != self.head:
            after = self._after(after)
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
