"""`select.poll` over the board's UARTs, and over objects with a stream `ioctl` of their own.

A UART (or the REPL's streams) has `_key`, its number on the CPU's surface.
"""

import _board
import _edges
from micropython import const

POLLIN = 1
POLLPRI = 2
POLLOUT = 4
POLLERR = 8
POLLHUP = 16
_STREAM_POLL = const(3)  # MicroPython's ioctl request for polling


class poll:
    def __init__(self):
        self._streams = []
        self._masks = []

    def _place(self, stream):
        for place in range(len(self._streams)):
            if self._streams[place] is stream:
                return place
        return -1

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        if not hasattr(stream, "_key") and not hasattr(stream, "ioctl"):
            raise OSError(22, "EINVAL")  # not a stream
        place = self._place(stream)
        if place < 0:
            self._streams.append(stream)
            self._masks.append(eventmask)
        else:
            self._masks[place] = eventmask

    def unregister(self, stream):
        place = self._place(stream)
        if place >= 0:
            self._streams.pop(place)
            self._masks.pop(place)

    def modify(self, stream, eventmask):
        place = self._place(stream)
        if place < 0:
            raise OSError(2, "ENOENT")
        self._masks[place] = eventmask

    def _ready(self, readable):
        out = []
        for place in range(len(self._streams)):
            stream = self._streams[place]
            mask = self._masks[place]
            if hasattr(stream, "_key"):
                have = POLLOUT | (POLLIN if readable >> stream._key & 1 else 0)
                have &= mask
            else:
                have = stream.ioctl(_STREAM_POLL, mask)
            if have:
                out.append((stream, have))
        return out

    def poll(self, timeout_ms=-1):
        """[(stream, events)]: waits up to `timeout_ms` (-1: for ever)."""
        cpu = _board.cpu
        keys = 0
        for place in range(len(self._streams)):
            if self._masks[place] & POLLIN and hasattr(self._streams[place], "_key"):
                keys |= 1 << self._streams[place]._key
        ready = self._ready(0)  # what needs no UART to have received anything
        if ready or timeout_ms == 0:
            deadline_us = 0
        elif timeout_ms is None or timeout_ms < 0:
            deadline_us = -1
        else:
            deadline_us = cpu.now_us() + timeout_ms * 1000
        if _edges.handlers:
            keys |= _edges.KEY
        readable = cpu.wait(deadline_us, keys)
        if readable & _edges.KEY:
            _edges.run()
        return self._ready(readable)

    def ipoll(self, timeout_ms=-1, flags=0):
        """As `poll`, to iterate over."""
        return iter(self.poll(timeout_ms))
