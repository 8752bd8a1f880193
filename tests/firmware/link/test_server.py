"""Requests: what is answered, what is refused, and what a repeat does."""

import asyncio
import gc
import hashlib

from link.endpoint import MAX_REQUEST_BYTES
from link_device import Link, LinkDevice, decode, encode
from verify import cbor

_NEXT_ID = [0]


def _ask(server, operation, *arguments):
    _NEXT_ID[0] += 1
    payload = cbor.encode([1, _NEXT_ID[0], operation, list(arguments)])
    assert len(payload) <= MAX_REQUEST_BYTES, operation
    version, answered, status, result = _decode(server.handle(payload))
    assert version == 1 and answered == _NEXT_ID[0]
    return status, result


def _decode(reply):
    assert len(reply) <= 1024
    return cbor.decode(reply, 6, 200)


def _digest(data):
    return hashlib.sha256(data).digest()


def test_identify_status_and_clock():
    device = LinkDevice()
    server = Link(device)
    status, result = _ask(server, "identify")
    assert status == "OK" and result["device"] == device.device_id and result["root"] is None
    assert _ask(server, "set_clock", 1790000000) == ("OK", 1790000000)
    assert _ask(server, "status")[1]["time"] == 1790000000


def test_root_is_installed_once():
    server = Link(LinkDevice())
    assert _ask(server, "install_root", b"r" * 32) == ("OK", b"\x01\x02\x03\x04\x05\x06\x07\x08")
    assert _ask(server, "install_root", b"r" * 32)[0] == "OK"
    assert _ask(server, "install_root", b"q" * 32) == ("ROOT_INSTALLED", None)


def test_an_object_in_pieces():
    device = LinkDevice()
    server = Link(device)
    data = bytes([index % 251 for index in range(300)])
    assert _ask(server, "begin", "revoked-table", 300, _digest(data)) == ("OK", 0)
    for offset in range(0, 300, 60):
        assert _ask(server, "piece", offset, data[offset : offset + 60]) == ("OK", offset + 60)
    assert _ask(server, "commit") == ("OK", 1)
    assert device.installed == [("revoked-table", data)]
    assert _ask(server, "commit") == ("NOT_BEGUN", None)


def test_an_empty_object():
    device = LinkDevice()
    server = Link(device)
    assert _ask(server, "begin", "revoked-table", 0, _digest(b"")) == ("OK", 0)
    assert _ask(server, "commit") == ("OK", 1)


def test_pieces_out_of_order_and_too_many():
    server = Link(LinkDevice())
    assert _ask(server, "piece", 0, b"x") == ("NOT_BEGUN", None)
    _ask(server, "begin", "trust", 10, _digest(b"0123456789"))
    assert _ask(server, "piece", 4, b"4567") == ("OFFSET", 0)
    assert _ask(server, "piece", 0, b"0123") == ("OK", 4)
    assert _ask(server, "piece", 0, b"0123") == ("OFFSET", 4)
    assert _ask(server, "commit") == ("INCOMPLETE", 4)
    assert _ask(server, "piece", 4, b"4567890") == ("TOO_LARGE", None)
    assert _ask(server, "begin", "trust", 10, _digest(b"0123456789")) == ("OK", 4)
    assert _ask(server, "piece", 4, b"456789") == ("OK", 10)
    assert _ask(server, "commit") == ("OK", 1)


def test_another_begin_forgets_the_first():
    device = LinkDevice()
    server = Link(device)
    _ask(server, "begin", "trust", 4, _digest(b"abcd"))
    _ask(server, "piece", 0, b"ab")
    assert _ask(server, "begin", "settings", 2, _digest(b"xy")) == ("OK", 0)
    _ask(server, "piece", 0, b"xy")
    assert _ask(server, "commit") == ("OK", 1)
    assert device.installed == [("settings", b"xy")]


def test_a_wrong_digest_and_a_failed_write_forget_the_transfer():
    device = LinkDevice()
    server = Link(device)
    _ask(server, "begin", "trust", 2, bytes(32))
    _ask(server, "piece", 0, b"ab")
    assert _ask(server, "commit") == ("DIGEST", None)
    assert _ask(server, "commit") == ("NOT_BEGUN", None)
    _ask(server, "begin", "trust", 2, _digest(b"ab"))
    device.flash_fails = True
    assert _ask(server, "piece", 0, b"ab") == ("STORAGE", None)
    device.flash_fails = False
    assert _ask(server, "piece", 0, b"ab") == ("NOT_BEGUN", None)
    assert device.installed == []


