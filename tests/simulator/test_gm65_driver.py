"""The whole firmware with the scanner's model: found, set up, kept, and never stuck."""

import json

import pytest

from host_tools.client import Client
from host_tools.journal import records
from host_tools.provision import Plan, provision
from simulator import hands
from simulator.board import VirtualBoard
from simulator.chips.gm65 import BAUD, COMMAND, TRIGGER, Gm65, SettingCode
from simulator.link import LinkPort
from simulator.wiring import wire
from tests.runtimes import micropython_or_skip
from tests.simulator.owner import Owner

RATES = {
    115200: b"\x1a\x00",
    57600: b"\x34\x00",
    38400: b"\x4e\x00",
    19200: b"\x9c\x00",
    9600: b"\x39\x01",
}
READY_MS = 8000
OWNER = Owner(1790000000)
NO_SCANNER = ["NO SCANNER", "check the cable"]


class Bench:
    """A device on the table. how: of the scanner's model."""

    def __init__(self, folder, runtime, **how):
        if runtime == "micropython":
            micropython_or_skip()
        self.how = how
        self.board = VirtualBoard(folder, runtime=runtime, wire=self._wire)
        self.scanner = self.board.chips["scanner"]
        self.uart = self.board.uarts[self.board.data.SCANNER_UART]
        self._let_it_record()

    def _let_it_record(self):
        """Gives the device what its journal needs, and nothing else; the scanner stays as new."""
        saved = bytes(self.scanner.saved)
        self.boot()
        plan = Plan(root=OWNER.root_public, unix_s=OWNER.now_s, collection=OWNER.collection)
        provision(Client(LinkPort(self.board)), plan, lambda *_: None)
        self.board.power_off()
        self.scanner.saved[:] = saved
        self.scanner.saves = 0

    def _wire(self, board):
        wire(board)
        if self.how:
            board.chips["scanner"] = Gm65(board.clock, **self.how)
            board.uarts[board.data.SCANNER_UART].attach(board.chips["scanner"])

    def at_rate(self, baud):
        self.scanner.saved[BAUD : BAUD + 2] = RATES[baud]

    def boot(self):
        """Milliseconds until the scanner reads; raises if it never does."""
        self.board.power_on()
        began_us = self.board.clock.now_us()
        assert self.board.run_until(self.is_ready, READY_MS)
        return (self.board.clock.now_us() - began_us) // 1000

    def is_ready(self):
        """The driver has found it, and asked it to read."""
        return (
            self.scanner.is_reading
            and self.scanner.mode == COMMAND
            and hands.screen_lines(self.board)[:1] == ["NOT SET UP"]
        )

    def again(self):
        self.board.power_off()
        return self.boot()

    def scans(self, data=b"T0000001"):
        return hands.show(self.board, data).reacted

    def reported(self):
        """What each start had to change, by the journal."""
        contents = OWNER.events(Client(LinkPort(self.board)), records.SCANNER)
        return [json.loads(content)["changed"].split(",") for content in contents]


@pytest.fixture(params=["cpython", "micropython"])
def bench(request, tmp_path):
    made = []

    def make(**how):
        made.append(Bench(tmp_path / str(len(made)), request.param, **how))
        return made[-1]

    yield make
    for one in made:
        one.board.close()


@pytest.mark.parametrize("baud", RATES)
def test_found_at_any_rate_and_set_up_once(bench, baud):
    one = bench()
    one.at_rate(baud)
    assert one.boot() < 4000
    assert one.scanner.baud == 3_000_000 // 26
    assert one.scanner.saves == 1
    assert one.scans()
    assert one.again() < 2000
    assert one.scanner.saves == 1
    assert one.scans()
    changed = one.reported()
    assert len(changed) == 1
    assert (f"baud {baud}" in changed[0]) == (baud != 115200)
    assert "setting codes" in changed[0]


