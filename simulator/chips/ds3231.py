"""A DS3231 clock with its coin cell on I2C (Maxim datasheet 19-5170, rev 10).

It counts on while the board has no power. Registers 0x00 to 0x12; alarms are kept, not raised.
"""

import calendar
import time

REGISTERS = 0x13
CONTROL, STATUS = 0x0E, 0x0F
STOPPED = 0x80  # OSF in STATUS: the oscillator stopped once, so the time is not to be trusted
CENTURY = 0x80  # in the month's register


def bcd(value):
    return value // 10 << 4 | value % 10


def number(byte):
    return (byte >> 4) * 10 + (byte & 0x0F)


class Ds3231:
    def __init__(self, clock):
        self._clock = clock
        self._registers = bytearray(REGISTERS)
        self._registers[CONTROL] = 0x1C
        self._registers[STATUS] = 0x88
        self._registers[0x11] = 25  # degrees
        self._pointer = 0
        # Unix time of the registers, at this simulated time; 2000-01-01 out of the factory
        self._base_s = 946684800
        self._base_us = clock.now_us()
        self._weekday_offset = 0

    def seconds(self):
        """Unix time that it shows."""
        return self._base_s + (self._clock.now_us() - self._base_us) // 1_000_000

    def set(self, unix_s):
        """As a technician's tool would: the time, and trust in it."""
        self._base_s = unix_s
        self._base_us = self._clock.now_us()
        self._registers[STATUS] &= ~STOPPED

    def take_out_the_cell(self):
        """Time is lost once the board has no power either; here at once."""
        self.__init__(self._clock)

    def power(self, on):
        """The cell keeps everything; the bus starts anew."""
        self._pointer = 0

    def write(self, data, now_us):
        """The register's address, and what to write from there on."""
        if not data:
            return
        self._pointer = data[0] % REGISTERS
        times = bytearray(self._time_registers())
        touched = False
        for byte in data[1:]:
            if self._pointer < 7:
                times[self._pointer] = byte
                touched = True
            elif self._pointer == STATUS:
                # OSF and the alarm flags can only be cleared
                old = self._registers[STATUS]
                self._registers[STATUS] = old & byte & 0x83 | byte & 0x08 | old & 0x04
            elif self._pointer < 0x11:
                self._registers[self._pointer] = byte
            self._pointer = (self._pointer + 1) % REGISTERS
        if touched:
            self._set_from(times)

    def read(self, count, now_us):
        """From the register pointer on, all of one moment."""
        times = self._time_registers()
        out = bytearray()
        for _ in range(count):
            out.append(
                times[self._pointer] if self._pointer < 7 else self._registers[self._pointer]
            )
            self._pointer = (self._pointer + 1) % REGISTERS
        return bytes(out)

    def _time_registers(self):
        now = time.gmtime(self.seconds())
        century = CENTURY if now.tm_year >= 2100 else 0
        weekday = (now.tm_wday + self._weekday_offset) % 7 + 1
        return bytes(
            [
                bcd(now.tm_sec),
                bcd(now.tm_min),
                bcd(now.tm_hour),
                weekday,
                bcd(now.tm_mday),
                bcd(now.tm_mon) | century,
                bcd(now.tm_year % 100),
            ]
        )

    def _set_from(self, times):
        hour = number(times[2] & 0x3F)
        if times[2] & 0x40:  # twelve-hour mode
            hour = number(times[2] & 0x1F) % 12 + (12 if times[2] & 0x20 else 0)
        year = 2000 + number(times[6]) + (100 if times[5] & CENTURY else 0)
        when = (year, number(times[5] & 0x1F), number(times[4]), hour, number(times[1]))
        self._base_s = calendar.timegm((*when, number(times[0] & 0x7F), 0, 0, 0))
        self._base_us = self._clock.now_us()
        self._weekday_offset = (times[3] - 1 - time.gmtime(self._base_s).tm_wday) % 7

    def save(self):
        """What the coin cell keeps, and when that was by the computer's clock."""
        return {
            "seconds": self.seconds(),
            "registers": self._registers.hex(),
            "weekday_offset": self._weekday_offset,
            "computer_s": int(time.time()),
        }

    def load(self, state):
        """Go on from what was saved, as if no time had passed."""
        self._base_s = state["seconds"]
        self._base_us = self._clock.now_us()
        self._registers = bytearray.fromhex(state["registers"])
        self._weekday_offset = state["weekday_offset"]

    def catch_up(self, state):
        """Add the time that passed by the computer's clock since `state` was saved."""
        self._base_s += max(0, int(time.time()) - state["computer_s"])
