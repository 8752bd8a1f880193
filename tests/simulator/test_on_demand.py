"""Time on demand: what a device does is the same however fast this computer is."""

import hashlib
import random
import secrets
import threading
import time

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools import frames
from host_tools.client import Client
from host_tools.provision import provision
from host_tools.transport import open_transport
from provisioning import cose, issuing, local_time
from provisioning.keys import raw_public
from provisioning.trust import TYP, Issuer, TrustList
from simulator import control
from simulator.cpu import Cpu
from tests.runtimes import micropython_or_skip
from tests.simulator.owner import Owner

NOW_S = 1790000000


class Running:
    """A device in this process that others reach through its port and its control socket."""

    def __init__(self, folder, **options):
        self.device = control.Device(folder, **options)
        self._thread = threading.Thread(target=self.device.run)

    def __enter__(self):
        self._thread.start()
        return self.device

    def __exit__(self, *exc):
        self.device.stop()
        self._thread.join()
        self.device.close()


def watch(board):
    """Lists, with their times, all that goes on at the board's edges: flash, link, pins."""
    seen = []

    def wrap(owner, name):
        original = getattr(owner, name)

        def watched(*arguments):
            told = [one if isinstance(one, int) else bytes(one) for one in arguments]
            seen.append((board.clock.now_us(), name, *told))
            return original(*arguments)

        setattr(owner, name, watched)

    wrap(board.flash, "program")
    wrap(board.flash, "erase")
    wrap(board.link, "receive")
    wrap(board.link, "send")
    wrap(board.pins, "write")
    wrap(board.pins, "pwm")
    return seen


class Plan:
    """What the two runs have in common; all that is random is made once."""

    def __init__(self):
        owner = Owner(NOW_S)
        issuer = Ed25519PrivateKey.generate()
        public = raw_public(issuer)
        row = Issuer(cose.kid_of(public), -8, public, 0, NOW_S * 2, 10**7, "A")
        self.root = owner.root_public
        self.trust = owner.seal(TYP, TrustList((row,)).body())
        self.collection = owner.collection
        validity = issuing.Validity(NOW_S - 60, NOW_S + 86400)
        self.passes = [
            issuing.issue(issuer, issuing.Person(bytes([who] * 16), "张三"), validity, zone).text
            for who, zone in enumerate([local_time.zone()] * 3)
        ]


def morning(folder, runtime, plan, monkeypatch):
    """A device from its first start to the third person; all that was seen of it."""
    from host_tools.provision import Plan as Provisioned

    monkeypatch.setattr(secrets, "token_bytes", lambda count: bytes(range(count)))
    monkeypatch.setattr(secrets, "randbits", lambda _: 77)
    with Running(folder, runtime=runtime, seed=5) as device:
        seen = watch(device.board)
        assert control.ask(folder, "ready")["ready"]
        client = Client(open_transport(str(folder / "port")))
        client._id = 1000
        told = Provisioned(
            root=plan.root, unix_s=NOW_S, trust=plan.trust, collection=plan.collection
        )
        provision(client, told, lambda *_: None)
        answers = [control.ask(folder, "show", data=b"T0000001".hex())]
        for one in plan.passes:
            answers.append(control.ask(folder, "show", data=one.encode().hex()))
        assert [one["lines"][0] for one in answers] == ["TUBE OPEN", "OK  1", "OK  2", "OK  3"]
        assert [one["sound"] for one in answers[1:]] == [[[2400, 120]]] * 3
        control.ask(folder, "power", on=False)
        control.ask(folder, "power", on=True)
        answers.append(control.ask(folder, "show", data=plan.passes[0].encode().hex()))
        assert answers[-1]["lines"][0] == "ALREADY DONE"
        seen.append(client.identify())
        seen.append(client.call("read", 1))
        client.close()
        seen.append(control.ask(folder, "status"))
    seen.append(hashlib.sha256((folder / "flash.bin").read_bytes()).hexdigest())
    return seen, answers


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_a_slow_computer_changes_nothing(tmp_path, runtime, monkeypatch):
    """The CPU's thread sleeps now and then, as if others had the processor: not a byte, not a
    microsecond is different."""
    if runtime == "micropython":
        micropython_or_skip()
    plan = Plan()
    quick = morning(tmp_path / "quick", runtime, plan, monkeypatch)
    dice = random.Random(3)
    enter = Cpu._enter

    def enter_late(self):
        if dice.random() < 0.01:
            time.sleep(dice.random() / 100)
        enter(self)

    monkeypatch.setattr(Cpu, "_enter", enter_late)
    slow = morning(tmp_path / "slow", runtime, plan, monkeypatch)
    assert len(quick[0]) > 1000
    for one, other in zip(quick[0], slow[0], strict=True):
        assert one == other
    assert quick[1] == slow[1]


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_a_code_shown_as_soon_as_the_power_comes_is_read(tmp_path, runtime):
    """The module has to be found at its factory's rate first, and at its new one the second time;
    the screen says NOT SET UP, ready or not."""
    if runtime == "micropython":
        micropython_or_skip()
    with Running(tmp_path, runtime=runtime):
        for code in (b"T0000001", b"T0000002"):
            control.ask(tmp_path, "power", on=True)
            answer = control.ask(tmp_path, "show", data=code.hex(), pause_ms=0)
            assert answer["reacted"] and answer["lights"] == ["red"]
            assert 0 < answer["took_ms"] < 200
            control.ask(tmp_path, "power", on=False)