@pytest.mark.parametrize("how", [{"replies_at_new_rate": True}, {"refuses_version": True}])
def test_versions_that_differ(bench, how):
    one = bench(**how)
    assert one.boot() < 4000
    assert one.scanner.baud == 3_000_000 // 26
    assert one.scans()
    assert one.again() < 2000
    assert one.scanner.saves == 1


def test_the_registers_are_as_the_page_says(bench):
    one = bench()
    one.boot()
    kept = one.scanner.saved
    assert kept[0x00] == 0x95  # command mode, no sound, light and aim while it reads
    assert kept[0x03] & 3 == 2  # setting codes off and not given out
    assert (kept[0x06], kept[0x13] & 0x80) == (0, 0)
    assert kept[0x2C] & 0x07 == 0x05
    assert [kept[address] & 1 for address in (0x3F, 0x33, 0x54, 0x55)] == [1, 1, 0, 0]
    assert kept[0x60] & 0x6F == 5  # what kind it is before, CR behind
    registers = bytearray(one.scanner.registers)
    registers[TRIGGER] = 0  # it reads
    assert kept == registers


def test_only_what_differs_is_written(bench):
    one = bench()
    one.boot()
    one.board.power_off()
    one.scanner.saved[0x13] = 0x80 + 50
    one.scanner.saved[0x0A] = 0x55  # nothing of ours: it stays
    assert one.boot() < 2000
    assert one.reported()[1:] == [["same code"]]
    assert one.scanner.saved[0x0A] == 0x55
    assert one.scanner.saves == 2


def test_back_at_another_rate_after_a_brown_out(bench):
    one = bench()
    one.boot()
    one.board.power_off()
    one.at_rate(57600)
    assert one.boot() < 4000
    assert one.scans()
    assert one.reported()[1] == ["baud 57600"]


def test_other_symbologies_are_not_read(bench):
    one = bench()
    one.boot()
    assert not hands.show(one.board, b"T0000001", "DataMatrix", 1000).reacted
    assert hands.show(one.board, b"T0000001", "Code128", 1000).reacted


def test_nothing_attached(bench):
    one = bench()
    one.uart.detach()
    began_ms = one.board.now_ms()
    one.board.power_on()
    assert one.board.run_until(lambda: hands.screen_lines(one.board) == NO_SCANNER, 5000)
    assert one.board.now_ms() - began_ms < 4500
    assert Client(LinkPort(one.board)).identify()["board"] == "bench"  # the host is answered
    one.board.run_for_ms(10_000)
    assert hands.screen_lines(one.board) == NO_SCANNER
    one.uart.attach(one.scanner)  # plugged in while it is looked for
    assert one.board.run_until(one.is_ready, 8000)
    assert one.scans()


def test_what_a_setting_code_did_is_put_right_and_reported(bench):
    one = bench()
    one.boot()
    one.board.power_off()
    # As a code on paper would have it, read in another device: setting codes on, muted.
    one.scanner.saved[0x03] = 0
    one.scanner.saved[0x0D] = 0x03
    assert one.boot() < 4000
    assert one.scans()
    assert one.reported()[1] == ["setting codes", "output"]


def test_a_setting_code_does_nothing(bench):
    one = bench()
    one.boot()
    registers = one.scanner.registers
    before = bytes(registers)
    mute = SettingCode(0x0D, b"\x03", b"GW_000D03")
    assert not hands.show(one.board, mute, timeout_ms=2000).reacted
    one.board.run_for_ms(3000)
    assert bytes(registers) == before
    assert one.scans()


def test_a_code_in_front_of_it_while_it_starts(bench):
    for at_ms in (0, 900, 1100, 1300, 1500):
        one = bench()
        one.board.power_on()
        one.board.run_for_ms(at_ms)
        one.scanner.show(b"T" * 200)
        assert one.board.run_until(lambda one=one: one.board.observer.red.changes, 9000), at_ms
        one.board.run_for_ms(1500)
        one.scanner.take_away()
        assert one.scanner.mode == COMMAND
        one.board.run_for_ms(1000)
        assert one.scans()


