"""What somebody may print, show, or do at the wrong moment: one reading, one code, one outcome."""

import os
import shutil

import pytest

from host_tools import demo_passes
from host_tools.client import Client
from host_tools.operators import Operator
from host_tools.provision import Plan, provision
from provisioning import settings, trust
from provisioning.keys import HmacSecret
from provisioning.settings import Settings
from provisioning.trust import Issuer, TrustList
from simulator import hands
from simulator.board import VirtualBoard
from simulator.link import LinkPort
from simulator.wiring import wire
from tests.runtimes import micropython_or_skip
from tests.simulator.owner import Owner

NOW_S = 1790000000
OWNER = Owner(NOW_S)
KID, SECRET = b"hostile1", b"h" * 32
SIGNER = demo_passes.hmac_signer(KID, 5, SECRET)
DONE = b"\x02\x00\x00\x01\x00\x33\x31"  # what the module replies
AWAY_MS = 1000  # so long a code is not there: shown again, it is a new one
PEOPLE = 1000 if os.environ.get("SCANPOST_SOAK") else 120
MODES = ("hands-free", "trigger")


def a_pass(number):
    return demo_passes.make_pass(
        SIGNER, NOW_S - 3600, subject=number.to_bytes(16, "big"), cti=number.to_bytes(8, "big")
    ).encode()


class Point:
    """A sampling point: a provisioned device, and what is shown to it."""

    def __init__(self, folder, runtime, mode):
        self.mode = mode
        self.board = VirtualBoard(folder, runtime=runtime, wire=wire)
        self.scanner = self.board.chips["scanner"]
        self.client = Client(LinkPort(self.board))

    def boot(self):
        self.board.power_on()
        self.board.run_for_ms(4000)

    def provision(self):
        row = Issuer(KID, 5, None, 0, NOW_S * 2, 10**7, "A")
        asked = Settings(tube_size=5, reads_at_trigger=self.mode == "trigger")
        plan = Plan(
            root=OWNER.root_public,
            unix_s=NOW_S,
            collection=OWNER.collection,
            trust=OWNER.seal(trust.TYP, TrustList((row,)).body()),
            settings=OWNER.seal(settings.TYP, asked.body()),
            secrets=(HmacSecret(KID, 5, SECRET),),
            signer=Operator.owner(OWNER.root),
        )
        provision(self.client, plan, lambda *_: None)
        self.board.run_for_ms(30_000)  # tables, an epoch, blank sectors ahead

    def show(self, data, kind=None, timeout_ms=5000):
        """What staff see, hear and the light say of a code; it is taken away afterwards."""
        trigger = self.board.data.BUTTON_TRIGGER
        if self.mode == "trigger":
            self.board.pins.drive(trigger, 0)
        answer = hands.show(self.board, data, kind, timeout_ms)
        if self.mode == "trigger":
            self.board.pins.drive(trigger, None)
        self.board.run_for_ms(AWAY_MS)
        return answer

    def counts(self):
        status = self.client.status()
        return status["tube"], status["count"]

    def opens(self, tube=b"T0000001"):
        assert self.show(tube).lines[0] == "TUBE OPEN"

    def refuses(self, data, kind=None, headings=("NOT A PASS", "BAD CODE", "WRONG KIND")):
        """One refusal, heard once, and nobody was registered nor a tube opened."""
        before, sounds = self.counts(), len(self.board.observer.ear.sounds())
        answer = self.show(data, kind)
        assert answer.lights == ["red"], (data, answer)
        assert answer.lines[0] in headings, (data, answer.lines)
        assert self.counts() == before, data
        assert len(self.board.observer.ear.sounds()) == sounds + 1, data


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory):
    """Folders of provisioned devices, made once each."""
    made = {}

    def folder(runtime, mode):
        if (runtime, mode) not in made:
            made[runtime, mode] = tmp_path_factory.mktemp("point") / "board"
            point = Point(made[runtime, mode], runtime, mode)
            point.boot()
            point.provision()
            point.board.close()
        return made[runtime, mode]

    return folder


@pytest.fixture(params=[(r, m) for r in ("cpython", "micropython") for m in MODES], ids="-".join)
def point(request, tmp_path, provisioned):
    runtime, mode = request.param
    if runtime == "micropython":
        micropython_or_skip()
    shutil.copytree(provisioned(runtime, mode), tmp_path / "board")
    one = Point(tmp_path / "board", runtime, mode)
    one.boot()
    yield one
    assert one.board.stopped is None
    one.board.close()


