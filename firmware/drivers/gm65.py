"""GM65 scanner module on a UART (GROW GM65-S manual V1.3): set up, and read.

How it is found and set up is in gm65_setup.py, which is in the heap only until that is done.
"""

import asyncio

from micropython import const
from system import modules

from drivers.gm65_frames import Demultiplexer

_READ_BYTES = const(64)
# A pass is at most 512 characters; what is longer is junk, and known to be after this many.
_MAX_LINE_BYTES = const(520)
_MAX_WAITING_LINES = const(4)


class Gm65:
    """uart: a machine.UART of 3.3 V, 8N1, with a receive buffer of 1 KB or more."""

    def __init__(self, uart):
        self.uart = uart
        self.stream = Demultiplexer(_MAX_LINE_BYTES)
        self.changed = []  # names of settings that were changed and are not saved yet
        self._reader = asyncio.StreamReader(uart)
        self._lines = []

    async def start(self):
        """Finds the module and sets it up, writing and saving only what differs.

        Returns the names of the settings that had to be changed. Raises OSError if no module
        answers within 4 s, or if it does not keep what it is told.
        """
        from drivers import gm65_setup

        changed = await gm65_setup.set_up(self)
        modules.drop("drivers.gm65_setup")
        return changed

    async def read_line(self):
        """The next code: bytes without the tail, _MAX_LINE_BYTES at most (a longer one is cut)."""
        while not self._lines:
            await self.receive()
        return self._lines.pop(0)

    async def receive(self):
        """Takes what comes next."""
        data = await self._reader.read(_READ_BYTES)
        if data:
            self.keep(self.stream.feed(data))

    def keep(self, lines):
        """Codes that came while a reply was waited for are kept, a few."""
        self._lines.extend(lines[: _MAX_WAITING_LINES - len(self._lines)])
