"""Keeps the tables of points in the `curve` partition: the base point's, then those of keys.

The rows and their checks are described in crypto/rows.py; here is only where they lie. The base
point's 160 rows take 5 sectors, a key's 128 take 4. Nothing but the rows says which key a place is
for, so power may fail at any moment while a table is written.

Making a table takes half a second, in small steps between which scans are handled
(table_making.py).
"""

import asyncio

from crypto import points, rows
from micropython import const
from system import rooms
from system.partitions import BLOCK_COUNT, SECTOR_BYTES

_ROWS_OF_SECTOR = const(32)
_BASE_SECTORS = const(5)
_KEY_SECTORS = const(4)
_STEP_PAUSE_MS = const(5)
_LOOK_MS = const(1000)


class Table:
    """Consecutive sectors of rows; what crypto/rows.py calls a table."""

    def __init__(self, partition, sector, sectors):
        self.partition = partition
        self.sector = sector
        self.sectors = sectors

    def read(self, index, view):
        """Fills `view` with rows from `index` on, of one sector. Raises OSError."""
        at = index % _ROWS_OF_SECTOR * rows.ROW_BYTES
        if at + len(view) > SECTOR_BYTES:
            raise ValueError
        self.partition.readblocks(self.sector + index // _ROWS_OF_SECTOR, view, at)

    def write(self, index, row):
        """Programs a row."""
        self.partition.writeblocks(
            self.sector + index // _ROWS_OF_SECTOR,
            row,
            index % _ROWS_OF_SECTOR * rows.ROW_BYTES,
        )


class CurveTables:
    """The tables of a partition, and which of its places are in use."""

    def __init__(self, partition):
        """partition: of 5 sectors at least; the more, the more keys are prepared."""
        self._partition = partition
        self.capacity = (partition.ioctl(BLOCK_COUNT, 0) - _BASE_SECTORS) // _KEY_SECTORS
        self._base = Table(partition, 0, _BASE_SECTORS)
        self._has_base = False
        self._keys = [None] * self.capacity  # of each place, or None
        self._given_up = []  # keys without a table, or whose flash failed: until the next start
        self._wanted = None  # (table, key) that is being made
        self._job = None

    def _place(self, number):
        return Table(self._partition, _BASE_SECTORS + _KEY_SECTORS * number, _KEY_SECTORS)

    def use_base(self):
        """Has the base point's table used if it is there and whole."""
        self._has_base = rows.is_of(self._base, points.BASE, rows.ROWS_OF_BASE)
        if self._has_base:
            rows.use(self._base)

    def use_keys(self, keys):
        """Has the whole tables used that there are of these keys of 32 bytes, and no others."""
        self._keys = [None] * self.capacity
        rows.forget_keys()
        for number in range(self.capacity):
            for key in keys:
                if key not in self._keys and self._use_if_of(number, key):
                    break

    def _use_if_of(self, number, key):
        table = self._place(number)
        if not rows.is_of(table, key, rows.ROWS_OF_KEY):
            return False
        self._keys[number] = key
        rows.use_for(key, table)
        return True

    async def run(self, keys):
        """Makes what is missing of the tables of keys() whenever that changes, for ever.

        keys: called without arguments, gives a list of keys of 32 bytes, the first ones first.
        """
        while True:
            # Not beside a host, which takes the memory: it goes, and nobody waits for a table.
            more = not rooms.HOST.is_open() and self.step(keys())
            await asyncio.sleep_ms(_STEP_PAUSE_MS if more else _LOOK_MS)

    def step(self, keys):
        """Does a part of what is missing, of 50 ms at most; False if nothing is.

        The table comes into use when all of it was read back.
        """
        wanted = self._wanted
        try:
            if wanted is None or (wanted[1] not in keys and wanted[1] != points.BASE):
                self._wanted, self._job = self._next(keys), None
                return self._wanted is not None
            rooms.TABLES.enter()
            if self._job is None:
                self._job = _job(*wanted)
            if not self._job.step():
                self._wanted = self._job = None
                self._finish(wanted[1])
        except (OSError, MemoryError):
            self._wanted = self._job = None
            if wanted is not None:
                self._given_up.append(wanted[1])
        return True

    def _next(self, keys):
        if not self._has_base and points.BASE not in self._given_up:
            return self._base, points.BASE
        if any(key is not None and key not in keys for key in self._keys):
            self.use_keys(keys)
        if None in self._keys:
            for key in keys:
                if key not in self._keys and key not in self._given_up:
                    return self._place(self._keys.index(None)), key
        return None

    def _finish(self, key):
        if key == points.BASE:
            self.use_base()
            good = self._has_base
        else:
            good = self._use_if_of(self._keys.index(None), key)
        if not good:
            self._given_up.append(key)


def _job(table, key):
    from keeping import table_making

    return table_making.Job(table, key)