def test_several_passes_in_one_code_register_nobody(point):
    point.opens()
    for count in (2, 3):
        for between in (b"\r", b"\n", b"\r\n", b"\0", b"\t", b" ", b""):
            point.refuses(between.join(a_pass(number) for number in range(count)))
    assert point.show(a_pass(0)).lines[0] == "OK  1"
    assert point.show(a_pass(1)).lines[0] == "OK  2"


def test_what_stands_behind_or_before_a_pass_makes_it_none(point):
    point.opens()
    good = a_pass(1)
    for text in (good + b"\rX", good + b"\nX", b"X\r" + good, b"\r" + good, b"\0" + good):
        point.refuses(text)
    point.refuses(good + b"\rT0000002")
    point.refuses(good + DONE)
    point.refuses(DONE + good)
    point.refuses(good + b"\r" + DONE)
    point.refuses(good[:60] + DONE + good[60:])
    for code_id in b"Qjbdcurq":
        point.refuses(bytes((code_id,)) + good)
        point.refuses(b"\r" + bytes((code_id,)) + good)
    assert point.show(good).lines[0] == "OK  1"


def test_a_tubes_number_on_a_phone_opens_no_tube(point):
    for text in (b"T0000004", b"T0000004\rT0000005\rT0000006", b"jT0000004", b"X\rjT0000004"):
        point.refuses(text, "QR")
    point.refuses(b"T0000004\rT0000005", "Code128")
    point.opens()
    assert point.show(a_pass(1)).lines[0] == "OK  1"
    # A phone shows a Code 128 as well as a label does.
    point.refuses(b"T0000002", "Code128", ("TUBE HAS ROOM",))
    hands.press(point.board, "ok")
    point.board.run_for_ms(11_000)
    point.refuses(b"T0000002", "Code128", ("TUBE HAS ROOM",))
    hands.press(point.board, "ok")
    assert hands.screen_lines(point.board)[0] == "NEXT TUBE"
    point.opens(b"T0000002")
    point.refuses(b"T0000003", "Code128", ("TUBE HAS ROOM",))
    for number in range(2, 7):
        assert point.show(a_pass(number)).lights == ["green"]
    point.refuses(a_pass(7), None, ("TUBE FULL",))
    point.opens(b"T0000003")


def test_a_pass_in_another_kind_of_code_is_none(point):
    point.opens()
    point.refuses(a_pass(1), "Code128", ("WRONG KIND",))
    assert point.show(a_pass(1)).lines[0] == "OK  1"


def test_half_a_code_is_told_and_the_next_one_is_whole(point):
    point.opens()
    whole = point.scanner._tail
    for cut in (1, 60, 119, 120, 121, 150):
        point.scanner._tail = lambda: b""
        point.refuses(a_pass(1)[:cut], "QR", ("SCAN AGAIN",))
        assert point.board.observer.ear.sounds()[-1].tones[0][1] < 60
        point.scanner._tail = whole
    assert point.show(a_pass(1)).lines[0] == "OK  1"


def test_every_byte_and_any_length(point):
    point.opens()
    for first in range(0, 256, 16):
        point.refuses(bytes(range(first, first + 16)))
    point.refuses(bytes(range(256)))
    for byte in (b"\x02", b"\x00", b"\r", b"\xff"):
        point.refuses(byte * 40)
    for data in (b"0123456789" * 400, (a_pass(1) + b"\r") * 20, DONE * 60, b"A" * 519, b"A" * 520):
        point.refuses(data)
    assert point.show(a_pass(1)).lines[0] == "OK  1"


def test_a_module_that_answers_late_or_twice(point):
    point.opens()
    number = 0
    for reply_us, replies in ((3000, 2), (200_000, 1), (300_000, 1), (200_000, 2), (3000, 3)):
        point.scanner.reply_us, point.scanner.replies = reply_us, replies
        for wait_ms in (0, 1990, 2010):
            point.board.run_for_ms(wait_ms)
            number += 1
            if number % 5 == 1 and number > 1:
                point.opens(b"T%07d" % number)
            answer = point.show(a_pass(number), timeout_ms=9000)
            assert answer.lights == ["green"], (reply_us, replies, wait_ms, answer)
    assert number == 15


