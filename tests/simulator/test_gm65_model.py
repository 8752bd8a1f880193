"""The scanner's model against the manual's examples and what users report."""

import pytest

from simulator.chips.gm65 import Gm65, SettingCode
from simulator.clock import Clock

DONE = "02000001003331"


class Wire:
    """Records what the module sends."""

    def __init__(self):
        self.sent = []

    def send(self, data, baud):
        self.sent.append((bytes(data), baud))


class Bench:
    def __init__(self, **how):
        self.clock = Clock()
        self.module = Gm65(self.clock, **how)
        self.module.line = Wire()
        self.baud = 9600

    def wait_ms(self, ms):
        self.clock.advance_to(self.clock.now_us() + ms * 1000)

    def send(self, hexadecimal):
        for byte in bytes.fromhex(hexadecimal):
            self.module.receive(bytes([byte]), self.baud, self.clock.now_us())
            self.wait_ms(1)

    def ask(self, hexadecimal):
        self.module.line.sent.clear()
        self.send(hexadecimal)
        self.wait_ms(100)
        return [data.hex() for data, _ in self.module.line.sent]

    def codes(self):
        out = [data for data, _ in self.module.line.sent]
        self.module.line.sent.clear()
        return out


@pytest.fixture
def bench():
    made = Bench()
    made.module.power(True)
    made.wait_ms(1100)
    return made


def test_examples_of_the_manual(bench):
    assert bench.ask("7E000701000A01EE8A") == ["020000013ee4ac"]
    assert bench.ask("7E000801000A3E4CCF") == [DONE]
    assert bench.ask("7E000901000000DEC8") == [DONE]
    assert bench.ask("7E000801000201ABCD") == [DONE]
    assert bench.ask("7E00070100E001ABCD")[0].startswith("0200000105")


def test_nothing_is_said_while_it_starts_and_to_what_is_wrong(bench):
    assert bench.ask("7E00070100" + "0A01EE8B") == []
    assert bench.ask("7E00060100" + "0A01ABCD") == []
    bench.send("7E0007")
    bench.wait_ms(500)
    assert bench.ask("0A01EE8A") == []
    assert bench.ask("FF7E7E00070" + "1000A01EE8A") != []
    bench.module.power(False)
    bench.module.power(True)
    assert bench.ask("7E00070100" + "0A01EE8A") == []


def test_a_rate_changes_after_its_reply_and_is_lost_unless_saved(bench):
    assert bench.ask("7E000802002A1A00E47E") == [DONE]
    assert bench.module.line.sent[0][1] == 3_000_000 // 0x139
    assert bench.ask("7E00070100" + "0A01EE8A") == []  # asked at the old rate
    bench.baud = 115200
    assert bench.ask("7E00070100" + "0A01EE8A") != []
    bench.module.power(False)
    bench.module.power(True)
    bench.wait_ms(1100)
    assert bench.module.baud == 3_000_000 // 0x139
    bench.baud = 9600
    bench.ask("7E000802002A1A00E47E")
    bench.baud = 115200
    bench.ask("7E000901000000DEC8")
    state = bench.module.save()
    again = Bench()
    again.module.load(state)
    again.module.power(True)
    assert again.module.baud == 115384
    assert state["saves"] == 1
    assert bench.ask("7E00080100D950ABCD") == [DONE]
    bench.wait_ms(210)
    assert bench.module.baud == 3_000_000 // 0x139


def test_command_mode_reads_once_and_the_tail_is_added(bench):
    bench.ask("7E000801000001ABCD")
    bench.ask("7E000801006001ABCD")
    bench.module.show(b"hello")
    bench.wait_ms(2000)
    assert bench.codes() == [bytes.fromhex(DONE)]
    bench.send("7E000801000201ABCD")
    bench.wait_ms(2000)
    assert bench.codes() == [bytes.fromhex(DONE), b"hello\r"]
    assert bench.ask("7E000701000201ABCD")[0][8:10] == "00"


def test_continuous_mode_and_the_delay_for_the_same_code(bench):
    bench.ask("7E000801000002ABCD")
    bench.ask("7E000801000501ABCD")
    bench.ask("7E000801001394ABCD")  # 2 s
    bench.codes()
    bench.module.show(b"one")
    bench.wait_ms(1500)
    assert bench.codes() == [b"one"]
    bench.module.show(b"two")
    bench.wait_ms(500)
    assert bench.codes() == [b"two"]
    bench.wait_ms(2000)
    assert bench.codes() == [b"two"]
    bench.module.take_away()
    bench.wait_ms(5000)
    assert bench.codes() == []


def test_only_symbologies_that_are_on_are_read(bench):
    bench.ask("7E000801000002ABCD")
    bench.ask("7E000801002C04ABCD")
    bench.ask("7E000801003300ABCD")
    bench.codes()
    bench.module.show(b"T1", "Code128")
    bench.wait_ms(1500)
    assert bench.codes() == []
    bench.module.show(b"T1", "QR")
    bench.wait_ms(1500)
    assert bench.codes()


def test_setting_codes_work_until_they_are_switched_off(bench):
    bench.ask("7E000801000002ABCD")
    mute = SettingCode(0x0D, b"\x03", b"mute")
    bench.module.show(mute)
    bench.wait_ms(1500)
    assert bench.module.registers[0x0D] == 3
    bench.ask("7E000801000D00ABCD")
    bench.ask("7E000801000302ABCD")
    bench.module.show(mute)
    bench.wait_ms(3000)
    assert bench.module.registers[0x0D] == 0


def test_some_versions_differ():
    bench = Bench(replies_at_new_rate=True, refuses_version=True)
    bench.module.power(True)
    bench.wait_ms(1100)
    assert bench.ask("7E00070100E001ABCD") == []
    bench.ask("7E000802002A1A00E47E")
    assert bench.module.line.sent[0][1] == 115384
