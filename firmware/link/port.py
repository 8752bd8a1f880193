"""The serial port that the link shares with the REPL: standard input and output, raw.

`buffer` is the raw side: the text side turns CR into LF and LF into CR LF.
"""

import asyncio
import select
import sys

import micropython
from micropython import const

# With a host that never pauses, other tasks still get their turn.
_MAX_TAKEN_AT_ONCE = const(128)


class Port:
    """Bytes from and to the host."""

    def __init__(self, source, sink):
        self._source = source
        self._sink = sink
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)
        self._stream = asyncio.StreamReader(source)
        self._taken = 0

    async def read_byte(self):
        """The next byte (0 to 255). One at a time: read(n) would block for the n-th."""
        while True:
            if self._taken < _MAX_TAKEN_AT_ONCE and self._poll.poll(0):
                self._taken += 1
                byte = self._source.read(1)
            else:
                self._taken = 0
                byte = await self._stream.read(1)
            if byte:
                return byte[0]
            # The other side has gone, as a closed USB port does; it may come back.
            await asyncio.sleep_ms(100)

    def write(self, data):
        """Sends bytes; returns once the port took them."""
        self._sink.write(data)


def open_port():
    """The link's port. From here on byte 3 is data, not Ctrl-C."""
    micropython.kbd_intr(-1)
    return Port(sys.stdin.buffer, sys.stdout.buffer)
