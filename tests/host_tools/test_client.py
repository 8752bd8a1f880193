"""The client against the firmware's server, over a pty and a socket, with a bad cable."""

import hashlib

import cbor2
import pytest
from link_device import LinkDevice

from host_tools import client as client_module
from host_tools import frames
from host_tools.client import Client, DeviceError, NoAnswer
from host_tools.transport import PortError, open_transport
from tests.host_tools.loopback import Loopback

TABLE = bytes(index % 241 for index in range(3000))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(client_module, "TIMEOUTS_S", {})
    monkeypatch.setattr(client_module, "DEFAULT_TIMEOUT_S", 0.1)


def _client(loopback: Loopback, attempts: int = 5) -> Client:
    return Client(open_transport(loopback.port), attempts)


@pytest.mark.parametrize("kind", ["pty", "socket"])
def test_every_request_over(kind):
    device = LinkDevice([b"\x05" + bytes(8) + b"record%d" % number for number in range(150)])
    with Loopback(device, kind) as loopback:
        client = _client(loopback)
        assert client.identify()["device"] == device.device_id
        client.add_seed(b"s" * 32)
        assert device.seeds == [b"s" * 32]
        assert client.install_root(b"r" * 32) == device.device_id
        assert client.set_clock(1790000000) == 1790000000
        assert client.status()["time"] == 1790000000
        seen = []
        assert client.send_object("revoked-table", TABLE, lambda a, b: seen.append((a, b))) == 1
        assert device.installed == [("revoked-table", TABLE)]
        assert seen[0] == (0, len(TABLE)) and seen[-1] == (len(TABLE), len(TABLE))
        following, bodies = client.read_journal(1)
        assert following == len(bodies) + 1 and bodies == device.records[: len(bodies)]
        assert client.statement(bytes(16), 1, 150).startswith(b"statement")
        assert client.challenge() == b"\x01" * 16
        with pytest.raises(DeviceError) as refusal:
            client.statement(bytes(16), 1, 151)
        assert refusal.value.code == "NOT_WRITTEN"
        client.close()


def test_lost_replies_do_nothing_twice():
    device = LinkDevice()
    with Loopback(device, on_reply=lambda n, data: b"" if n % 2 else data) as loopback:
        client = _client(loopback)
        client.set_clock(1790000000)
        client.send_object("trust", TABLE)
        client.set_clock(1790000001)
        assert loopback.requests > 30
    assert device.clock_sets == [1790000000, 1790000001]
    assert device.installed == [("trust", TABLE)]


