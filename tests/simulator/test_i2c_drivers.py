"""The drivers of clock and screen on the models of their chips, alone and in the whole device."""

import calendar
import errno
import time
from types import SimpleNamespace

import pytest
from drivers import ds3231 as ds3231_driver
from drivers.ds3231 import Ds3231
from drivers.ssd1306 import Ssd1306

from host_tools.client import Client
from simulator import hands
from simulator.board import VirtualBoard
from simulator.chips import ds3231, ssd1306
from simulator.clock import Clock
from simulator.i2c_bus import I2cBus
from simulator.link import LinkPort
from simulator.screen_reader import read_screen
from simulator.wiring import wire
from tests.runtimes import micropython_or_skip

CLOCK, SCREEN = 0x68, 0x3C
NOON = calendar.timegm((2026, 7, 1, 12, 0, 0))
READY_MS = 4000


class I2c:
    """machine.I2C's calls on a bus, without a board."""

    def __init__(self):
        self.clock = Clock()
        self.bus = I2cBus(self.clock)

    def writeto(self, address, data):
        self.bus.write(address, data)

    def writeto_mem(self, address, register, data):
        self.bus.write(address, bytes([register]) + data)

    def readfrom_mem(self, address, register, count):
        self.bus.write(address, bytes([register]))
        return self.bus.read(address, count)


@pytest.fixture
def i2c(monkeypatch):
    # MicroPython's mktime takes eight fields and knows no time zone.
    theirs = SimpleNamespace(gmtime=time.gmtime, mktime=calendar.timegm)
    monkeypatch.setattr(ds3231_driver, "time", theirs)
    made = I2c()
    made.bus.attach(CLOCK, ds3231.Ds3231(made.clock))
    made.bus.attach(SCREEN, ssd1306.Ssd1306())
    return made


@pytest.mark.parametrize(
    "moment",
    [
        (2000, 1, 1, 0, 0, 0),
        (2024, 2, 29, 23, 59, 58),
        (2026, 7, 1, 12, 34, 56),
        (2099, 12, 31, 23, 59, 57),
    ],
)
def test_what_is_written_is_read_and_counts_on(i2c, moment):
    chip = Ds3231(i2c, CLOCK)
    unix_s = calendar.timegm(moment)
    chip.write(unix_s)
    assert chip.read() == unix_s
    i2c.clock.advance_to(1_000_000)
    assert chip.read() == unix_s + 1


def test_a_clock_whose_oscillator_stopped_is_not_believed(i2c):
    chip = Ds3231(i2c, CLOCK)
    assert chip.read() is None  # new, or without its cell
    chip.write(NOON)
    assert chip.read() == NOON
    i2c.writeto_mem(CLOCK, 0x0F, b"\x04")  # busy bit and alarms stay as they are
    assert chip.read() == NOON
    i2c.bus._chips[CLOCK].take_out_the_cell()
    assert chip.read() is None


def test_nobody_there(i2c):
    chip = Ds3231(i2c, CLOCK)
    screen = Ssd1306(i2c, 128, 64, SCREEN)
    i2c.bus.detach(CLOCK)
    i2c.bus.detach(SCREEN)
    for call in (chip.read, lambda: chip.write(NOON), screen.show):
        with pytest.raises(OSError) as failed:
            call()
        assert failed.value.errno == errno.ENODEV


def test_a_screen_that_comes_back_is_set_up_again(i2c):
    model = i2c.bus._chips[SCREEN]
    screen = Ssd1306(i2c, 128, 64, SCREEN)
    screen.text("HELLO", 8, 16, 1)
    assert read_screen(model.frame(), 128, 64) == []  # drawn, not sent
    screen.show()
    assert read_screen(model.frame(), 128, 64) == ["HELLO"]
    i2c.bus.detach(SCREEN)
    with pytest.raises(OSError):
        screen.show()
    model.power(False)
    model.power(True)
    i2c.bus.attach(SCREEN, model)
    screen.show()
    assert read_screen(model.frame(), 128, 64) == ["HELLO"]
    assert model.contrast == 255


@pytest.fixture(params=["cpython", "micropython"])
def board(request, tmp_path):
    if request.param == "micropython":
        micropython_or_skip()
    with VirtualBoard(tmp_path, runtime=request.param, wire=wire) as made:
        yield made


