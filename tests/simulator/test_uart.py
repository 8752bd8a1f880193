"""The simulated UART: rates, interrupts and overruns."""

from simulator.clock import Clock
from simulator.uart import Uart, heard


class Echo:
    def __init__(self):
        self.got = bytearray()
        self.line = None

    def receive(self, data, baud, now_us):
        self.got += data


def opened(baud=115200, rxbuf_bytes=256):
    clock = Clock()
    uart = Uart(clock)
    far_end = Echo()
    uart.attach(far_end)
    uart.open(baud, rxbuf_bytes)
    return clock, uart, far_end


def test_bytes_cross_at_wire_speed():
    clock, uart, far_end = opened(9600)
    uart.write(b"ab")
    clock.advance_to(1041)
    assert far_end.got == b""
    clock.advance_to(1042)
    assert far_end.got == b"a"
    clock.advance_to(2084)
    assert far_end.got == b"ab"


def test_reception_is_announced_when_the_line_goes_quiet():
    clock, uart, far_end = opened()
    over_us = far_end.line.send(b"hello\r", 115200)
    clock.advance_to(over_us)
    assert uart.any() == 0
    clock.advance_to(over_us + 1000)
    assert uart.read(100) == b"hello\r"


def test_bytes_reach_the_program_at_120_and_when_the_line_is_quiet():
    clock, uart, far_end = opened(rxbuf_bytes=1024)
    over_us = far_end.line.send(bytes(222), 115200)
    clock.advance_to(over_us * 120 // 222 + 1)
    assert uart.any() == 120
    clock.advance_to(over_us)
    assert uart.any() == 120
    clock.advance_to(over_us + 1000)
    assert uart.any() == 222


def test_usb_makes_the_host_wait():
    clock = Clock()
    uart = Uart(clock, waits=True)
    far_end = Echo()
    uart.attach(far_end)
    uart.open(115200, 16)
    far_end.line.send(bytes(range(40)), 115200)
    clock.advance_to(60_000)
    got = uart.read(100)
    assert len(got) == 16
    while len(got) < 40:
        clock.advance_to(clock.now_us() + 10_000)
        got += uart.read(100)
    assert got == bytes(range(40))
    assert uart.lost_bytes == 0


def test_a_small_buffer_overruns():
    clock, uart, far_end = opened(rxbuf_bytes=16)
    far_end.line.send(b"x" * 30, 115200)
    clock.advance_to(60_000)
    assert uart.any() == 16
    assert uart.lost_bytes == 14


def test_rates_that_differ_garble():
    assert heard(b"SP1:", 115200, 115200) == b"SP1:"
    assert heard(b"SP1:", 9600, 115200) != b"SP1:"
    assert heard(b"SP1:", 115200, 9600) != b"SP1:"
    assert heard(b"ok", 115385, 115200) == b"ok"  # 3 MHz / 26
