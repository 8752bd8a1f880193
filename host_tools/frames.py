"""Frames of the link to a device: COBS between zero bytes, with a CRC-32 (docs/link.md)."""

import struct
from collections.abc import Iterator
from zlib import crc32

CRC_BYTES = 4
LONGEST_RUN = 254
# A reply holds up to 1024 bytes; with CRC and COBS 1033. Anything longer is noise.
MAX_FRAME_BYTES = 2048


class FrameError(ValueError):
    """What stood between two zero bytes is no frame."""


def encode(payload: bytes) -> bytes:
    """The frame of a payload, both zero bytes included."""
    data = payload + struct.pack(">I", crc32(payload))
    out = bytearray(b"\0")
    runs = data.split(b"\0")
    for run in runs:
        while len(run) >= LONGEST_RUN:
            out += b"\xff" + run[:LONGEST_RUN]
            run = run[LONGEST_RUN:]
        out.append(len(run) + 1)
        out += run
    out.append(0)
    return bytes(out)


def decode(stuffed: bytes) -> bytes:
    """The payload of what stood between two zero bytes. Raises FrameError."""
    data = bytearray()
    position = 0
    while position < len(stuffed):
        code = stuffed[position]
        run = stuffed[position + 1 : position + code]
        if code == 0 or len(run) != code - 1:
            raise FrameError("cut")
        data += run
        position += code
        if code <= LONGEST_RUN and position < len(stuffed):
            data.append(0)
    if len(data) <= CRC_BYTES:
        raise FrameError("too short")
    payload, crc = bytes(data[:-CRC_BYTES]), bytes(data[-CRC_BYTES:])
    if struct.pack(">I", crc32(payload)) != crc:
        raise FrameError("CRC")
    return payload


class Splitter:
    """Takes what comes from the port, in any pieces, and gives the payloads of whole frames.

    Text that the device prints between frames (its start messages, a traceback) is kept in
    `noise`, the last 2048 bytes of it, to be shown when there is no answer.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self.noise = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yields the payloads that these bytes complete."""
        self._pending += data
        while (end := self._pending.find(0)) >= 0:
            stuffed = bytes(self._pending[:end])
            del self._pending[: end + 1]
            if not stuffed:
                continue
            try:
                yield decode(stuffed)
            except FrameError:
                self._note(stuffed)
        if len(self._pending) > MAX_FRAME_BYTES:
            self._note(bytes(self._pending))
            self._pending.clear()

    def _note(self, data: bytes) -> None:
        self.noise = (self.noise + data)[-MAX_FRAME_BYTES:]

    def all_noise(self) -> bytes:
        """What came and was no frame, with what stands unfinished now."""
        return (self.noise + bytes(self._pending))[-MAX_FRAME_BYTES:]
