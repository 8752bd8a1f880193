"""What the process does whose memory is looked through: MicroPython, with the firmware's modules.

    micropython on_device.py FLASH SEED INPUT COLLECTION_KEY COUNT

Nothing here keeps a copy: the flash is a file, written and read without a buffer, and what comes in
is read into one buffer, which is overwritten.
"""

import sys

sys.path[:] = ["firmware", ".frozen"]

from journal import bodies  # noqa: E402
from journal.sealed import SealedJournal  # noqa: E402
from verify.drbg import HmacDrbg  # noqa: E402

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


def register_all(journal, path, count):
    """Subjects of 16 bytes and cti of 8 from a file, as many as it is told."""
    entry = bytearray(24)
    view = memoryview(entry)
    with open(path, "rb") as file:
        for number in range(count):
            file.readinto(entry)
            journal.seen_subject(view[:16])
            payload = [view[:16], view[16:], 3, 1, number % 10 + 1, 77]
            journal.append(bodies.REGISTRATION, NOON, payload)
            entry[:] = bytes(24)
            journal.idle(NOON)


def main(flash, seed, path, collection, count):
    journal = started(flash, seed, bytes.fromhex(collection))
    register_all(journal, path, int(count))
    print("ready")
    sys.stdin.readline()
    return journal


main(*sys.argv[1:])
