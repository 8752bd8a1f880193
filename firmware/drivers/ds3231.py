"""DS3231 clock on I2C (Maxim datasheet 19-5170): keeps the time while the board has no power.

Written and read in UTC, 24-hour mode, 2000 to 2099.
"""

import time

from micropython import const

_SECONDS = const(0x00)
_ALARM = const(0x07)
_COUNT_BYTES = const(4)
_STATUS = const(0x0F)
_REGISTERS = const(19)
_STOPPED = const(0x80)  # OSF: the oscillator stopped, so the time is not to be trusted
_TWELVE_HOURS = const(0x40)  # of the hours; never set by `write`
_LIMITS = const(((0, 99), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59)))  # year to second
# MicroPython counts from 2000 on the chip and from 1970 on a PC.
_EPOCH_OFFSET_S = 946684800 if time.gmtime(0)[0] == 2000 else 0


def _bcd(value):
    return value // 10 << 4 | value % 10


def _number(byte):
    return (byte >> 4) * 10 + (byte & 0x0F)


def _moment(data):
    """What time.mktime takes, or None for registers that no set clock has (loose contacts)."""
    if data[2] & _TWELVE_HOURS:
        return None
    fields = (data[6], data[5] & 0x1F, data[4], data[2], data[1], data[0])
    moment = []
    for byte, (low, high) in zip(fields, _LIMITS):
        number = _number(byte)
        if byte & 0x0F > 9 or not low <= number <= high:
            return None
        moment.append(number)
    moment[0] += 2000
    return tuple(moment) + (0, 0)


class Ds3231:
    """i2c: a machine.I2C; address: 0x68 on all modules."""

    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address

    def read(self):
        """Unix seconds, or None if the clock has lost the time or says none. Raises OSError."""
        if self._i2c.readfrom_mem(self._address, _STATUS, 1)[0] & _STOPPED:
            return None
        data = self._i2c.readfrom_mem(self._address, _SECONDS, 7)
        moment = _moment(data)
        if moment is None:
            return None
        # The stub of 1.26 forgets mktime's argument.
        return int(time.mktime(moment)) + _EPOCH_OFFSET_S  # type: ignore[call-arg]

    def fresh(self):
        """All registers (19 bytes), after a number in them has gone one on. Raises OSError.

        The number lies where the first alarm would, which is not used and raises nothing. It is
        not in the board's flash: who puts an older image back there does not put it back here.
        """
        count = int.from_bytes(self._i2c.readfrom_mem(self._address, _ALARM, _COUNT_BYTES), "big")
        following = (count + 1 & 0xFFFFFFFF).to_bytes(_COUNT_BYTES, "big")
        self._i2c.writeto_mem(self._address, _ALARM, following)
        return self._i2c.readfrom_mem(self._address, _SECONDS, _REGISTERS)

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