def test_time_stands_still_while_nobody_asks(tmp_path):
    with Running(tmp_path) as device:
        assert control.ask(tmp_path, "status")["now_ms"] == 0
        control.ask(tmp_path, "wait", ms=3000)
        operations = device.board.flash.operations
        time.sleep(0.05)
        assert control.ask(tmp_path, "status")["now_ms"] == 3000
        assert device.board.flash.operations == operations


def test_the_host_is_answered_whether_the_device_has_started_or_has_no_power(tmp_path):
    with Running(tmp_path) as device:
        transport = open_transport(str(tmp_path / "port"))
        assert Client(transport).identify()["board"] == "bench"
        began_us = device.board.clock.now_us()
        Client(transport).identify()
        assert device.board.clock.now_us() - began_us < 200_000
        control.ask(tmp_path, "power", on=False)
        transport.write(b"\0nobody\0")
        control.ask(tmp_path, "power", on=True)
        assert Client(transport).identify()["board"] == "bench"
        transport.close()


def test_what_the_host_sends_again_because_this_computer_is_slow_is_not_sent(tmp_path):
    with Running(tmp_path) as device:
        link, host_sent = device.board.link, device._time.host_sent
        request = frames.encode(cbor2.dumps([1, 7, "identify", []], canonical=True))
        answered = []

        def answer(*arguments):
            before = link.bytes_sent_by_device
            host_sent(*arguments)
            answered.append(link.bytes_sent_by_device - before)
            return answered[-1]

        control.ask(tmp_path, "ready")
        length = answer(request)
        assert length > 20
        assert answer(request, True) == answer(request * 2, True) == 0
        assert answer(request) == answer(request * 3) == length
        other = frames.encode(cbor2.dumps([1, 8, "identify", []], canonical=True))
        assert answer(request + other, True) == answer(other + other) == length
        # not what was not answered, nor what are no frames
        assert answer(b"\0no request\0") == 0
        sent = []
        link.send = sent.append
        host_sent(b"\0no request\0", True)
        host_sent(b"aa", True)
        host_sent(b"aa", True)
        assert sent == [b"\0no request\0", b"aa", b"aa"]


def test_a_firmware_that_ends_is_told_and_stops_nobody(tmp_path):
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "main.py").write_text("1 / 0\n")
    with Running(tmp_path / "device", firmware=tmp_path / "firmware"):
        assert not control.ask(tmp_path / "device", "ready")["ready"]
        assert not control.ask(tmp_path / "device", "show", data="41")["reacted"]
        transport = open_transport(str(tmp_path / "device" / "port"))
        transport.write(b"\0hello\0")
        assert "ZeroDivisionError" in control.ask(tmp_path / "device", "status")["stopped"]
        transport.close()


def test_after_a_pause_the_device_knows_todays_time(tmp_path):
    today = [NOW_S]
    with Running(tmp_path, computer_s=lambda: today[0]) as device:
        clock_chip = device.board.chips["clock"]
        control.ask(tmp_path, "wait", ms=10_000)
        began_s, ticks_ms = clock_chip.seconds(), device.board.now_ms()
        today[0] += 60  # of which 10 were simulated before
        control.ask(tmp_path, "wait", ms=0)
        assert clock_chip.seconds() == began_s
        today[0] += 3600
        control.ask(tmp_path, "wait", ms=0)
        assert abs(clock_chip.seconds() - began_s - 3650) <= 1
        assert device.board.now_ms() == ticks_ms