def test_sizes_and_kinds_are_refused_before_anything_is_kept():
    server = Link(LinkDevice())
    assert _ask(server, "begin", "trust", 0xFFFFFFFF, bytes(32)) == ("TOO_LARGE", None)
    assert _ask(server, "begin", "firmware", 10, bytes(32)) == ("UNKNOWN_KIND", None)
    assert _ask(server, "commit") == ("NOT_BEGUN", None)


def test_reading_and_what_is_signed_for_it():
    bodies = [b"\x05" + bytes(3) + bytes([number + 1]) + b"t" * 60 for number in range(40)]
    device = LinkDevice(bodies)
    server = Link(device)
    sequence = 1
    found = []
    while True:
        status, result = _ask(server, "read", sequence)
        assert status == "OK"
        sequence, some = result
        if not some:
            break
        found += some
    assert found == bodies and sequence == 41
    nonce = bytes(range(16))
    assert _ask(server, "statement", nonce, 1, 41) == ("NOT_WRITTEN", None)
    assert _ask(server, "statement", nonce, 1, 40) == ("OK", b"statement" + nonce + b"\x01\x28")
    assert _ask(server, "challenge") == ("OK", b"\x01" * 16)
    assert _ask(server, "challenge") == ("OK", b"\x02" * 16)


