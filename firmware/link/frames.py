"""Frames of the link: COBS between zero bytes, with a CRC-32 (docs/link.md). Pure, no I/O.

COBS is Cheshire and Baker, "Consistent Overhead Byte Stuffing" (1999): no zero byte is left
inside, so that a zero always starts afresh, whatever was lost or garbled before it.
"""

import struct
from binascii import crc32

from micropython import const

_CRC_BYTES = const(4)
_LONGEST_RUN = const(254)


class Decoder:
    """Takes bytes one at a time and gives the payloads of whole frames.

    max_payload: bytes; anything longer is dropped as it comes. One buffer, made here.
    """

    def __init__(self, max_payload):
        self._buffer = bytearray(max_payload + _CRC_BYTES)
        self._restart()

    def _restart(self):
        self._used = 0
        self._left = 0  # bytes until the next COBS code
        self._zero_due = False  # the run that ends now stands for a zero byte
        self._broken = False

    def feed(self, byte):
        """The payload (bytes) that this byte (0 to 255) completes, or None.

        Frames that are cut, too long or fail their CRC are dropped without a word.
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
        view = memoryview(self._buffer)
        if struct.unpack_from(">I", self._buffer, length)[0] != crc32(view[:length]):
            return None
        return bytes(view[:length])


def encode(payload):
    """The frame (bytes) of a payload (bytes): zero, COBS(payload, CRC-32), zero."""
    data = payload + struct.pack(">I", crc32(payload))
    frame = bytearray(1)
    start = 0
    while True:
        end = data.find(b"\0", start)
        if end < 0:
            end = len(data)
        while end - start >= _LONGEST_RUN:
            frame.append(_LONGEST_RUN + 1)
            frame += data[start : start + _LONGEST_RUN]
            start += _LONGEST_RUN
        frame.append(end - start + 1)
        frame += data[start:end]
        start = end + 1
        if end == len(data):
            break
    frame.append(0)
    return bytes(frame)
