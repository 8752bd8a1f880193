"""`select.poll` over the board's UARTs and over objects with a stream `ioctl` of their own."""

import _board
import _edges
from micropython import const

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16
_STREAM_POLL = const(3)


class poll:
    def __init__(self):
        self._rows = []  # [stream, events wanted]
        self._answer = [None, 0]
        self._place = 0
        self._readable = 0

    def _row(self, stream):
        for row in self._rows:
            if row[0] is stream:
                return row
        return None

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        row = self._row(stream)
        if row is None:
            self._rows.append([stream, eventmask])
        else:
            row[1] = eventmask

    modify = register

    def unregister(self, stream):
        row = self._row(stream)
        if row is not None:
            self._rows.remove(row)

    def _events(self, row):
        stream, wanted = row
        if hasattr(stream, "_key"):
            return wanted & (POLLOUT | (POLLIN if self._readable >> stream._key & 1 else 0))
        return stream.ioctl(_STREAM_POLL, wanted)

    def ipoll(self, timeout_ms=-1, flags=0):
        keys = 0
        self._readable = 0
        for row in self._rows:
            if row[1] & POLLIN and hasattr(row[0], "_key"):
                keys |= 1 << row[0]._key
            elif self._events(row):
                timeout_ms = 0
        if _edges.handlers:
            keys |= _edges.KEY
        self._readable = _board.cpu.wait_ms(timeout_ms, keys)
        if self._readable & _edges.KEY:
            _edges.run()
        self._place = 0
        return self

    def __iter__(self):
        return self

    # As in C: one answer object for all, and nothing taken from the heap.
    def __next__(self):
        while self._place < len(self._rows):
            row = self._rows[self._place]
            self._place += 1
            events = self._events(row)
            if events:
                self._answer[0] = row[0]
                self._answer[1] = events
                return self._answer
        self._answer[0] = None
        raise StopIteration

    def poll(self, timeout_ms=-1):
        return [tuple(answer) for answer in self.ipoll(timeout_ms)]
