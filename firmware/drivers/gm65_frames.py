"""What goes over the wire to and from a GM65 (manual V1.3): commands, replies, codes. Pure, no I/O.

A command is `7E 00 type length address(2) data CRC(2)`, a reply `02 00 type length data CRC(2)`,
big-endian; the CRC is XMODEM's over all between the head and itself. A code is one character that
says its symbology, the content, and CR. docs/gm65.md draws a reading.
"""

import struct

from micropython import const

_HEAD_BYTES = const(4)  # of a reply
AROUND_BYTES = const(6)  # of a reply: its head and its CRC
SHORT_REPLY_BYTES = const(7)  # with one byte of data: to a write or a save
MODE_BYTES = const(2)  # that are read to see the mode, so that no other reply passes for that one
_STX = const(2)
TAIL = const(13)

MODE_ADDRESS = const(0x00)
# Lit on a good read, no sound, aim and light while it reads, command mode
MODE = const(0x95)
TRIGGER_ADDRESS = const(0x02)

_READ = const(7)
_WRITE = const(8)
_SAVE = const(9)


def crc16(data):
    """CRC-16/XMODEM of bytes: polynomial 0x1021, start 0, no reflection (0x31C3 of "123456789")."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


def _command(kind, length, address, data):
    body = struct.pack(">BBH", kind, length & 0xFF, address) + data
    return b"\x7e\x00" + body + struct.pack(">H", crc16(body))


def read_command(address, count):
    """Asks for `count` (1 to 256) settings from `address` on; the reply has that many bytes."""
    return _command(_READ, 1, address, bytes((count & 0xFF,)))


def write_command(address, data):
    """Writes settings (1 to 256 bytes) from `address` on; the reply is one zero byte."""
    return _command(_WRITE, len(data), address, data)


def save_command():
    """Writes the settings to the EEPROM; the reply is one zero byte."""
    return _command(_SAVE, 1, 0, b"\x00")


def is_reply(view, start, data_bytes):
    """True if a whole reply with so many bytes of data (1 to 256) stands at `start`.

    view: memoryview of what was received.
    """
    end = start + AROUND_BYTES + data_bytes
    if len(view) < end or view[start] != _STX or view[start + 1] or view[start + 2]:
        return False
    if view[start + 3] != data_bytes & 0xFF:
        return False
    return crc16(view[start + 2 : end - 2]) == view[end - 2] << 8 | view[end - 1]


def find_reply(view, data_bytes):
    """Where a whole reply with so many bytes of data begins, or -1: before, behind or in a code."""
    for start in range(len(view) - AROUND_BYTES - data_bytes + 1):
        if view[start] == _STX and is_reply(view, start, data_bytes):
            return start
    return -1


def reply_data(view, start, data_bytes):
    """The data of the reply at `start`, as bytes."""
    return bytes(view[start + _HEAD_BYTES : start + _HEAD_BYTES + data_bytes])


def after_replies(view):
    """Where the replies end that stand at the begin: late ones, and those that come twice."""
    start = 0
    while True:
        if is_reply(view, start, 1):
            start += SHORT_REPLY_BYTES
        elif is_reply(view, start, MODE_BYTES):
            start += AROUND_BYTES + MODE_BYTES
        else:
            return start


def code_bounds(view):
    """(start, end) of the code in all that was received in a reading, symbology and tail included.

    Replies stand before it, where the module answered late or twice, and behind it. None of them
    can have been printed into the code: that begins with a character, and ends with the tail, which
    the module puts there itself. Where no tail stands, there is no end to take off.
    """
    start = after_replies(view)
    end = len(view)
    while end - start > SHORT_REPLY_BYTES and is_reply(view, end - SHORT_REPLY_BYTES, 1):
        end -= SHORT_REPLY_BYTES
    return start, end if end > start and view[end - 1] == TAIL else len(view)