def test_the_largest_records_fit_a_reply():
    for length in (9, 22, 23, 24, 100, 209, 255):
        device = LinkDevice([b"r" * length] * 120)
        assert len(_ask(Link(device), "read", 1)[1][1]) >= min(40, 940 // (length + 3))


def test_a_repeat_gets_the_same_reply_and_does_nothing():
    device = LinkDevice()
    server = Link(device)
    payload = cbor.encode([1, 77, "set_clock", [1790000000]])
    first = server.handle(payload)
    assert server.handle(payload) == first
    assert device.clock_sets == [1790000000]
    assert server.handle(cbor.encode([1, 77, "set_clock", [1790000001]])) != first
    assert device.clock_sets == [1790000000, 1790000001]


def test_the_same_number_for_another_request_is_another_request():
    device = LinkDevice()
    server = Link(device)
    server.handle(cbor.encode([1, 5, "set_clock", [1790000000]]))
    reply = _decode(server.handle(cbor.encode([1, 5, "identify", []])))
    assert reply[2] == "OK" and reply[3]["board"] == "test"


def _status(server, payload):
    reply = _decode(server.handle(payload))
    return reply[1], reply[2]


def test_whatever_is_no_request_is_refused():
    server = Link(LinkDevice())
    for payload in (b"\xff", b"\x00", b"\x80", b"\x9f\xff", b"\xa0", b"\x83\x01\x02", b"\x5a\xff"):
        assert _status(server, payload) == (0, "MALFORMED"), payload
    assert _status(server, cbor.encode([1])) == (0, "MALFORMED")
    assert _status(server, cbor.encode([1, 9, "status"])) == (9, "MALFORMED")
    assert _status(server, cbor.encode([1, "x", "status", []])) == (0, "MALFORMED")
    assert _status(server, cbor.encode([1, -1, "status", []])) == (0, "MALFORMED")
    assert _status(server, cbor.encode([2, 9, "status", []])) == (9, "VERSION")
    assert _status(server, cbor.encode([True, 9, "status", []])) == (9, "VERSION")
    assert _status(server, cbor.encode(cbor.Tag(18, [1, 9, "status", []]))) == (0, "MALFORMED")
    assert _status(server, b"\x81" * MAX_REQUEST_BYTES) == (0, "MALFORMED")
    assert _status(server, b"\x9b" + b"\xff" * 8) == (0, "MALFORMED")
    assert _status(server, b"\x84\x01\x09\x5b" + b"\x7f" * 8) == (0, "MALFORMED")
    assert _status(server, cbor.encode([1, 9, "reboot", []])) == (9, "UNKNOWN_OP")
    assert _status(server, cbor.encode([1, 9, 3, []])) == (9, "UNKNOWN_OP")
    assert _status(server, cbor.encode([1, 9, [], []])) == (9, "UNKNOWN_OP")
    assert _status(server, cbor.encode([1, 9, "status", {}])) == (9, "ARGUMENTS")
    assert _status(server, cbor.encode([1, 9, "status", [1]])) == (9, "ARGUMENTS")
    assert _status(server, cbor.encode([1, 9, "status", [], b"signature"])) == (9, "NOT_SUPPORTED")
    assert _status(server, cbor.encode([1, 9, "status", [], None])) == (9, "OK")


def test_a_mistake_of_ours_is_an_answer():
    device = LinkDevice()
    device.status = lambda: {"time": 1.5}["date"]
    server = Link(device)
    assert _ask(server, "status") == ("FAULT", None)
    assert _ask(server, "identify")[0] == "OK"


def test_arguments_of_the_wrong_kind_are_refused():
    server = Link(LinkDevice())
    for operation, arguments in (
        ("set_clock", ["now"]),
        ("set_clock", [True]),
        ("set_clock", [-1]),
        ("set_clock", [1 << 32]),
        ("add_seed", [b"r" * 31]),
        ("add_seed", ["r" * 32]),
        ("install_root", [b"r" * 31]),
        ("install_root", ["r" * 32]),
        ("begin", ["trust", -1, bytes(32)]),
        ("begin", ["trust", 1, bytes(31)]),
        ("begin", [7, 1, bytes(32)]),
        ("begin", ["a-very-long-kind-name", 1, bytes(32)]),
        ("piece", [0, b""]),
        ("piece", ["0", b"x"]),
        ("piece", [0, "x"]),
        ("read", [None]),
        ("read", [-1]),
        ("statement", [bytes(15), 1, 1]),
        ("statement", [bytes(16), -1, 1]),
        ("statement", [bytes(16), 1, None]),
    ):
        assert _ask(server, operation, *arguments) == ("ARGUMENTS", None), (operation, arguments)


class _Closed(Exception):
    pass


class _Port:
    """Plays a stream of bytes, some at a time, then ends the server."""

    def __init__(self, data, at_once=7):
        self._data = data
        self._at_once = at_once
        self._place = self._end = 0
        self.sent = b""
        self.longest = 0

    async def wait(self):
        if self._place == len(self._data):
            raise _Closed()
        self._end = min(self._place + self._at_once, len(self._data))

    def take(self):
        if self._place == self._end:
            return -1
        self._place += 1
        return self._data[self._place - 1]

    def write(self, data):
        self.longest = max(self.longest, len(data))
        self.sent += bytes(data)


def _serve(device, data):
    port = _Port(data)
    try:
        asyncio.run(Link(device).endpoint.run(port))
    except _Closed:
        return port, [_decode(reply) for reply in decode(port.sent)]


def test_a_stream_with_noise_cut_and_repeated_frames():
    device = LinkDevice()
    first = encode(cbor.encode([1, 1, "set_clock", [1790000000]]))
    second = encode(cbor.encode([1, 2, "status", []]))
    garbled = bytearray(first)
    garbled[5] ^= 0x40
    _, replies = _serve(
        device, b"hello\r\n" + bytes(garbled) + first[:9] + first + first + b"\x03" + second[:7]
    )
    assert [reply[1:3] for reply in replies] == [[1, "OK"], [1, "OK"]]
    assert device.clock_sets == [1790000000]


def test_long_replies_go_out_in_slices():
    device = LinkDevice([b"r" * 100] * 20)
    port, replies = _serve(device, encode(cbor.encode([1, 1, "read", [1]])))
    assert len(port.sent) > 900 and port.longest <= 64
    assert len(replies[0][3][1]) == 9


def _allocated():
    gc.collect()
    # CPython counts objects, MicroPython bytes
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else len(gc.get_objects())


def _a_round(server):
    _ask(server, "identify")
    _ask(server, "begin", "trust", 128, bytes(32))
    _ask(server, "piece", 0, b"p" * 64)
    _ask(server, "piece", 64, b"p" * 64)
    _ask(server, "commit")
    _ask(server, "read", 1)
    server.handle(b"\xff\xff")
    _ask(server, "status")


def test_requests_leave_nothing_behind():
    server = Link(LinkDevice([b"r" * 100] * 20))
    for _ in range(5):
        _a_round(server)
    before = _allocated()
    for _ in range(100):
        _a_round(server)
    assert _allocated() - before < 200
