"""A plain line scanner: any module that sends a code and CR, LF or CRLF, and can be told nothing.

A technician sets it up with its maker's setting sheet (docs/gm65.md). It reads whenever it likes
and does not say what kind a code is, so whether it is accepted is a setting. The verbs are
scanner.py's: `ask` drops what was read meanwhile, the rest is the same.
"""

import asyncio

from micropython import const

from drivers import scanner
from drivers.receiver import Receiver, silence_ms

_BUFFER_BYTES = const(512 + 2 + 2)
_CR = const(13)
_LF = const(10)
_LOOK_MS = const(30)


class LineScanner:
    """uart: a machine.UART already at the module's rate, `baud`."""

    def __init__(self, uart, baud):
        self.state = scanner.OFF
        self._receiver = Receiver(uart, _BUFFER_BYTES)
        self._silence_ms = silence_ms(baud)
        self._code = scanner.Code()

    async def start(self, symbologies):
        """There is nothing to set up. Returns an empty list, as nothing was changed."""
        self.state = scanner.IDLE
        return []

    async def ask(self):
        """Drops what was read since the last code."""
        self._receiver.forget()
        self.state = scanner.READING

    async def next_code(self, wanted, look_ms):
        """The next code, or None once wanted() says no; look_ms is of no use here."""
        receiver = self._receiver
        while not receiver.take() and not receiver.used:
            if not wanted():
                self.state = scanner.IDLE
                return None
            await asyncio.sleep_ms(_LOOK_MS)
        while True:
            await asyncio.sleep_ms(self._silence_ms)
            if not receiver.take():
                return self._read_code()

    def is_receiving(self):
        """True from a code's first bytes until the next is asked for."""
        return self._receiver.used > 0

    def is_over(self, code):
        """True if nothing came since."""
        if not self._receiver.is_silent(self._silence_ms):
            return False
        self.state = scanner.IDLE
        return True

    def _read_code(self):
        received = self._receiver.received()
        end = len(received)
        code = self._code
        code.is_half = received[-1] not in (_CR, _LF) and not self._receiver.is_full()
        if received[-1] == _LF:
            end -= 1
        if end and received[end - 1] == _CR:
            end -= 1
        code.data = received[:end]
        return code
