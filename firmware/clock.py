"""The time of day: kept by the chip while it has power, by the DS3231 beyond that.

Unknown is a state of its own: a pass is then refused with CLOCK_UNSET.
"""

import time

# MicroPython counts from 2000 on the chip and from 1970 on a PC.
EPOCH_OFFSET_S = 946684800 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """Unix time for the firmware.

    chip: a driver with `read() -> Unix seconds or None` and `write(Unix seconds)`, or None.
    """

    def __init__(self, chip):
        self._chip = chip
        self._offset_s = None  # Unix time minus time.time()
        unix_s = chip.read() if chip else None
        if unix_s is not None:
            self._offset_s = unix_s - int(time.time())

    def now(self):
        """Unix seconds, or None while nobody has set the clock."""
        if self._offset_s is None:
            return None
        return int(time.time()) + self._offset_s

    def set(self, unix_s):
        """Sets the clock, and the clock chip where there is one."""
        if self._chip:
            self._chip.write(unix_s)
        self._offset_s = unix_s - int(time.time())