def test_junk_is_refused_once(bench):
    one = bench()
    one.boot()
    answer = hands.show(one.board, b"0123456789" * 400)
    assert answer.reacted and answer.lights == ["red"]
    one.board.run_for_ms(2000)
    began_us = one.board.clock.now_us() - 3_000_000
    assert len(one.board.observer.ear.sounds(began_us)) == 1
    assert one.uart.lost_bytes == 0
    assert one.scans()


def test_writes_that_get_lost_are_noticed(bench):
    """A module that answers and does not keep what it is told is not taken into use."""
    one = bench()
    write = one.scanner._write
    one.scanner._write = lambda address, data: None if address == 0x03 else write(address, data)
    one.board.power_on()
    assert one.board.run_until(lambda: hands.screen_lines(one.board) == NO_SCANNER, 5000)
    assert one.scanner.saves == 0
    one.scanner._write = write
    assert one.board.run_until(one.is_ready, 5000)
    assert one.scanner.saves == 1
    assert "setting codes" in one.reported()[0]


def test_a_save_that_gets_lost_is_made_up_for(bench):
    one = bench()
    obey = one.scanner._obey
    one.scanner._obey = lambda kind, *rest: None if kind == 9 else obey(kind, *rest)
    one.board.power_on()
    assert one.board.run_until(lambda: hands.screen_lines(one.board) == NO_SCANNER, 6000)
    one.scanner._obey = obey
    assert one.board.run_until(one.is_ready, 5000)
    assert one.scanner.saves == 1
    assert "baud 9600" in one.reported()[0]


def test_its_light_is_on_only_while_it_reads(bench):
    one = bench()
    one.boot()
    assert one.scanner.is_lit
    one.scanner.show(b"T0000001", "Code128")
    assert one.board.run_until(lambda: one.board.observer.red.lit)
    assert not one.scanner.is_lit
    one.scanner.take_away()
    assert one.board.run_until(lambda: one.scanner.is_lit)


def test_a_reading_that_nobody_answers_is_begun_anew_without_a_gap(bench):
    one = bench()
    one.boot()
    dark_us = 0
    for _ in range(1000):
        one.board.run_for_ms(5)
        dark_us += 0 if one.scanner.is_reading else 5000
    assert 0 < dark_us < 150_000  # each 2 s, some 20 ms
    longest = 0
    for at_ms in range(1900, 2100, 20):
        one.board.run_for_ms(at_ms)
        answer = hands.show(one.board, b"T%07d" % at_ms, "Code128", 1000)
        longest = max(longest, answer.took_ms)
        one.board.run_for_ms(1000)
    assert longest < 150


def test_a_reset_of_the_module_costs_two_seconds_and_no_code(bench):
    one = bench()
    one.boot()
    for at_ms in (3, 20, 700, 1990):
        one.board.run_for_ms(2000 + at_ms)
        one.scanner.power(False)
        one.scanner.power(True)
        began_ms = one.board.now_ms()
        answer = hands.show(one.board, b"T%07d" % at_ms, "Code128", 9000)
        assert answer.reacted and answer.lines[4] == "NOT_READY"
        assert one.board.now_ms() - began_ms < 5000
        one.board.run_for_ms(1000)
    assert one.scanner.saves == 1


def test_a_module_that_lost_its_settings_is_set_up_again(bench):
    one = bench()
    one.boot()
    one.board.run_for_ms(1000)
    one.scanner._control(0x50)  # to factory settings: 9600 baud, another mode
    assert one.board.run_until(lambda: one.scanner.baud != 9600, 9000)
    assert one.board.run_until(one.is_ready, 5000)
    assert one.scanner.saves == 2
    assert one.scans()


def test_a_module_whose_mode_was_changed_is_set_up_again(bench):
    one = bench()
    one.boot()
    one.board.run_for_ms(1000)
    one.scanner.registers[0x00] = 0xD6
    assert one.board.run_until(one.is_ready, 9000)
    one.board.run_for_ms(1000)
    assert one.scans()
