"""The application over a journal in RAM: what staff see and hear, whatever breaks."""

import asyncio
import os
import time

import device_time  # noqa: F401 - gives CPython what MicroPython has
from app.application import App
from app.refusals import Refusals
from app.rules import Registrar
from crypto.x25519 import public_key
from drivers.scanner import CODE_128, DATA_MATRIX, QR, UNKNOWN, Code
from journal.journal import Journal
from keeping.settings import Settings
from ram_flash import RamFlash
from signing import base45, mac0
from system import faults
from ui import sounds
from verify import cbor
from verify.trust import TrustList

NOW = 1790000000
KID = b"issuer01"
SECRET = b"s" * 32
HMAC = 5


class _Feedback:
    def __init__(self):
        self.seen = []
        self.back_to = None
        self._told = ("show", None)

    def _saw(self, what):
        # Not all of a thousand: scattered over MicroPython's heap they would leave no large piece.
        self.seen = self.seen[-3:] + [what]

    def show(self, screen):
        what, sound = self._told
        self._saw((what, screen.heading, sound))
        self._told = ("show", None)

    def accepted(self, sound):
        self._told = ("accepted", sound)

    def refused(self, sound):
        self._told = ("refused", sound)

    def idle(self, make_screen):
        self.back_to = make_screen

    async def sounded(self):
        """At once."""


class _Clock:
    def __init__(self, unix_s):
        self.unix_s = unix_s

    def now(self):
        return self.unix_s

    def sync(self):
        """Nothing to keep."""


class _Identity:
    device_id = b"DEVICE01"

    def sign(self, message):
        return b"S" * 64


class _Provisioned:
    def __init__(self, settings):
        self.settings = Settings.from_body(settings)
        self.trust = TrustList.from_body([[KID, HMAC, None, 0, 1 << 31, 30 * 86400, "City"]])
        self.secrets = {KID: SECRET}
        self.is_missing = None
        self.revoked = []

    def missing(self):
        return self.is_missing

    def is_revoked(self, kid, cti):
        return cti in self.revoked


class _Scanner:
    """Gives codes, or raises what stands among them; then ends the test."""

    def __init__(self, lines, starts=()):
        self._lines = list(lines)
        self._starts = list(starts)
        self.asked = 0
        self.on_ask = None
        self.goes_on = 0  # so often a code turns out not to be over

    async def start(self, symbologies):
        started = self._starts.pop(0) if self._starts else []
        if isinstance(started, Exception):
            raise started
        return started

    async def ask(self):
        self.asked += 1
        if self.on_ask:
            self.on_ask(self.asked)

    async def next_code(self, wanted, look_ms):
        if not self._lines:
            raise _Over()
        line = self._lines.pop(0)
        if isinstance(line, Exception):
            raise line
        return _code(line)

    def is_over(self, code):
        self.goes_on -= 1
        return self.goes_on < 0


class _Button:
    """Never pressed."""

    async def pressed(self):
        raise _Over()


def _code(data, symbology=None, code_id=None):
    """What a driver gives: by itself a pass is a QR code, and anything else a Code 128."""
    code = Code()
    code.data = memoryview(bytearray(data))
    is_pass = data[:4] == b"SP1:"
    code.symbology = (QR if is_pass else CODE_128) if symbology is None else symbology
    code.code_id = {UNKNOWN: 0, QR: 0x51, CODE_128: 0x6A}.get(code.symbology, 0x75)
    if code_id is not None:
        code.code_id = code_id
    return code


class _Over(BaseException):
    pass


class _Device:
    def __init__(self, flash=None, settings=None, now=NOW, lines=(), starts=()):
        self.flash = flash or RamFlash(6)
        self.clock = _Clock(now)
        self.feedback = _Feedback()
        self.provisioned = _Provisioned(settings or {})
        key = public_key(b"\x01" * 32)
        self.journal = Journal(self.flash, _Identity(), lambda: (b"collect1", key), os.urandom)
        self.journal.mount()
        self.registrar = Registrar(self.provisioned.settings, self.journal)
        self.registrar.resume()
        self.refusals = Refusals(self.journal, self.clock)
        self.scanner = _Scanner(lines, starts)
        self.app = App(
            self.scanner,
            self.feedback,
            self.clock,
            self.provisioned,
            self.journal,
            self.registrar,
            self.refusals,
            _Button(),
            _Button(),
        )

    def idle_heading(self):
        self.run(self.app.run_scanner())  # the scanner answers
        return self.feedback.back_to().heading

    def scan(self, line, symbology=None, code_id=None, is_meant=True):
        """(accepted or refused, heading)"""
        self.feedback.seen = []
        if is_meant:
            self.app._meant_ms = time.ticks_ms()
        assert self.app.handle(_code(line, symbology, code_id))
        if is_meant:
            self.app._meant_ms = None
        assert len(self.feedback.seen) == 1, line
        return self.feedback.seen[-1][:2]

    def reasons(self):
        return sorted(self.refusals._counts)

    def run(self, coroutine):
        try:
            asyncio.run(coroutine)
        except _Over:
            return


