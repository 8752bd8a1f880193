"""What a UART received, in one buffer that is made once.

The UART hands on bytes at 120 in its hardware, or once the line was quiet for ten characters. So
only a silence that is longer than 120 bytes take says that nothing more is under way.
"""

import time

from micropython import const

_BITS_OF_120_BYTES = const(1200)
_MARGIN_MS = const(3)  # the ten characters, and the millisecond that is under way
_SPILT_BYTES = const(64)


class Receiver:
    """uart: a machine.UART; size: bytes of the buffer. What comes on top of them is dropped."""

    def __init__(self, uart, size):
        self._uart = uart
        self._buffer = memoryview(bytearray(size))
        self._spilt = memoryview(bytearray(_SPILT_BYTES))
        self._heard_ms = 0  # when the last bytes came
        self.used = 0

    def received(self):
        """A memoryview of what came since `forget`."""
        return self._buffer[: self.used]

    def last(self):
        """The byte that came last, if any came."""
        return self._buffer[self.used - 1]

    def is_full(self):
        return self.used == len(self._buffer)

    def take(self):
        """Takes what is there; True if there was something."""
        if not self._uart.any():
            return False
        while self._uart.any():
            room = self._buffer[self.used :]
            if room:
                self.used += self._uart.readinto(room) or 0
            else:
                self._uart.readinto(self._spilt)
        self._heard_ms = time.ticks_ms()
        return True

    def is_silent(self, silence_ms):
        """True if nothing came for so long; waits for what is left of that time."""
        left_ms = silence_ms - time.ticks_diff(time.ticks_ms(), self._heard_ms)
        if left_ms > 0:
            time.sleep_ms(left_ms)
        return not self._uart.any()

    def forget(self):
        """Drops what came, and what has not been taken yet."""
        while self._uart.any():
            self._uart.readinto(self._spilt)
        self.used = 0

    def cut_out(self, start, count):
        """Takes bytes out of the middle, or off an end."""
        end = start + count
        if end < self.used:
            # Of the same memory, so by way of a copy.
            self._buffer[start : self.used - count] = bytes(self._buffer[end : self.used])
        self.used -= count


def silence_ms(baud):
    """How long a line at this rate has to be silent until what came is all that comes."""
    return _BITS_OF_120_BYTES * 1000 // baud + _MARGIN_MS
