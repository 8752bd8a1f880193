"""Makes a table of points where curve_tables.py keeps it, in small steps. Loaded only for that."""

from crypto import points, preparation
from micropython import const
from system.partitions import ERASE_BLOCK, SECTOR_BYTES

_BLANK_BYTES = const(256)
_BLANK = b"\xff" * 256


class Job:
    """A table in the making. table: curve_tables.Table; key: 32 bytes."""

    def __init__(self, table, key):
        self.table = table
        self.key = key
        self._combs = None  # until the sectors are blank

    def step(self):
        """Does 50 ms of work at most; False if that was the last. Raises OSError."""
        if self._combs is None:
            if not self._erase_next():
                self._combs = self._begin()
        elif self._combs and not self._combs[0].step():
            self._combs.pop(0)
        return self._combs is None or bool(self._combs)

    def _begin(self):
        if self.key == points.BASE:
            return preparation.of_base(self.table.write)
        comb = preparation.of_key(self.key, self.table.write)
        return [comb] if comb else []

    def _erase_next(self):
        """Erases the first sector that is not blank; False if all are.

        45 ms, at worst 400, in which everything stands still; a new device's partition needs none.
        """
        table = self.table
        piece = bytearray(_BLANK_BYTES)
        for sector in range(table.sector, table.sector + table.sectors):
            for offset in range(0, SECTOR_BYTES, _BLANK_BYTES):
                table.partition.readblocks(sector, piece, offset)
                if piece != _BLANK:
                    table.partition.ioctl(ERASE_BLOCK, sector)
                    return True
        return False
