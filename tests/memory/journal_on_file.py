"""The journal on MicroPython, for the scripts here; nothing in this module keeps a copy.

The flash is a file, written and read without a buffer, and the generator's seed is overwritten.
"""

from journal.sealed import SealedJournal
from verify.drbg import HmacDrbg

SECTOR_BYTES = 4096
SECTORS = 16
NOON = 1700000000


class FileFlash:
    """A partition whose cells are a file: the memory of this process holds none of them."""

    def __init__(self, path):
        self._file = open(path, "r+b")  # noqa: SIM115 - held for the life of the chip

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * SECTOR_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, data, offset):
        # Each place is programmed once, or to zeros.
        self._file.seek(block * SECTOR_BYTES + offset)
        self._file.write(data)

    def ioctl(self, operation, block):
        if operation == 4:
            return SECTORS
        if operation == 5:
            return SECTOR_BYTES
        self._file.seek(block * SECTOR_BYTES)
        self._file.write(b"\xff" * SECTOR_BYTES)
        return 0


class Identity:
    device_id = b"DEVICE01"

    def sign(self, message):
        return bytes(64)


def generator(path):
    seed = bytearray(32)
    with open(path, "rb") as file:
        file.readinto(seed)
    made = HmacDrbg(seed)
    seed[:] = bytes(32)
    return made


def started(flash, seed, collection):
    made = generator(seed)
    journal = SealedJournal(
        FileFlash(flash), Identity(), lambda: (b"collect1", collection), made.generate
    )
    journal.mount()
    while journal.idle(NOON):
        pass
    return journal
