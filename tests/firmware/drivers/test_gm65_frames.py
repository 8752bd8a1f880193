"""What goes over the wire to and from a GM65, with the examples of its manual (V1.3)."""

import struct
from binascii import hexlify, unhexlify

from drivers import gm65_frames as frames

DONE = unhexlify("02000001003331")  # the reply to a write
SETTING = unhexlify("020000013ee4ac")  # the reply to reading 0x000A: 0x3E
MODE = b"\x02\x00\x00\x02\x95\x00" + struct.pack(">H", frames.crc16(b"\x00\x02\x95\x00"))
CODE = b"QSP1:NCF..HELLO\r"


def _hex(data):
    return str(hexlify(data), "ascii")


def test_commands_of_the_manual():
    assert _hex(frames.read_command(0x0A, 1)) == "7e000701000a01ee8a"
    assert _hex(frames.write_command(0x0A, b"\x3e")) == "7e000801000a3e4ccf"
    assert _hex(frames.save_command()) == "7e000901000000dec8"
    assert _hex(frames.write_command(0x2A, b"\x1a\x00")) == "7e000802002a1a00e47e"


def test_256_bytes_are_said_as_0():
    assert frames.read_command(0, 256)[:7] == unhexlify("7e000701000000")
    assert frames.write_command(0, bytes(256))[:6] == unhexlify("7e0008000000")
    body = unhexlify("0000") + bytes(256)
    reply = b"\x02\x00" + body + struct.pack(">H", frames.crc16(body))
    assert frames.is_reply(memoryview(reply), 0, 256)
    assert frames.reply_data(memoryview(reply), 0, 256) == bytes(256)


def _code(data):
    """What code_bounds leaves of what was received."""
    start, end = frames.code_bounds(memoryview(data))
    return data[start:end]


def test_replies_of_the_manual():
    for reply, data in ((SETTING, b"\x3e"), (DONE, b"\x00")):
        assert frames.is_reply(memoryview(reply), 0, 1)
        assert frames.reply_data(memoryview(reply), 0, 1) == data
        for length in range(len(reply)):
            assert not frames.is_reply(memoryview(reply[:length]), 0, 1)
        for place in range(len(reply)):
            wrong = bytearray(reply)
            wrong[place] ^= 1
            assert not frames.is_reply(memoryview(wrong), 0, 1)
    assert not frames.is_reply(memoryview(DONE), 0, 2)


def test_a_reply_is_found_anywhere():
    body = unhexlify("00030d0a02")
    reply = b"\x02\x00" + body + struct.pack(">H", frames.crc16(body))
    for before, behind in ((b"", b""), (CODE, b""), (b"", CODE), (b"\x02", b"\x02"), (CODE, CODE)):
        data = memoryview(before + reply + behind)
        at = frames.find_reply(data, 3)
        assert at == len(before)
        assert frames.reply_data(data, at, 3) == b"\x0d\x0a\x02"
    assert frames.find_reply(memoryview(CODE * 9), 3) == -1
    assert frames.find_reply(memoryview(b"\x02\x00\x00\x03" * 9), 3) == -1
    assert frames.find_reply(memoryview(b""), 3) == -1


def test_replies_around_a_code_are_not_of_it():
    for count in range(3):
        for behind in range(3):
            assert _code(DONE * count + CODE + DONE * behind) == CODE
    assert _code(MODE + CODE) == CODE
    assert _code(DONE + MODE + DONE + CODE) == CODE
    assert _code(DONE) == b"" and _code(DONE + DONE) == b"" and _code(b"") == b""


def test_replies_that_were_printed_into_a_code_are():
    for inside in (DONE, MODE, DONE + DONE, b"\r" + DONE, DONE + b"\r"):
        for text in (inside + b"SP1:A", b"SP1:A" + inside, b"SP1:A" + inside + b"SP1:B"):
            code = b"Q" + text + b"\r"
            for received in (code, DONE + code, code + DONE, DONE + code + DONE):
                assert _code(received) == code


def test_half_codes_and_half_replies_stay_as_they_are():
    half = CODE[:-1]
    for received in (half, half + DONE[:4], DONE[3:] + CODE, half + DONE):
        assert _code(received) == received
    assert _code(DONE + half) == half


def test_bytes_at_random():
    state = 1
    for _ in range(400):
        data = bytearray()
        for _ in range(60):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data.append((0, 1, 2, 2, 0x41, 0x33, 0x31, 13)[state >> 16 & 7])
        start, end = frames.code_bounds(memoryview(data))
        assert 0 <= start <= end <= len(data)
        assert _code(DONE + b"Q" + data + b"\r") == b"Q" + data + b"\r"
