"""The time of day: kept by the chip while it has power, by the DS3231 beyond that.

Unknown is a state of its own: a pass is then refused with CLOCK_UNSET.
"""

import time

from micropython import const

# MicroPython counts from 2000 on the chip and from 1970 on a PC.
_EPOCH_OFFSET_S = 946684800 if time.gmtime(0)[0] == 2000 else 0


# No pass is older than 2022: a chip that says so was never set, or lost its time unnoticed.
EARLIEST_S = const(1640995200)


class Clock:
    """Unix time for the firmware.

    chip: a driver with `read() -> Unix seconds or None` and `write(Unix seconds)`, or None. A chip
    that fails stops nothing: the time runs on until the power goes, and `sync` tries again.
    """

    def __init__(self, chip):
        self._chip = chip
        self._offset_s = None  # Unix time minus time.time()
        self.is_kept = False  # the chip has this time: it outlives the power
        self.sync()

    def now(self):
        """Unix seconds, or None while nobody has set the clock."""
        if self._offset_s is None:
            return None
        return int(time.time()) + self._offset_s

    def set(self, unix_s):
        """Sets the clock, and the clock chip where one answers (`is_kept` says so)."""
        self._offset_s = unix_s - int(time.time())
        self.is_kept = False
        self.sync()

    def sync(self):
        """Asks a chip that has not answered yet for the time, or gives it the time."""
        if self._chip is None or self.is_kept:
            return
        try:
            if self._offset_s is not None:
                self._chip.write(self.now())
                self.is_kept = True
                return
            unix_s = self._chip.read()
        except OSError:
            # Not plugged in or not well: the next call finds whether it is back.
            return
        if unix_s is not None and unix_s >= EARLIEST_S:
            self._offset_s = unix_s - int(time.time())
            self.is_kept = True
