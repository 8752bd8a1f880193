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
_GONE_MS = const(100)


class Port:
    """Bytes from and to the host. What it waits and reads with is made once."""

    def __init__(self, source, sink):
        self._source = source
        self._sink = sink
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)
        self._stream = asyncio.StreamReader(source)
        self._byte = bytearray(1)  # more at once would block until they are all there
        self._has_byte = False
        self._taken = 0

    async def wait(self):
        """Returns when there is something to take, after other tasks had their turn."""
        self._taken = 0
        while not await self._stream.readinto(self._byte):
            # The other side has gone, as a closed USB port does; it may come back.
            await asyncio.sleep_ms(_GONE_MS)
        self._has_byte = True

    def take(self):
        """The next byte (0 to 255), or -1 if there is none, or others should have their turn."""
        if not self._has_byte:
            if self._taken == _MAX_TAKEN_AT_ONCE or not self._is_ready():
                return -1
            self._taken += 1
            if not self._source.readinto(self._byte):
                return -1
        self._has_byte = False
        return self._byte[0]

    def _is_ready(self):
        for _ in self._poll.ipoll(0):
            return True
        return False

    def write(self, data):
        """Sends bytes; returns once the port took them."""
        self._sink.write(data)


def open_port():
    """The link's port. From here on byte 3 is data, not Ctrl-C."""
    micropython.kbd_intr(-1)
    return Port(sys.stdin.buffer, sys.stdout.buffer)