def _pass(number, issued_at=NOW - 3600, lifetime_s=86400):
    holder = [b"s" * 14 + number.to_bytes(2, "big"), 0, "A", "12"]
    cti = b"c" * 10 + number.to_bytes(2, "big")
    claims = {4: issued_at + lifetime_s, 6: issued_at, 7: cti, -65537: holder}
    return b"SP1:" + base45(mac0(SECRET, {1: HMAC, 4: KID}, cbor.encode(claims), 32))


def test_a_tube_then_people():
    device = _Device()
    assert device.scan(_pass(1)) == ("refused", "SCAN A TUBE")
    assert device.scan(b"T0000001") == ("accepted", "TUBE OPEN")
    assert device.scan(_pass(1)) == ("accepted", "OK  1")
    assert device.scan(_pass(1)) == ("refused", "ALREADY DONE")
    assert device.feedback.seen[-1][2] == sounds.DUPLICATE
    assert device.scan(b"T0000001") == ("accepted", "TUBE OPEN")
    assert device.scan(_pass(2)) == ("accepted", "OK  2")
    again = _Device(device.flash)
    assert (again.registrar.tube, again.registrar.count) == ("T0000001", 2)
    assert again.scan(_pass(2)) == ("refused", "ALREADY DONE")
    assert again.scan(b"T0000002") == ("accepted", "TUBE OPEN")
    assert again.scan(b"T0000001") == ("refused", "TUBE USED")
    assert again.registrar.tube == "T0000002"


def test_a_full_tube_asks_for_the_next():
    device = _Device(settings={3: 1})
    device.scan(b"T0000001")
    assert device.scan(_pass(1)) == ("accepted", "OK  1")
    assert device.scan(_pass(2)) == ("refused", "TUBE FULL")
    assert device.idle_heading() == "TUBE FULL"
    assert device.scan(b"T0000002") == ("accepted", "TUBE OPEN")
    assert device.scan(_pass(2)) == ("accepted", "OK  1")


def test_without_tubes():
    device = _Device(settings={6: True})
    assert device.idle_heading() == "READY"
    assert device.scan(_pass(1)) == ("accepted", "OK")
    assert device.scan(_pass(1)) == ("refused", "ALREADY DONE")


def test_junk_is_refused_and_nothing_else():
    device = _Device(settings={5: "*"})
    device.scan(b"T0000001")
    good = _pass(1)
    junk = [
        b"\0" * 40,
        b"\0",
        b"\xff\xfe\xfd",
        b"\xc3\xa9\xc3\xa9",
        b"SP1:",
        b"SP1:\0\0\0",
        b"SP1:\xff\xff\xff",
        good + good,
        good[:-1],
        good + b" ",
        b"SP1:" + b"A" * 516,
        b"https://pay.example/123",
        b"T000 0002",
        b"A" * 33,
    ]
    for line in junk:
        kind, heading = device.scan(line)
        assert kind == "refused" and heading in ("NOT A PASS", "BAD CODE"), (line, heading)
    assert device.reasons() == ["MALFORMED", "UNKNOWN_CODE"]
    assert device.registrar.tube == "T0000001" and device.registrar.count == 0
    assert device.scan(good) == ("accepted", "OK  1")


def test_an_altered_character_never_counts_and_never_stops_it():
    device = _Device()
    device.scan(b"T0000001")
    good = bytearray(_pass(1))
    for index in range(4, len(good), 3):
        for byte in (0, 0x41, 0xFF):
            line = bytes(good[:index]) + bytes((byte,)) + bytes(good[index + 1 :])
            if line != good:
                assert device.scan(line)[0] == "refused"
    assert "FAULT" not in device.reasons()
    assert device.registrar.count == 0


def test_literals_of_a_pattern_that_are_not_ascii_match_on_neither_runtime():
    device = _Device(settings={5: "\u00e9#"})
    assert device.scan("\u00e97".encode()) == ("refused", "NOT A PASS")


def test_an_unset_clock():
    device = _Device(now=None)
    assert device.idle_heading() == "CLOCK NOT SET"
    assert device.scan(b"T0000001") == ("accepted", "TUBE OPEN")
    assert device.scan(_pass(1)) == ("refused", "CLOCK NOT SET")
    device.clock.unix_s = NOW
    assert device.scan(_pass(1)) == ("accepted", "OK  1")


