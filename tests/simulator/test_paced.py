"""Time that follows the wall clock, and the ports that other programs open."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial

from simulator import pace
from simulator.board import VirtualBoard
from simulator.pty_link import PtyLink, SocketLink
from simulator.time_modes import Live

SMOKE = Path(__file__).parent / "smoke"
SPEED = 20
# how far ahead of the wall clock an event may come: shorter waits are saved up
AHEAD_US = pace.MIN_SLEEP_S * SPEED * 1e6


@pytest.fixture
def board(tmp_path):
    with VirtualBoard(tmp_path, firmware=SMOKE) as made:
        yield made


def read_until(port, text):
    got = b""
    while text not in got:
        more = port.read(max(1, port.in_waiting))
        assert more, got
        got += more


def test_a_program_talks_through_the_pty(board, tmp_path):
    link = PtyLink(board, Live(board, 10).host_sent, tmp_path / "port")
    with serial.Serial(str(tmp_path / "port"), timeout=60) as port:
        board.power_on()
        read_until(port, b"# slept 300")
        port.write(b"echo hello\n")
        read_until(port, b"# echo hello")
        board.power_off()
        board.power_on()
        read_until(port, b"# boot")
    link.close()
    assert not (tmp_path / "port").exists()


def test_a_program_talks_through_a_socket(board):
    link = SocketLink(board, Live(board, 10).host_sent)
    with serial.serial_for_url(f"socket://127.0.0.1:{link.port}", timeout=60) as port:
        board.power_on()
        read_until(port, b"# boot")
        port.write(b"echo hello\n")
        read_until(port, b"# echo hello")
    link.close()


def test_live_time_goes_with_the_wall_clock_and_back_to_stepped(board, monkeypatch):
    wall = SimpleNamespace(now_s=1000.0)
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: wall.now_s))
    board.set_speed(SPEED)
    board.power_on()
    while board.now_ms() < 2000:
        wall.now_s += 0.001
        time.sleep(0.0005)  # lets the CPU's thread have its turn
        assert board.clock.now_us() <= (wall.now_s - 1000) * SPEED * 1e6 + AHEAD_US
    board.set_speed(None)
    held_us = board.clock.now_us()
    wall.now_s += 100
    assert board.clock.now_us() == held_us
    board.run_for_ms(500)
    assert board.clock.now_us() == held_us + 500_000
