"""A plain line scanner: any module that sends a code and CR, LF, CRLF or a pause of 50 ms.

It has no commands; a technician sets it up with its maker's setting sheet.
"""

import asyncio

from micropython import const

from drivers.gm65_frames import Demultiplexer

_READ_BYTES = const(64)
_PAUSE_MS = const(50)
_MAX_LINE_BYTES = const(520)


class LineScanner:
    """uart: a machine.UART already at the module's rate."""

    def __init__(self, uart):
        self._reader = asyncio.StreamReader(uart)
        self._stream = Demultiplexer(_MAX_LINE_BYTES)
        self._lines = []
        self._open = False  # a code has begun and not ended

    async def start(self):
        """There is nothing to set up. Returns an empty list, as nothing was changed."""
        return []

    async def read_line(self):
        """The next code: bytes without the tail, MAX_LINE_BYTES at most (a longer one is cut)."""
        while not self._lines:
            try:
                data = await self._read()
            except asyncio.TimeoutError:
                data = b"\r"
            if data:
                self._open = data[-1] not in b"\r\n"
                self._lines.extend(self._stream.feed(data))
        return self._lines.pop(0)

    async def _read(self):
        if self._open:
            return await asyncio.wait_for_ms(self._reader.read(_READ_BYTES), _PAUSE_MS)
        return await self._reader.read(_READ_BYTES)