def test_a_clock_that_goes_backwards_lets_no_one_in_twice():
    device = _Device()
    device.scan(b"T0000001")
    assert device.scan(_pass(1)) == ("accepted", "OK  1")
    device.clock.unix_s = NOW - 1800
    assert device.scan(_pass(1)) == ("refused", "ALREADY DONE")
    device.clock.unix_s = NOW - 365 * 86400
    assert device.scan(_pass(1)) == ("refused", "NOT VALID YET")
    device.idle_heading()


def test_what_is_missing_is_said():
    device = _Device()
    device.provisioned.is_missing = "revocation list"
    assert device.scan(b"T0000001") == ("refused", "NOT SET UP")
    device.run(device.app.run_scanner())
    screen = device.feedback.back_to()
    assert screen.heading == "NOT SET UP" and "revocation list" in screen.lines


def test_a_full_journal():
    device = _Device(settings={3: 99})
    number = 0
    said = ("accepted", "")
    while said[0] == "accepted":
        if number % 99 == 0:
            said = device.scan(b"T%07d" % (1 + number // 99))
        if said[0] == "accepted":
            said = device.scan(_pass(number))
        number += 1
        assert number < 1000
    assert said == ("refused", "MEMORY FULL")
    assert device.feedback.seen[-1][2] == sounds.STOPPED
    before = (device.registrar.tube, device.registrar.count)
    assert device.scan(_pass(number)) == ("refused", "MEMORY FULL")
    assert device.scan(_pass(0)) == ("refused", "ALREADY DONE")
    assert (device.registrar.tube, device.registrar.count) == before
    assert device.idle_heading() == "MEMORY FULL"
    device.refusals.write()
    assert device.reasons() == ["DUPLICATE", "JOURNAL_FULL"]
    journal = device.journal
    last = journal.next_sequence - 1
    journal.acknowledge(last, journal.chain_at(last), NOW)
    journal.close_shift(NOW)
    device.registrar.resume()
    assert device.scan(b"T9000000") == ("accepted", "TUBE OPEN")
    assert device.scan(_pass(number)) == ("accepted", "OK  1")


def test_a_flash_that_fails_promises_nothing():
    device = _Device()
    device.scan(b"T0000001")

    def fails(*_):
        raise OSError(5)

    works = device.flash.writeblocks
    device.flash.writeblocks = fails
    assert device.scan(_pass(1)) == ("refused", "MEMORY FAULT")
    assert device.scan(b"T0000002") == ("refused", "MEMORY FAULT")
    device.refusals.write()
    assert device.reasons() == ["STORAGE"]
    device.flash.writeblocks = works
    assert device.scan(_pass(1))[0] == "accepted" or device.scan(b"T0000003")[0] == "accepted"


def test_what_nobody_foresaw_refuses_one_scan():
    device = _Device()
    device.scan(b"T0000001")

    def breaks(*_):
        raise MemoryError()

    works = device.registrar.register
    device.registrar.register = breaks
    assert device.scan(_pass(1)) == ("refused", "DEVICE FAULT")
    device.registrar.register = works
    assert device.scan(_pass(1)) == ("accepted", "OK  1")


def test_a_scanner_that_is_not_there_yet():
    device = _Device(lines=[b"T0000001"], starts=[OSError(5), ["baud 9600"]])
    device.run(device.app.run_scanner())
    assert device.feedback.seen[-1][:2] == ("accepted", "TUBE OPEN")
    assert device.journal.next_sequence >= 3


def test_what_was_changed_in_the_scanner_needs_no_room():
    device = _Device(lines=[b"T0000001"], starts=[["mode"]])

    def fails(*_, **__):
        raise OSError(5)

    device.journal.append = fails
    device.run(device.app.run_scanner())
    assert device.feedback.seen[-1][:2] == ("refused", "MEMORY FAULT")


def test_a_task_that_breaks_is_started_again_and_says_so():
    device = _Device(lines=[b"T0000001", ValueError("broken"), _pass(1)])
    device.run(faults.keep_running(device.app.failed, device.app.run_scanner))
    assert [seen[:2] for seen in device.feedback.seen] == [
        ("accepted", "TUBE OPEN"),
        ("refused", "DEVICE FAULT"),
        ("accepted", "OK  1"),
    ]
    assert device.feedback.seen[1][2] == sounds.STOPPED


def test_what_another_symbology_says_is_neither_a_pass_nor_a_tube():
    device = _Device()
    assert device.scan(b"T0000001", QR) == ("refused", "NOT A PASS")
    assert device.scan(b"T0000001", DATA_MATRIX) == ("refused", "WRONG KIND")
    assert device.scan(b"T0000001", UNKNOWN, 0x78) == ("refused", "WRONG KIND")
    assert device.registrar.tube is None
    device.scan(b"T0000001")
    assert device.scan(_pass(1), CODE_128) == ("refused", "WRONG KIND")
    assert device.scan(_pass(1), UNKNOWN, 0x78) == ("refused", "WRONG KIND")
    assert device.scan(_pass(1)) == ("accepted", "OK  1")
    other = _Device(settings={7: [3]})
    assert other.scan(b"T0000001") == ("refused", "WRONG KIND")
    assert other.scan(b"T0000001", DATA_MATRIX) == ("accepted", "TUBE OPEN")


def test_a_scanner_that_says_no_symbology_is_believed_only_where_the_settings_say_so():
    device = _Device()
    assert device.scan(b"T0000001", UNKNOWN, 0) == ("refused", "KIND UNKNOWN")
    device = _Device(settings={9: True})
    assert device.scan(b"T0000001", UNKNOWN, 0) == ("accepted", "TUBE OPEN")
    assert device.scan(_pass(1), UNKNOWN, 0) == ("accepted", "OK  1")


def test_control_characters_make_it_no_code():
    device = _Device(settings={5: "*"})
    device.scan(b"T0000001")
    for byte in list(range(0x20)) + [0x7F]:
        inside = bytes((byte,))
        for text in (
            _pass(1) + inside + _pass(2),
            _pass(1) + inside + b"X",
            inside + _pass(1),
            b"T0000002" + inside + b"T0000003",
            b"T0000002" + inside,
            inside + b"T0000002",
        ):
            for symbology in (QR, CODE_128):
                said = device.scan(text, symbology)
                assert said[0] == "refused", (text, said)
                assert said[1] in ("NOT A PASS", "BAD CODE", "WRONG KIND"), (text, said)
    assert device.registrar.tube == "T0000001" and device.registrar.count == 0
    # One line end is the reader's to take off (docs/pass.md).
    assert device.scan(_pass(1) + b"\r") == ("accepted", "OK  1")


def test_a_tube_that_has_room_is_left_only_when_staff_mean_it():
    device = _Device(settings={3: 2})
    assert device.scan(b"T0000001", is_meant=False) == ("accepted", "TUBE OPEN")
    device.app._meant_ms = None
    assert device.scan(b"T0000002", is_meant=False) == ("refused", "TUBE HAS ROOM")
    assert device.scan(b"T0000001", is_meant=False) == ("accepted", "TUBE OPEN")
    device.scan(_pass(1))
    device.app._meant_ms = None
    assert device.scan(b"T0000002", is_meant=False) == ("refused", "TUBE HAS ROOM")
    device.app._meant_ms = time.ticks_ms()
    assert device.scan(b"T0000002", is_meant=False) == ("accepted", "TUBE OPEN")
    # One press is for one tube.
    assert device.scan(b"T0000003", is_meant=False) == ("refused", "TUBE HAS ROOM")
    device.scan(_pass(2))
    device.scan(_pass(3))
    device.app._meant_ms = None
    assert device.scan(b"T0000003", is_meant=False) == ("accepted", "TUBE OPEN")


def test_nothing_is_decided_before_the_code_is_over():
    device = _Device()
    device.scan(b"T0000001")
    for text in (_pass(1), b"T0000002", b"junk"):
        device.scanner.goes_on = 1
        device.feedback.seen = []
        assert not device.app.handle(_code(text))
        assert device.feedback.seen == []
    assert device.registrar.count == 0 and device.registrar.tube == "T0000001"
    assert device.reasons() == []


def test_half_a_code_is_told_and_counted():
    device = _Device()
    device.scan(b"T0000001")
    half = _code(_pass(1)[:100])
    half.is_half = True
    device.feedback.seen = []
    assert device.app.handle(half)
    assert device.feedback.seen == [("refused", "SCAN AGAIN", sounds.AGAIN)]
    assert device.reasons() == ["HALF_CODE"]
    assert device.scan(_pass(1)) == ("accepted", "OK  1")


def test_a_code_that_stays_there_has_one_outcome():
    device = _Device(lines=[b"T0000001"] * 5 + [_pass(1)] * 5 + [b"T0000001"])
    device.run(device.app.run_scanner())
    assert [seen[1] for seen in device.feedback.seen] == ["TUBE OPEN", "OK  1", "TUBE OPEN"]
    assert device.scanner.asked == 12


def test_staff_who_pressed_ok_may_hold_the_label_there_already():
    device = _Device(lines=[b"T0000001"] + [b"T0000002"] * 4)

    def press(asked):
        if asked == 4:
            device.app._meant_ms = time.ticks_ms()
            device.app._reading.forget_last()

    device.scanner.on_ask = press
    device.run(device.app.run_scanner())
    assert [seen[1] for seen in device.feedback.seen] == ["TUBE OPEN", "TUBE HAS ROOM", "TUBE OPEN"]
