"""Keeps the tables of points in the `curve` partition: the base point's, then those of keys.

The rows and their checks are described in verify/rows.py; here is only where they lie. The base
point's 160 rows take 5 sectors, a key's 128 take 4. Nothing says which key a place is for: the
check of every row does, so power may fail at any moment while a table is written.

Making a table takes about half a second, erasing up to 1.6 s: it is for when the device is idle.
"""

from micropython import const
from verify import points, rows

_SECTOR_BYTES = const(4096)
_ROWS_OF_SECTOR = const(32)
_BASE_SECTORS = const(5)
_KEY_SECTORS = const(4)
_ERASE = const(6)
_SECTORS = const(4)


class Table:
    """Consecutive sectors of rows; what verify/rows.py calls a table."""

    def __init__(self, partition, sector, sectors):
        self._partition = partition
        self._sector = sector
        self._sectors = sectors

    def read(self, index, view):
        """Fills `view` with rows from `index` on. Raises OSError."""
        count = len(view) // rows.ROW_BYTES
        if index % _ROWS_OF_SECTOR + count <= _ROWS_OF_SECTOR:
            self._partition.readblocks(
                self._sector + index // _ROWS_OF_SECTOR,
                view,
                index % _ROWS_OF_SECTOR * rows.ROW_BYTES,
            )
            return
        for row in range(count):
            at = row * rows.ROW_BYTES
            self.read(index + row, view[at : at + rows.ROW_BYTES])

    def erase(self):
        """Makes it ready for `write`."""
        for sector in range(self._sectors):
            self._partition.ioctl(_ERASE, self._sector + sector)

    def write(self, index, row):
        """Programs a row."""
        self._partition.writeblocks(
            self._sector + index // _ROWS_OF_SECTOR,
            row,
            index % _ROWS_OF_SECTOR * rows.ROW_BYTES,
        )

    def is_of(self, key, count):
        """True if `count` rows are there, undamaged, and made for this key."""
        seed = rows.seed(key)
        piece = memoryview(bytearray(8 * rows.ROW_BYTES))
        for index in range(0, count, 8):
            self.read(index, piece)
            if not rows.are_good(piece, 8, seed + index):
                return False
        return True


class CurveTables:
    """The tables of a partition, and which of its places are in use."""

    def __init__(self, partition):
        """partition: of 5 sectors at least; the more, the more keys are prepared."""
        self._partition = partition
        self.capacity = (partition.ioctl(_SECTORS, 0) - _BASE_SECTORS) // _KEY_SECTORS
        self._base = Table(partition, 0, _BASE_SECTORS)
        self._keys = [None] * self.capacity  # of each place, or None

    def _place(self, number):
        return Table(self._partition, _BASE_SECTORS + _KEY_SECTORS * number, _KEY_SECTORS)

    def start(self, keys):
        """Checks what is there and has it used: for the base point, and those keys of 32 bytes."""
        if self._base.is_of(points.BASE, rows.ROWS_OF_BASE):
            rows.use(self._base)
        self._find(keys)

    def _find(self, keys):
        self._keys = [None] * self.capacity
        rows.forget_keys()
        for number in range(self.capacity):
            table = self._place(number)
            for key in keys:
                if key not in self._keys and table.is_of(key, rows.ROWS_OF_KEY):
                    self._keys[number] = key
                    rows.use_for(key, table)
                    break

    def prepare(self, keys):
        """Makes one table that is still missing, of the base point or the first of `keys` without.

        Returns True if there is more to do. Raises OSError if flash fails.
        """
        from verify import ed25519, preparation

        if not self._base.is_of(points.BASE, rows.ROWS_OF_BASE):
            self._base.erase()
            preparation.make_base(self._base.write)
            rows.use(self._base)
            return True
        if any(key is not None and key not in keys for key in self._keys):
            self._find(keys)
        for key in keys:
            if key not in self._keys and None in self._keys:
                number = self._keys.index(None)
                table = self._place(number)
                table.erase()
                self._keys[number] = key  # also if it has none: it is not tried again
                if ed25519.prepare(key, table.write):
                    rows.use_for(key, table)
                return True
        return False
