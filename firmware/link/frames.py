"""Frames of the link: COBS between zero bytes, with a CRC-32 (docs/link.md). Pure, no I/O.

COBS is Cheshire and Baker, "Consistent Overhead Byte Stuffing" (1999): no zero byte is left
inside, so that a zero always starts afresh, whatever was lost or garbled before it.

Both ways work in a buffer that is made once.
"""

import struct
from binascii import crc32

from micropython import const

_CRC_BYTES = const(4)
_LONGEST_RUN = const(254)


class Decoder:
    """Takes bytes one at a time and gives the payloads of whole frames.

    max_payload: bytes; anything longer is dropped as it comes.
    """

    def __init__(self, max_payload):
        self._buffer = bytearray(max_payload + _CRC_BYTES)
        self._view = memoryview(self._buffer)
        self._restart()

    def _restart(self):
        self._used = 0
        self._left = 0  # bytes until the next COBS code
        self._zero_due = False  # the run that ends now stands for a zero byte
        self._broken = False

    def feed(self, byte):
        """The payload that this byte (0 to 255) completes, or None.

        The payload is a view of the buffer, good until the next byte is fed. Frames that are cut,
        too long or fail their CRC are dropped without a word.
        """
        if byte == 0:
            payload = self._finish()
            self._restart()
            return payload
        if self._left:
            self._left -= 1
            self._put(byte)
        else:
            if self._zero_due:
                self._put(0)
            self._left = byte - 1
            self._zero_due = byte <= _LONGEST_RUN
        return None

    def _put(self, byte):
        if self._used < len(self._buffer):
            self._buffer[self._used] = byte
            self._used += 1
        else:
            self._broken = True

    def _finish(self):
        length = self._used - _CRC_BYTES
        if self._broken or self._left or length < 1:
            return None
        payload = self._view[:length]
        if struct.unpack_from(">I", self._buffer, length)[0] != crc32(payload):
            return None
        return payload


class Encoder:
    """Makes one frame at a time: `begin`, `put` what it carries, `frame`.

    max_payload: bytes. The payload is collected so far behind the buffer's beginning that it can
    be stuffed in place: what is written never overtakes what is still to be read.
    """

    def __init__(self, max_payload):
        size = max_payload + _CRC_BYTES
        self._start = 2 + size // _LONGEST_RUN
        self._buffer = bytearray(self._start + size + 1)
        self._view = memoryview(self._buffer)
        self._most = self._start + max_payload
        self.begin()

    def begin(self):
        """What was put is forgotten."""
        self._end = self._start

    def put(self, data):
        """Adds bytes to the payload. Raises ValueError if it grows longer than it may."""
        end = self._end + len(data)
        if end > self._most:
            raise ValueError
        self._view[self._end : end] = data
        self._end = end

    def frame(self):
        """The whole frame: a view of the buffer, good until `begin`. The payload is lost."""
        buffer = self._buffer
        end = self._end
        struct.pack_into(">I", buffer, end, crc32(self._view[self._start : end]))
        buffer[0] = 0
        code_at = 1
        at = 2
        for index in range(self._start, end + _CRC_BYTES):
            byte = buffer[index]
            if byte:
                buffer[at] = byte
                at += 1
            if not byte or at - code_at > _LONGEST_RUN:
                buffer[code_at] = at - code_at
                code_at = at
                at += 1
        buffer[code_at] = at - code_at
        buffer[at] = 0
        return self._view[: at + 1]
