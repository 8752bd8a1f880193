"""The revocation table where it lies: in one of two slots of the `lists` partition.

It is too big for a file, and for RAM. One slot is in force; the signed list, a file, names it and
vouches for it. Another table is written into the other slot, and counts from the moment its list
is installed (installing.py).
"""

from system.partitions import BLOCK_COUNT, SECTOR_BYTES
from verify import revocation


class Revocations:
    """partition: what an `esp32.Partition` has.

    slot: the one in force. count: how many entries its table has.
    """

    def __init__(self, partition):
        self.flash = partition
        self.sectors_of_slot = partition.ioctl(BLOCK_COUNT, 0) // 2
        self.capacity_bytes = self.sectors_of_slot * SECTOR_BYTES
        self.slot = 1
        self.count = 0

    def is_listed(self, kid, cti):
        """True if the table in force names what the key `kid` signed under the id `cti`."""
        if not self.count:
            return False
        return revocation.is_listed(self._read, self.count, revocation.entry(kid, cti))

    def _read(self, offset, buffer):
        self.read_into(self.slot, offset, buffer)

    def read(self, slot, offset, length):
        """Bytes of a slot's table, as a bytearray. Raises OSError."""
        piece = bytearray(length)
        self.read_into(slot, offset, piece)
        return piece

    def read_into(self, slot, offset, buffer):
        """Fills a buffer from a slot's table. Raises OSError."""
        block = slot * self.sectors_of_slot + offset // SECTOR_BYTES
        start = offset % SECTOR_BYTES
        left = len(buffer)
        if left <= SECTOR_BYTES - start:
            self.flash.readblocks(block, buffer, start)  # without a view, which would be allocated
            return
        view = memoryview(buffer)
        while left:
            part = min(left, SECTOR_BYTES - start)
            done = len(buffer) - left
            self.flash.readblocks(block, view[done : done + part], start)
            left -= part
            block += 1
            start = 0