def test_a_module_that_does_not_answer_is_looked_for_until_it_does(point):
    point.opens()
    point.scanner.replies = 0
    trigger = point.board.data.BUTTON_TRIGGER
    point.board.pins.drive(trigger, 0)
    assert point.board.run_until(lambda: hands.screen_lines(point.board)[0] == "NO SCANNER", 10_000)
    point.board.pins.drive(trigger, None)
    point.scanner.replies = 1
    point.board.run_for_ms(5000)
    assert point.show(a_pass(1)).lines[0] == "OK  1"


def test_replies_glued_to_codes(point):
    """A code that was read just as the module was told something, and the other way round."""
    point.opens()
    send = point.scanner._send
    for number, around in enumerate(
        ((DONE, b""), (b"", DONE), (DONE, DONE), (DONE + DONE, b"")), 1
    ):

        def glued(data, baud, around=around):
            is_code = data[:1] == b"Q"
            send(around[0] + data + around[1] if is_code else data, baud)

        point.scanner._send = glued
        assert point.show(a_pass(number)).lines[0] == f"OK  {number}"


def test_a_code_that_stays_there_has_one_outcome_and_a_later_one_the_time(point):
    point.opens()
    sounds = len(point.board.observer.ear.sounds())
    if point.mode == "trigger":
        point.board.pins.drive(point.board.data.BUTTON_TRIGGER, 0)
    point.scanner.show(a_pass(1), "QR")
    point.board.run_for_ms(8000)
    point.scanner.take_away()
    point.board.pins.drive(point.board.data.BUTTON_TRIGGER, None)
    assert len(point.board.observer.ear.sounds()) == sounds + 1
    assert point.counts() == ("T0000001", 1)
    point.board.run_for_ms(AWAY_MS)
    answer = point.show(a_pass(1))
    assert answer.lines[0] == "ALREADY DONE"
    assert answer.lines[1].startswith("at ")


def test_two_people_within_a_second(point):
    point.opens()
    for number in (1, 3):
        for one in (number, number + 1):
            if point.mode == "trigger":
                point.board.pins.drive(point.board.data.BUTTON_TRIGGER, 0)
            point.scanner.show(a_pass(one), "QR")
            point.board.run_for_ms(430)
            point.scanner.take_away()
            point.board.pins.drive(point.board.data.BUTTON_TRIGGER, None)
            point.board.run_for_ms(70)
        assert point.counts() == ("T0000001", number + 1)


def test_a_short_press_of_the_trigger_wants_a_code_for_some_seconds(provisioned, tmp_path):
    shutil.copytree(provisioned("cpython", "trigger"), tmp_path / "board")
    point = Point(tmp_path / "board", "cpython", "trigger")
    point.boot()
    assert not point.scanner.is_reading and not point.scanner.is_lit
    hands.press(point.board, "trigger", 100)
    point.board.run_for_ms(3000)
    assert point.scanner.is_reading
    assert hands.show(point.board, b"T0000001").lines[0] == "TUBE OPEN"
    hands.press(point.board, "trigger", 100)
    point.board.run_for_ms(6000)
    assert not point.scanner.is_reading
    hands.press(point.board, "trigger", 2000)
    point.board.run_for_ms(200)
    assert not point.scanner.is_reading
    point.board.close()


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_people_one_after_the_other_while_erases_take_400_ms(runtime, provisioned, tmp_path):
    """Every one of them is registered, once, and none is told wrongly."""
    if runtime == "micropython":
        micropython_or_skip()
    shutil.copytree(provisioned(runtime, "hands-free"), tmp_path / "board")
    point = Point(tmp_path / "board", runtime, "hands-free")
    point.board.flash.erase_us = 400_000
    point.boot()
    erases = point.board.flash.erase_count
    for number in range(PEOPLE):
        if number % 5 == 0:
            answer = hands.show(point.board, b"T%07d" % (number // 5))
            assert answer.lines[0] == "TUBE OPEN", (number, answer)
            point.board.run_for_ms(700)
        began_ms = point.board.now_ms()
        answer = hands.show(point.board, a_pass(number))
        assert answer.lines[0] == f"OK  {number % 5 + 1}", (number, answer)
        point.board.run_for_ms(2000 - (point.board.now_ms() - began_ms))
    assert point.board.flash.erase_count > erases
    assert point.board.uarts[point.board.data.SCANNER_UART].lost_bytes == 0
    store = OWNER.pull(point.client)
    registered = [row["subject"] for row in store.registrations()]
    assert sorted(registered) == [number.to_bytes(16, "big") for number in range(PEOPLE)]
    point.board.close()
