"""A NOR flash chip: programming only clears bits, erasing sets whole sectors, both take time.

Contents live in a file of the chip's size, so they outlive the process. Times are the typical
ones of a W25Q32JV (datasheet, AC characteristics: page program 0.7 ms, sector erase 45 ms); an old
chip may take 400 ms for an erase: `erase_us` says how long this one takes.

Power can fail inside an operation. `cut_at(k, byte)` makes it fail in operation number k (page
programs and sector erases count from 0), `byte` bytes into its range: what is before is done,
what is after is half done in ways drawn from `seed`. After a cut erase some bits of the sector
read differently from one time to the next, until it is erased again.
"""

import mmap
import random

SECTOR_BYTES = 4096
PAGE_BYTES = 256
PROGRAM_US = 700  # one page
ERASE_US = 45_000  # one sector
READ_BYTES_PER_US = 10  # 40 MHz, two lines


class PowerCut(BaseException):
    """The power is gone. Not an Exception: nothing on the device can catch that."""


class NorFlash:
    """`busy(us)` lets time pass during an operation; it may raise PowerCut, which
    leaves the operation half done. `lost()` is called as `cut_at` makes power fail.
    """

    def __init__(self, path, size, seed=0, busy=None, lost=None):
        self.size = size
        self.program_count = 0  # pages
        self.erase_count = 0  # sectors
        self.operations = 0
        self.erase_us = ERASE_US
        self.erases_of_sector = [0] * (size // SECTOR_BYTES)
        self._seed = seed
        self._busy = busy
        self._lost = lost
        self._cut = None
        self._weak = {}  # sector -> [(address, mask of unsteady bits)]
        self._unsteady = random.Random(f"unsteady {seed}")
        self._file = open(path, "a+b")  # noqa: SIM115 - held for the life of the chip
        have = self._file.seek(0, 2)
        if have == 0:
            blank = b"\xff" * SECTOR_BYTES
            for _ in range(size // SECTOR_BYTES):
                self._file.write(blank)
            self._file.flush()
        elif have != size:
            self._file.close()
            raise ValueError(f"{path} holds {have} bytes, the chip has {size}")
        self._file.close()
        self._file = open(path, "r+b")  # noqa: SIM115
        self._cells = mmap.mmap(self._file.fileno(), size)

    def close(self):
        """Let go of the file."""
        self._cells.close()
        self._file.close()

    def cut_at(self, operation, byte=None):
        """Let power fail in operation number `operation` (see `operations`), `byte` bytes in.

        Without `byte` the place is drawn by the seed. `operation` None takes it back.
        """
        self._cut = None if operation is None else (operation, byte)

    def read(self, address, count):
        """`count` bytes at `address`."""
        self._check(address, count)
        data = self._cells[address : address + count]
        if self._weak:
            data = self._with_unsteady_bits(address, bytearray(data))
        if self._busy:
            self._busy(count // READ_BYTES_PER_US)
        return bytes(data)

    def program(self, address, data):
        """Clear the bits that are 0 in `data`, page by page. Raises PowerCut."""
        self._check(address, len(data))
        data = bytes(data)
        place = 0
        while place < len(data):
            room = PAGE_BYTES - (address + place) % PAGE_BYTES
            chunk = data[place : place + room]
            self._program_page(address + place, chunk)
            place += len(chunk)

    def erase(self, address):
        """Set the sector that starts at `address` to 0xFF. Raises PowerCut."""
        self._check(address, SECTOR_BYTES)
        if address % SECTOR_BYTES:
            raise ValueError(f"0x{address:x} is not the start of a sector")
        cut = self._begin(SECTOR_BYTES)
        self.erase_count += 1
        self.erases_of_sector[address // SECTOR_BYTES] += 1
        done, rng = cut
        try:
            self._take(self.erase_us, done, SECTOR_BYTES)
        except PowerCut:
            old = self._cells[address : address + SECTOR_BYTES]
            done = rng.randrange(SECTOR_BYTES) if done is None else done
            self._cells[address : address + SECTOR_BYTES] = half_erased(old, done, rng)
            self._weak[address // SECTOR_BYTES] = unsteady_bits(address, rng)
            raise
        self._weak.pop(address // SECTOR_BYTES, None)
        self._cells[address : address + SECTOR_BYTES] = b"\xff" * SECTOR_BYTES

    def _program_page(self, address, data):
        cut = self._begin(len(data))
        self.program_count += 1
        old = self._cells[address : address + len(data)]
        new = bytes(a & b for a, b in zip(old, data, strict=True))
        done, rng = cut
        try:
            self._take(PROGRAM_US, done, len(data))
        except PowerCut:
            done = rng.randrange(len(data)) if done is None else done
            self._cells[address : address + len(data)] = half_programmed(old, new, done, rng)
            raise
        self._cells[address : address + len(data)] = new

    def _begin(self, length):
        """Number the operation: (bytes done when power fails in it or None, dice for the rest)."""
        operation = self.operations
        self.operations += 1
        rng = random.Random(f"{self._seed} {operation}")
        if self._cut is None or self._cut[0] != operation:
            return None, rng
        byte = self._cut[1]
        self._cut = None
        return rng.randrange(length) if byte is None else min(byte, length), rng

    def _take(self, duration_us, done, length):
        """Let the operation's time pass, or the part of it before power fails."""
        if self._busy:
            self._busy(duration_us if done is None else duration_us * done // length)
        if done is not None:
            if self._lost:
                self._lost()
            raise PowerCut

    def _with_unsteady_bits(self, address, data):
        for sector in range(address // SECTOR_BYTES, (address + len(data)) // SECTOR_BYTES + 1):
            for place, mask in self._weak.get(sector, ()):
                if address <= place < address + len(data) and self._unsteady.random() < 0.5:
                    data[place - address] ^= mask
        return data

    def _check(self, address, count):
        if address < 0 or count < 0 or address + count > self.size:
            raise ValueError(f"0x{address:x}+{count} is outside the chip")


def half_programmed(old, new, done, rng):
    """A page whose programming stopped after `done` bytes: later bytes lost only some bits."""
    out = bytearray(new[:done])
    share = rng.choice((0.0, 0.0, 0.1, 0.5, 0.9))
    for place in range(done, len(new)):
        here = 0.5 if place == done else share
        keep = sum(1 << bit for bit in range(8) if rng.random() >= here)
        out.append(new[place] | (old[place] & keep))
    return bytes(out)


def half_erased(old, done, rng):
    """A sector whose erasure stopped: `done` bytes are blank, the rest have some bits set."""
    share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    rest = bytearray(old[done:])
    for place in range(len(rest)):
        rest[place] |= sum(1 << bit for bit in range(8) if rng.random() < share)
    return b"\xff" * done + bytes(rest)


def unsteady_bits(address, rng):
    """A few bits of a half-erased sector that flip from read to read."""
    count = rng.choice((0, 1, 4, 16))
    return [(address + rng.randrange(SECTOR_BYTES), 1 << rng.randrange(8)) for _ in range(count)]
