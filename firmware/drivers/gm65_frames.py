"""What comes over the wire from a GM65 (manual V1.3): codes, and replies to commands.

A command is `7E 00 type length address(2) data CRC(2)`, a reply `02 00 type length data CRC(2)`,
big-endian; the CRC is XMODEM's over all between the head and itself.
"""

from micropython import const

_REPLY_HEAD_BYTES = const(4)
_STX = const(2)
_CR = const(13)
_LF = const(10)


def crc16(data):
    """CRC-16/XMODEM of bytes: polynomial 0x1021, start 0, no reflection (0x31C3 of "123456789")."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


class Demultiplexer:
    """Tells replies from codes in one stream of bytes, however it is cut into pieces.

    A reply is looked for only while one is expected, at any place: in front of a code, behind
    it, in the middle of it. Codes end with CR or LF. A code longer than max_line_bytes is
    given out once, cut to that length, and the rest up to its end is dropped.
    """

    def __init__(self, max_line_bytes):
        self._line = bytearray(max_line_bytes)
        self._used = 0
        self._dropping = False
        self._candidate = bytearray()
        self._expected = None
        self.reply = None

    def expect(self, data_bytes):
        """From now on a reply with that many bytes of data (1 to 256) is looked for."""
        self._expected = data_bytes
        self._candidate = bytearray()
        self.reply = None

    def expect_nothing(self):
        """No reply is looked for; what was held back for one counts as part of a code."""
        held, self._candidate = self._candidate, bytearray()
        self._expected = None
        lines = []
        for byte in held:
            self._add(byte, lines)
        return lines

    def forget_line(self):
        """Drops the beginning of a code that has not ended, so that nothing of it stays here."""
        self._line[: self._used] = bytes(self._used)
        self._used = 0
        self._dropping = False

    def feed(self, data):
        """Takes what was received; returns the codes that ended in it, a list of bytes.

        A reply that was expected is in `reply` afterwards: its data, as bytes.
        """
        lines = []
        for byte in data:
            if self._expected is not None and (self._candidate or byte == _STX):
                self._candidate.append(byte)
                self._look_at_candidate(lines)
            else:
                self._add(byte, lines)
        return lines

    def _look_at_candidate(self, lines):
        while self._candidate:
            held = self._candidate
            total = _REPLY_HEAD_BYTES + self._expected + 2
            head = bytes((_STX, 0, 0, self._expected & 0xFF))
            if held[:_REPLY_HEAD_BYTES] == head[: len(held)]:
                if len(held) < total:
                    return
                found = held[total - 2] << 8 | held[total - 1]
                if crc16(memoryview(held)[2 : total - 2]) == found:
                    self.reply = bytes(held[_REPLY_HEAD_BYTES : total - 2])
                    self._expected = None
                    self._candidate = bytearray()
                    return
            # Not a reply after all: its first byte is of a code, and one may begin behind it.
            self._add(held[0], lines)
            rest = bytes(held[1:])
            self._candidate = bytearray()
            for index in range(len(rest)):
                if rest[index] == _STX:
                    self._candidate = bytearray(rest[index:])
                    break
                self._add(rest[index], lines)

    def _add(self, byte, lines):
        if byte in (_CR, _LF):
            if self._used and not self._dropping:
                lines.append(bytes(memoryview(self._line)[: self._used]))
            self.forget_line()
        elif not self._dropping:
            self._line[self._used] = byte
            self._used += 1
            if self._used == len(self._line):
                lines.append(bytes(self._line))
                self._dropping = True