def boot(board):
    board.power_on()
    board.run_for_ms(READY_MS)
    return Client(LinkPort(board))


def test_the_time_outlives_a_power_cut(board):
    client = boot(board)
    assert client.status()["time"] is None
    client.set_clock(NOON)
    began_us = board.clock.now_us()
    board.run_for_ms(1500)
    board.power_off()
    board.clock.advance_to(board.clock.now_us() + 3_600_000_000)
    status = boot(board).status()
    passed_s = (board.clock.now_us() - began_us) / 1_000_000
    assert passed_s > 3600
    assert abs(status["time"] - NOON - passed_s) <= 1


def test_the_time_is_unknown_after_the_cell_is_gone(board):
    boot(board).set_clock(NOON)
    board.power_off()
    board.chips["clock"].take_out_the_cell()
    assert boot(board).status()["time"] is None


def test_without_clock_chip_and_screen(board):
    for address in (board.data.CLOCK_ADDRESS, board.data.SCREEN_ADDRESS):
        board.i2c[board.data.I2C_BUS].detach(address)
    client = boot(board)
    client.set_clock(NOON)
    assert client.status()["time"] in (NOON, NOON + 1)
    assert hands.show(board, b"T0000001").lights == ["red"]


def test_a_screen_that_falls_out_stops_nothing(board):
    boot(board)
    bus = board.i2c[board.data.I2C_BUS]
    bus.detach(board.data.SCREEN_ADDRESS)
    assert hands.show(board, b"T0000001").lights == ["red"]
    board.run_for_ms(3000)
    board.chips["screen"].power(False)
    board.chips["screen"].power(True)
    bus.attach(board.data.SCREEN_ADDRESS, board.chips["screen"])
    assert hands.show(board, b"T0000002").lines[:2] == ["NOT SET UP", "call technician"]


def test_a_clock_that_falls_out_is_reported_and_stops_nothing(board):
    client = boot(board)
    bus = board.i2c[board.data.I2C_BUS]
    bus.detach(board.data.CLOCK_ADDRESS)
    client.set_clock(NOON)
    status = client.status()
    assert status["time"] - NOON <= 1 and not status["time_kept"]
    bus.attach(board.data.CLOCK_ADDRESS, board.chips["clock"])
    board.run_for_ms(3000)
    assert client.status()["time_kept"]
    board.power_off()
    assert abs(boot(board).status()["time"] - NOON - 3 - READY_MS // 1000) <= 2


def test_a_clock_that_is_there_late_is_asked_again(board):
    boot(board).set_clock(NOON)
    board.power_off()
    bus = board.i2c[board.data.I2C_BUS]
    bus.detach(board.data.CLOCK_ADDRESS)
    client = boot(board)
    assert client.status()["time"] is None
    bus.attach(board.data.CLOCK_ADDRESS, board.chips["clock"])
    board.run_for_ms(3000)
    assert client.status()["time"] > NOON


def test_registers_of_no_set_clock_are_not_believed():
    noon = [0, 0, 0x12, 4, 0x01, 0x07, 0x26, *bytes(12)]  # weekday 4; alarms, status
    registers = list(noon)
    bus = SimpleNamespace(
        readfrom_mem=lambda _, first, count: bytes(registers[first : first + count])
    )
    chip = Ds3231(bus, CLOCK)
    for address, byte in ((0, 0x7A), (1, 0x60), (2, 0x45), (2, 0x24), (4, 0), (4, 0x32), (5, 0)):
        registers[:] = noon
        registers[address] = byte
        assert chip.read() is None, (address, byte)
    registers[:] = [0xFF] * 15 + [0] * 4
    assert chip.read() is None


def test_the_clock_chip_counts_starts_and_the_time_goes_on(i2c):
    chip = Ds3231(i2c, CLOCK)
    chip.write(NOON)
    seen = {chip.fresh() for _ in range(300)}
    assert len(seen) == 300 and all(len(each) == 19 for each in seen)
    assert chip.read() == NOON
    # The whole number goes round.
    i2c.writeto_mem(CLOCK, 0x07, b"\xff" * 4)
    assert chip.fresh()[7:11] == bytes(4)
