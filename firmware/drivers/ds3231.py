"""DS3231 clock on I2C (Maxim datasheet 19-5170): keeps the time while the board has no power.

Written and read in UTC, 24-hour mode, 2000 to 2099.
"""

import time

from micropython import const

_SECONDS = const(0x00)
_STATUS = const(0x0F)
_STOPPED = const(0x80)  # OSF: the oscillator stopped, so the time is not to be trusted
# MicroPython counts from 2000 on the chip and from 1970 on a PC.
_EPOCH_OFFSET_S = 946684800 if time.gmtime(0)[0] == 2000 else 0


def _bcd(value):
    return value // 10 << 4 | value % 10


def _number(byte):
    return (byte >> 4) * 10 + (byte & 0x0F)


class Ds3231:
    """i2c: a machine.I2C; address: 0x68 on all modules."""

    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address

    def read(self):
        """Unix seconds, or None if the clock has lost the time. Raises OSError."""
        if self._i2c.readfrom_mem(self._address, _STATUS, 1)[0] & _STOPPED:
            return None
        data = self._i2c.readfrom_mem(self._address, _SECONDS, 7)
        moment = (
            2000 + _number(data[6]),
            _number(data[5] & 0x1F),
            _number(data[4] & 0x3F),
            _number(data[2] & 0x3F),
            _number(data[1] & 0x7F),
            _number(data[0] & 0x7F),
            0,
            0,
        )
        return int(time.mktime(moment)) + _EPOCH_OFFSET_S

    def write(self, unix_s):
        """Sets the time (Unix seconds), and only then the flag that it can be trusted."""
        year, month, day, hour, minute, second, weekday = time.gmtime(unix_s - _EPOCH_OFFSET_S)[:7]
        self._i2c.writeto_mem(
            self._address,
            _SECONDS,
            bytes(
                (
                    _bcd(second),
                    _bcd(minute),
                    _bcd(hour),
                    weekday + 1,
                    _bcd(day),
                    _bcd(month),
                    _bcd(year - 2000),
                )
            ),
        )
        status = self._i2c.readfrom_mem(self._address, _STATUS, 1)[0]
        self._i2c.writeto_mem(self._address, _STATUS, bytes((status & ~_STOPPED & 0xFF,)))
