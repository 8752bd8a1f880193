"""The screen's and the clock's models."""

import calendar

import pytest

from simulator.chips.ds3231 import Ds3231
from simulator.chips.ssd1306 import Ssd1306
from simulator.clock import Clock

# as micropython-lib's driver sets it up
START = bytes.fromhex("ae200040a1a83fc8d300da12d580d9f1db3081ffa4a68d14af")


def started():
    screen = Ssd1306()
    screen.power(True)
    screen.write(b"\x00" + START, 0)
    return screen


def test_a_whole_frame():
    screen = started()
    screen.write(bytes.fromhex("8021 8000 807f 8022 8000 8007".replace(" ", "")), 0)
    picture = bytes(range(256)) * 4
    screen.write(b"\x40" + picture, 0)
    assert screen.frame() == picture
    screen.write(b"\x00\xa7", 0)
    assert screen.frame() == bytes(255 - byte for byte in picture)
    screen.write(b"\x00\xae", 0)
    assert screen.frame() == bytes(1024)
    assert screen.read(1, 0) == b"\x40"


def test_a_window_and_the_other_way_up():
    screen = started()
    screen.write(b"\x40" + bytes(1024), 0)
    screen.write(b"\x00\x21\x0a\x0b\x22\x02\x03", 0)
    screen.write(b"\x40\x01\x02\x03\x04\x05", 0)
    frame = screen.frame()
    assert frame[2 * 128 + 10 : 2 * 128 + 12] == b"\x05\x02"
    assert frame[3 * 128 + 10 : 3 * 128 + 12] == b"\x03\x04"
    screen.write(b"\x00\xa0\xc0", 0)
    turned = screen.frame()
    assert turned[4 * 128 + 127 - 11] == 0x20  # 0x04 of page 3, upside down
    assert turned[4 * 128 + 127 - 10] == 0xC0


def test_unknown_commands_and_no_power():
    with pytest.raises(ValueError, match="0xff"):
        started().write(b"\x00\xff", 0)
    screen = started()
    screen.power(False)
    assert screen.frame() == bytes(1024)


def test_the_clock_counts_on_without_power():
    clock = Clock()
    chip = Ds3231(clock)
    chip.write(b"\x0f", 0)
    assert chip.read(1, 0)[0] & 0x80  # never set
    chip.write(bytes([0x00, 0x59, 0x59, 0x23, 0x07, 0x28, 0x02, 0x24]), 0)
    chip.write(b"\x0f\x08", 0)
    chip.power(False)
    clock.advance_to(2_000_000)
    chip.power(True)
    chip.write(b"\x00", 0)
    assert chip.read(7, 0).hex() == "01000001290224"  # the day before 1 March in a leap year
    assert chip.seconds() == calendar.timegm((2024, 2, 29, 0, 0, 1))
    chip.write(b"\x0f", 0)
    assert not chip.read(1, 0)[0] & 0x80
    chip.write(b"\x0f\x88", 0)
    chip.write(b"\x0f", 0)
    assert not chip.read(1, 0)[0] & 0x80  # it cannot be set by writing


def test_the_clock_is_saved_and_twelve_hours_are_understood():
    clock = Clock()
    chip = Ds3231(clock)
    chip.write(bytes([0x00, 0x00, 0x30, 0x40 | 0x20 | 0x11, 0x01, 0x01, 0x01, 0x26]), 0)
    assert chip.seconds() == calendar.timegm((2026, 1, 1, 23, 30, 0))
    again = Ds3231(Clock())
    again.load(chip.save())
    assert again.seconds() == chip.seconds()
