"""A flash partition in RAM for tests of the domain, on both runtimes.

Programming only clears bits; a cut can be set at any operation and any byte of it.
"""

SECTOR_BYTES = 4096


class Cut(Exception):
    """The power went."""


class RamFlash:
    """Has `esp32.Partition`'s readblocks, writeblocks and ioctl."""

    def __init__(self, sectors):
        self.bytes = bytearray(b"\xff" * (sectors * SECTOR_BYTES))
        self.operations = 0
        self.erases = 0
        self.cut_at = None  # (operation, bytes done of it)

    def _cut_here(self):
        self.operations += 1
        return self.cut_at is not None and self.cut_at[0] == self.operations

    def readblocks(self, block, buffer, offset=0):
        start = block * SECTOR_BYTES + offset
        assert start + len(buffer) <= len(self.bytes)
        buffer[:] = self.bytes[start : start + len(buffer)]

    def writeblocks(self, block, data, offset):
        start = block * SECTOR_BYTES + offset
        assert start + len(data) <= len(self.bytes)
        cut = self._cut_here()
        for index in range(len(data)):
            byte = data[index]
            if cut and index >= self.cut_at[1]:
                self.bytes[start + index] &= byte | 0x5A  # half of the bits came through
                raise Cut()
            self.bytes[start + index] &= byte
        if cut:
            raise Cut()

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.bytes) // SECTOR_BYTES
        if operation == 5:
            return SECTOR_BYTES
        assert operation == 6
        start = argument * SECTOR_BYTES
        if self._cut_here():
            for index in range(self.cut_at[1]):
                self.bytes[start + index % SECTOR_BYTES] |= 0xA5
            raise Cut()
        self.bytes[start : start + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES
        self.erases += 1
        return 0