def _garble(number: int, data: bytes) -> bytes:
    if number % 3 == 0:
        place = number % len(data)
        return data[:place] + bytes((data[place] ^ 0x21,)) + data[place + 1 :]
    if number % 3 == 1:
        return data[: len(data) // 2]
    return data


def test_garbled_and_cut_requests_are_sent_again():
    device = LinkDevice()
    with Loopback(device, on_request=_garble) as loopback:
        _client(loopback).send_object("settings", TABLE[:600])
    assert device.installed == [("settings", TABLE[:600])]


def test_garbled_and_cut_replies_are_asked_for_again():
    device = LinkDevice()
    with Loopback(device, on_reply=_garble) as loopback:
        _client(loopback).send_object("settings", TABLE[:600])
    assert device.installed == [("settings", TABLE[:600])]


def test_repeated_frames_and_late_replies_are_passed_over():
    device = LinkDevice()
    with Loopback(
        device, on_request=lambda n, data: data * 2, on_reply=lambda n, data: data * 3
    ) as loopback:
        client = _client(loopback)
        client.send_object("trust", TABLE)
        client.set_clock(1790000000)
        assert client.identify()["board"] == "test"
    assert device.installed == [("trust", TABLE)]
    assert device.clock_sets == [1790000000]


def test_text_around_frames_is_passed_over():
    with Loopback(
        LinkDevice(),
        greeting=b"ets Jul 29\r\n\x00rst:0x1\r\n",
        on_reply=lambda n, data: b"x" + data,
    ) as loopback:
        assert _client(loopback).identify()["board"] == "test"


def test_a_restart_in_the_middle_begins_anew():
    device = LinkDevice()
    with Loopback(device) as loopback:
        restarts = []

        def progress(sent: int, _size: int) -> None:
            if sent > 512 and not restarts:
                restarts.append(sent)
                loopback.restart()

        _client(loopback).send_object("trust", TABLE, progress)
        assert restarts
    assert device.installed == [("trust", TABLE)]


def test_a_transfer_goes_on_after_the_cable_was_out():
    device = LinkDevice()
    with Loopback(device) as loopback:
        first = _client(loopback)
        first.call("begin", "trust", len(TABLE), hashlib.sha256(TABLE).digest())
        first.call("piece", 0, TABLE[:64])
        first.close()
        offsets = []
        _client(loopback).send_object("trust", TABLE, lambda sent, _: offsets.append(sent))
        assert offsets[0] == 64
    assert device.installed == [("trust", TABLE)]


def test_the_first_request_holds_no_ctrl_c():
    requests = []

    def note(_number: int, data: bytes) -> bytes:
        requests.append(data)
        return data

    with Loopback(LinkDevice(), on_request=note) as loopback:
        client = _client(loopback)
        for _ in range(300):
            client.identify()
    assert len(requests) == 300 and not any(3 in request for request in requests)


def test_no_answer_says_what_to_do():
    with Loopback(LinkDevice(), on_reply=lambda n, data: b"") as loopback:
        with pytest.raises(NoAnswer, match="does not answer"):
            _client(loopback, 2).status()
        assert loopback.requests == 2


def test_the_prompt_is_recognised():
    with (
        Loopback(LinkDevice(), on_reply=lambda n, data: b"\r\n>>> ") as loopback,
        pytest.raises(NoAnswer, match="prompt"),
    ):
        _client(loopback, 2).identify()


def test_another_version_is_named():
    def reply(_number: int, _data: bytes) -> bytes:
        return frames.encode(cbor2.dumps([2, 0, "VERSION", 2]))

    with (
        Loopback(LinkDevice(), on_reply=reply) as loopback,
        pytest.raises(DeviceError, match="version"),
    ):
        _client(loopback).identify()


def test_a_port_that_goes_away():
    loopback = Loopback(LinkDevice())
    client = _client(loopback)
    client.identify()
    loopback.close()
    with pytest.raises(PortError, match="lost"):
        client.identify()


def test_ports_that_cannot_be_opened():
    with pytest.raises(PortError, match="is not there"):
        open_transport("/dev/ttyNOSUCH")
    with pytest.raises(PortError, match="nobody answers"):
        open_transport("socket://127.0.0.1:1")


def test_a_port_in_use():
    with Loopback(LinkDevice()) as loopback:
        held = open_transport(loopback.port)
        with pytest.raises(PortError, match="in use"):
            open_transport(loopback.port)
        held.close()


class _Lines:
    """Notes the order in which a port is opened and its lines are set."""

    def __init__(self):
        object.__setattr__(self, "events", [])

    def __setattr__(self, name, value):
        self.events.append((name, value))

    def open(self):
        self.events.append(("open", None))


def test_opening_never_passes_through_the_state_that_resets(monkeypatch):
    lines = _Lines()
    monkeypatch.setattr("serial.serial_for_url", lambda *args, **options: lines)
    assert open_transport("/dev/ttyUSB0") is lines
    # The kernel switches both on; then pyserial sets DTR, then RTS, as asked before `open`.
    dtr, rts = True, True
    asked = {}
    is_open = False
    for name, value in lines.events:
        if name == "open":
            is_open = True
            for line in ("dtr", "rts"):
                dtr, rts = (asked[line], rts) if line == "dtr" else (dtr, asked[line])
                assert not (rts and not dtr)
        elif not is_open:
            asked[name] = value
        elif name in ("dtr", "rts"):
            dtr, rts = (value, rts) if name == "dtr" else (dtr, value)
            assert not (rts and not dtr)
    assert not dtr and not rts
