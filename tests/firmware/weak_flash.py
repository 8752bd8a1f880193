"""A flash partition that fails as badly as NOR flash may, for both runtimes.

Programming only clears bits. When power fails inside an operation, the bits it was to change are
left each in one of four ways: not changed, changed, or unsteady, reading at random until they are
programmed to 0 or erased for good. How many in which way is drawn anew for each cut.
"""

SECTOR_BYTES = 4096
PAGE_BYTES = 256
_BLANK = b"\xff" * SECTOR_BYTES


class PowerCut(BaseException):
    """The power went; nothing on the device may catch this."""


class Dice:
    """xorshift32: the same numbers on both runtimes."""

    def __init__(self, seed):
        self._state = (seed * 2654435761 + 12345) & 0xFFFFFFFF or 1

    def below(self, limit):
        state = self._state
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        self._state = state
        return (state >> 8) % limit

    def bytes(self, count):
        return bytes(self.below(256) for _ in range(count))


class WeakFlash:
    """Has `esp32.Partition`'s readblocks, writeblocks and ioctl.

    cut_at: the number of the operation (programs and erases count from 1) in which power fails.
    """

    def __init__(self, sectors, seed=1, like=None):
        # A sector apiece: a heap of many pieces has no room for a whole chip.
        self.cells = [bytearray(like.cells[i] if like else _BLANK) for i in range(sectors)]
        # Of each sector the bits that waver, a mask a byte, or None
        self.unsteady = (
            [like.unsteady[i] and bytearray(like.unsteady[i]) for i in range(sectors)]
            if like
            else [None] * sectors
        )
        self.dice = Dice(seed)
        self.operations = 0
        self.cut_at = None
        self.erases = [0] * sectors
        self.programmed = 0
        self.programs = 0
        self.read_bytes = 0
        self.crossings = 0
        self.failing = None  # the operations that are refused, although power is good
        self.refusals = 0

    def readblocks(self, block, buffer, offset=0):
        end = offset + len(buffer)
        assert end <= SECTOR_BYTES
        self.read_bytes += len(buffer)
        buffer[:] = self.cells[block][offset:end]
        weak = self.unsteady[block]
        if weak:
            for place in range(offset, end):
                if weak[place]:
                    buffer[place - offset] ^= weak[place] & self.dice.below(256)

    def writeblocks(self, block, data, offset):
        assert offset + len(data) <= SECTOR_BYTES
        if offset // PAGE_BYTES != (offset + len(data) - 1) // PAGE_BYTES:
            self.crossings += 1
        self._begin()
        if self._is_cut():
            self._half(block, offset, len(data), lambda index: data[index])
        if self.failing and self.operations in self.failing:
            self._refuse(block, offset, data)
        self.programs += 1
        self.programmed += len(data)
        cells = self.cells[block]
        weak = self.unsteady[block]
        for index in range(len(data)):
            cells[offset + index] &= data[index]
            if weak:  # a bit programmed to 0 is 0 from then on
                weak[offset + index] &= data[index]

    def ioctl(self, operation, block):
        if operation == 4:
            return len(self.cells)
        if operation == 5:
            return SECTOR_BYTES
        assert operation == 6
        self._begin()
        self.erases[block] += 1
        if self._is_cut():
            self._half(block, 0, SECTOR_BYTES, None)
        if self.failing and self.operations in self.failing:
            self.refusals += 1
            raise OSError(5)
        self.cells[block][:] = _BLANK
        self.unsteady[block] = None
        return 0

    def _refuse(self, block, offset, data):
        """Reports an error; up to some byte the data may have been programmed all the same."""
        self.refusals += 1
        for index in range((0, len(data) // 2, len(data))[self.dice.below(3)]):
            self.cells[block][offset + index] &= data[index]
        raise OSError(5)

    def _begin(self):
        self.operations += 1

    def _is_cut(self):
        return self.cut_at is not None and self.operations == self.cut_at

    def _half(self, block, start, length, wanted):
        """Leaves an operation half done. wanted: index -> byte to program, None for an erase."""
        dice = self.dice
        cells = self.cells[block]
        if not self.unsteady[block]:
            self.unsteady[block] = bytearray(SECTOR_BYTES)
        weak = self.unsteady[block]
        kind = dice.below(3)
        if kind == 0:  # hardly begun: nothing to be seen, but for a bit or two that waver
            done, changed, unsteady = 0, 0, 0
        elif kind == 1:  # all but finished: everything there, but for a bit or two that waver
            done, changed, unsteady = length, 0, 0
        else:
            done = dice.below(length + 1)  # bytes that are finished
            changed = (0, 0, 16, 128, 240, 256)[dice.below(6)]
            unsteady = (0, 0, 8, 64)[dice.below(4)]
        wavering = [None, None]
        moved = 0
        for index in range(length):
            place = start + index
            old = cells[place]
            moving = old ^ (0xFF if wanted is None else old & wanted(index))
            if not moving:
                continue
            moved += 1
            if kind < 2 and dice.below(moved) < 2:
                wavering[dice.below(2)] = (place, moving)
            mask = moving if index < done else moving & self._mask(changed)
            cells[place] = old ^ mask
            if unsteady:
                weak[place] |= moving & self._mask(unsteady)
        for waver in wavering:
            if waver:
                place, moving = waver
                weak[place] |= moving & (1 << dice.below(8) | -moving)
        raise PowerCut()

    def _mask(self, share):
        """Each bit set with a probability of share/256."""
        mask = 0
        for bit in range(8):
            if share and self.dice.below(256) < share:
                mask |= 1 << bit
        return mask


class Identity:
    """A device's identity whose signatures cost nothing: what it signed is kept instead."""

    def __init__(self):
        self.device_id = b"DEVICE01"
        self.signed = []

    def sign(self, message):
        self.signed.append(bytes(message))
        return b"S" * 64
