"""The journal's partition, slot by slot: what is programmed is compared, what is read is checked.

What a sector or a record means to the others is `ring`'s. Buffers are made once: what a method
returns is valid until the next call.
"""

from system import partitions

from journal import layout


class Flash:
    """partition: an `esp32.Partition` or what has its readblocks, writeblocks and ioctl.

    All methods raise OSError as that does.
    """

    def __init__(self, partition):
        if partition.ioctl(partitions.BLOCK_SIZE, 0) != layout.SECTOR_BYTES:
            raise ValueError("the journal needs sectors of 4096 bytes")
        self._partition = partition
        self.sectors = partition.ioctl(partitions.BLOCK_COUNT, 0)
        self._start = bytearray(layout.SLOT_BYTES)
        self._buffer = bytearray(layout.MAX_RECORD_BYTES)
        self._view = memoryview(self._buffer)
        self._slot = self._view[: layout.SLOT_BYTES]

    def read(self, index, buffer, at):
        """Fills `buffer` from byte `at` of a sector."""
        self._partition.readblocks(index, buffer, at)

    def start(self, index):
        """The first 64 bytes of a sector."""
        self._partition.readblocks(index, self._start, 0)
        return self._start

    def mended_start(self, index):
        """The same, with a single wrong bit of a header put right."""
        layout.mend_sector_header(self.start(index))
        return self._start

    def header(self, index):
        """The SectorHeader of a sector, or None."""
        return layout.read_sector_header(self.mended_start(index))

    def record_at(self, index, slot):
        """The whole record that begins at this slot, a memoryview; or None."""
        first = self._slot
        at = slot * layout.SLOT_BYTES
        self._partition.readblocks(index, first, at)
        length = layout.record_length(first)
        slots = layout.slots_of(length)
        if not length or slot % layout.SLOTS_OF_PAGE + slots > layout.SLOTS_OF_PAGE:
            return None
        if slots > 1:
            rest = self._view[layout.SLOT_BYTES : length]
            self._partition.readblocks(index, rest, at + layout.SLOT_BYTES)
        record = self._view[:length]
        return record if layout.is_whole(record) else None

    def slot_read(self):
        """The 64 bytes that `record_at` has just read."""
        return self._slot

    def holds(self, index, slot, data):
        """True if these bytes are at a slot."""
        if len(data) != layout.SLOT_BYTES:
            return self._holds_more(index, slot * layout.SLOT_BYTES, data)
        self._partition.readblocks(index, self._slot, slot * layout.SLOT_BYTES)
        return self._slot == data

    def _holds_more(self, index, at, data):
        done = 0
        while done < len(data):
            part = self._view[: min(len(data) - done, layout.MAX_RECORD_BYTES)]
            self._partition.readblocks(index, part, at + done)
            if part != data[done : done + len(part)]:
                return False
            done += len(part)
        return True

    def program(self, index, slot, data):
        """Programs bytes at a slot and compares; True if they are there.

        data: bytes-like that does not cross a page.
        """
        self._partition.writeblocks(index, data, slot * layout.SLOT_BYTES)
        return self.holds(index, slot, data)

    def clear(self, index, start, size):
        """Programs `size` bytes from byte `start` of a sector to zeros."""
        self._partition.writeblocks(index, bytes(size), start)

    def retire(self, index, slot, slots):
        """Clears slots that hold no record and must never seem to."""
        self.clear(index, slot * layout.SLOT_BYTES, slots * layout.SLOT_BYTES)

    def erase(self, index):
        """Erases a sector; True if it is blank then."""
        self._partition.ioctl(partitions.ERASE_BLOCK, index)
        for slot in range(layout.SLOTS):
            self._partition.readblocks(index, self._slot, slot * layout.SLOT_BYTES)
            if self._slot != layout.BLANK:
                return False
        return True

    def mark_erased(self, index):
        """Writes the magic, which says that a sector was erased to its end."""
        self._partition.writeblocks(index, layout.MAGIC, 0)
