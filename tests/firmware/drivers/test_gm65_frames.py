"""What goes over the wire to and from a GM65, with the examples of its manual (V1.3)."""

import struct
from binascii import hexlify, unhexlify

from drivers import gm65_frames as frames
from drivers import gm65_setup as commands

MAX = 520
DONE = unhexlify("02000001003331")  # the reply to a write
SETTING = unhexlify("020000013ee4ac")  # the reply to reading 0x000A: 0x3E
CODE = b"SP1:NCF..HELLO"


def _new(expected=None, max_line_bytes=MAX):
    made = frames.Demultiplexer(max_line_bytes)
    if expected is not None:
        made.expect(expected)
    return made


def _hex(data):
    return str(hexlify(data), "ascii")


def test_commands_of_the_manual():
    assert _hex(commands.read_command(0x0A, 1)) == "7e000701000a01ee8a"
    assert _hex(commands.write_command(0x0A, b"\x3e")) == "7e000801000a3e4ccf"
    assert _hex(commands.save_command()) == "7e000901000000dec8"
    assert _hex(commands.write_command(0x2A, b"\x1a\x00")) == "7e000802002a1a00e47e"


def test_256_bytes_are_said_as_0():
    assert commands.read_command(0, 256)[:7] == unhexlify("7e000701000000")
    assert commands.write_command(0, bytes(256))[:6] == unhexlify("7e0008000000")
    body = unhexlify("0000") + bytes(256)
    reply = b"\x02\x00" + body + struct.pack(">H", frames.crc16(body))
    stream = _new(256)
    assert stream.feed(reply) == []
    assert stream.reply == bytes(256)


def test_replies_of_the_manual():
    stream = _new(1)
    assert stream.feed(SETTING) == []
    assert stream.reply == b"\x3e"
    stream.expect(1)
    assert stream.reply is None
    assert stream.feed(DONE) == []
    assert stream.reply == b"\x00"


def test_glued_to_a_code_and_cut_at_every_byte():
    whole = (
        (DONE + CODE + b"\r", [CODE]),
        (CODE + b"\r" + DONE, [CODE]),
        (CODE[:6] + DONE + CODE[6:] + b"\r", [CODE]),
        (CODE + DONE + b"\r", [CODE]),
        (CODE + b"\r" + DONE + b"T0000001\r", [CODE, b"T0000001"]),
        (b"\x02" + DONE + CODE + b"\r", [b"\x02" + CODE]),  # a false start just before it
        (DONE[:3] + DONE + CODE + b"\r", [DONE[:3] + CODE]),
        (DONE[:6] + b"\x30" + DONE + CODE + b"\r", [DONE[:6] + b"\x30" + CODE]),  # wrong CRC
    )
    for data, codes in whole:
        for cut in range(len(data) + 1):
            stream = _new(1)
            found = stream.feed(data[:cut]) + stream.feed(data[cut:])
            assert found == codes, (data, cut, found)
            assert stream.reply == b"\x00", (data, cut)
        stream = _new(1)
        found = []
        for index in range(len(data)):
            found += stream.feed(data[index : index + 1])
        assert found == codes
        assert stream.reply == b"\x00"


def test_a_reply_with_ends_of_lines_in_it():
    body = unhexlify("00030d0a02")
    reply = b"\x02\x00" + body + struct.pack(">H", frames.crc16(body))
    for cut in range(len(reply)):
        stream = _new(3)
        assert stream.feed(reply[:cut]) + stream.feed(reply[cut:] + b"X\n") == [b"X"]
        assert stream.reply == b"\x0d\x0a\x02"


def test_of_another_length_it_is_not_the_reply():
    stream = _new(2)
    assert stream.feed(DONE) == []
    assert stream.reply is None
    assert stream.feed(b"\r") == [DONE]


def test_nothing_is_a_reply_unless_one_is_expected():
    stream = _new()
    assert stream.feed(DONE + b"\r") == [DONE]
    assert stream.reply is None
    stream.expect(1)
    stream.feed(DONE)
    assert stream.feed(DONE + b"\r") == [DONE]  # the second is no answer to anything
    assert stream.reply == b"\x00"


def test_what_was_held_back_becomes_part_of_the_code():
    stream = _new(1)
    assert stream.feed(b"AB\x02\x00\x00") == []
    assert stream.expect_nothing() == []
    assert stream.feed(b"C\r") == [b"AB\x02\x00\x00C"]
    stream.expect(13)  # the length byte of the reply is then a CR
    assert stream.feed(b"Z\x02\x00\x00\x0d") == []
    assert stream.expect_nothing() == [b"Z\x02\x00\x00"]
    assert stream.expect_nothing() == []


def test_a_new_expectation_does_not_lose_what_was_held_back():
    stream = _new(1)
    assert stream.feed(b"A\x02\x00") == []
    lines = stream.expect_nothing()
    stream.expect(1)
    assert lines + stream.feed(DONE + b"B\r") == [b"A\x02\x00B"]
    assert stream.reply == b"\x00"


def test_ends_of_lines():
    for tail in (b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n"):
        stream = _new()
        assert stream.feed(tail + b"one" + tail + b"two" + tail) == [b"one", b"two"]
    stream = _new()
    assert stream.feed(b"one\r") == [b"one"]
    assert stream.feed(b"\ntwo\r") == [b"two"]
    assert stream.feed(b"\n") == []


def test_junk_is_given_out_once_and_bounded():
    stream = _new()
    junk = b"0123456789" * 400
    found = []
    for start in range(0, len(junk), 64):
        found += stream.feed(junk[start : start + 64])
    assert found == [junk[:MAX]]
    assert stream.feed(b"more\rT0000001\r") == [b"T0000001"]


def test_the_longest_pass_is_whole():
    stream = _new()
    for length in (512, MAX - 1):
        line = b"P" * length
        assert stream.feed(line + b"\r") == [line]
    assert stream.feed(b"P" * MAX + b"\rX\r") == [b"P" * MAX, b"X"]


def test_a_reply_amid_junk():
    stream = _new(1)
    assert stream.feed(b"J" * 600 + DONE + b"J" * 600) == [b"J" * MAX]
    assert stream.reply == b"\x00"
    assert stream.feed(b"\rX\r") == [b"X"]


def test_junk_of_heads_of_replies():
    stream = _new(1)
    junk = b"\x02\x00\x00\x01" * 300
    found = stream.feed(junk) + stream.expect_nothing()
    assert found == [junk[:MAX]]
    assert stream.reply is None


def test_a_forgotten_line():
    stream = _new()
    stream.feed(b"half a co")
    stream.forget_line()
    assert stream.feed(b"T0000001\r") == [b"T0000001"]
    stream.feed(b"x" * 600)
    stream.forget_line()
    assert stream.feed(b"T0000002\r") == [b"T0000002"]


def test_bytes_at_random_neither_lost_nor_added():
    state = 1
    for _ in range(40):
        data = bytearray()
        for _ in range(200):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data.append((0, 1, 2, 2, 0x41, 0x33, 0x31, 0)[state >> 16 & 7])
        stream = _new(1)
        found = []
        for start in range(0, len(data), 7):
            found += stream.feed(data[start : start + 7])
        found += stream.expect_nothing() + stream.feed(b"\r")
        expected = bytes(data)
        if stream.reply is not None:
            at = expected.find(DONE)
            assert at >= 0
            expected = expected[:at] + expected[at + len(DONE) :]
        assert found == [expected]
