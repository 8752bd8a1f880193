"""The journal on MicroPython, for the scripts here; nothing in this module keeps a copy.

The flash is a file, written and read without a buffer, and seeds are overwritten: that of the
device's identity comes first in their file, then the generator's.
"""

from crypto import signing
from crypto.drbg import HmacDrbg
from crypto.wipe import wipe
from journal.journal import Journal

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
    """Keeps its seed where it is kept for good, in a file: this memory is looked through."""

    device_id = b"DEVICE01"

    def __init__(self, path):
        self._path = path

    def sign(self, message):
        seed = read_secret(self._path, 0)
        signature = signing.sign(seed, message)
        wipe(seed)
        return signature


def read_secret(path, at):
    """32 bytes of a file, to be wiped by the caller."""
    secret = bytearray(32)
    with open(path, "rb") as file:
        file.seek(at)
        file.readinto(secret)
    return secret


def generator(path):
    seed = read_secret(path, 32)
    made = HmacDrbg(seed)
    wipe(seed)
    return made


def started(flash, seed, collection):
    made = generator(seed)
    journal = Journal(
        FileFlash(flash), Identity(seed), lambda: (b"collect1", collection), made.generate
    )
    journal.mount()
    while journal.idle(NOON):
        pass
    return journal
