"""Time that follows the wall clock, and the ports that other programs open."""

import time
from pathlib import Path

import pytest
import serial

from simulator.board import VirtualBoard
from simulator.pty_link import PtyLink, SocketLink
from simulator.time_modes import Live

SMOKE = Path(__file__).parent / "smoke"


@pytest.fixture
def board(tmp_path):
    with VirtualBoard(tmp_path, firmware=SMOKE) as made:
        yield made


def read_until(port, text, timeout_s=5):
    got = b""
    end = time.monotonic() + timeout_s
    while text not in got:
        assert time.monotonic() < end, got
        got += port.read(max(1, port.in_waiting))
    return got


def test_a_program_talks_through_the_pty(board, tmp_path):
    link = PtyLink(board, Live(board, 10).host_sent, tmp_path / "port")
    with serial.Serial(str(tmp_path / "port"), timeout=0.2) as port:
        board.power_on()
        began = time.monotonic()
        read_until(port, b"# slept 300")
        assert 0.02 < time.monotonic() - began < 2
        port.write(b"echo hello\n")
        read_until(port, b"# echo hello")
        board.power_off()
        board.power_on()
        read_until(port, b"# boot")
    link.close()
    assert not (tmp_path / "port").exists()


def test_a_program_talks_through_a_socket(board):
    link = SocketLink(board, Live(board, 10).host_sent)
    with serial.serial_for_url(f"socket://127.0.0.1:{link.port}", timeout=0.2) as port:
        board.power_on()
        read_until(port, b"# boot")
        port.write(b"echo hello\n")
        read_until(port, b"# echo hello")
    link.close()


def test_paced_time_goes_with_the_wall_clock_and_back_to_stepped(board):
    board.set_speed(20)
    board.power_on()
    start_ms = board.now_ms()
    time.sleep(0.2)
    passed_ms = board.now_ms() - start_ms
    assert 1000 < passed_ms < 5000
    board.set_speed(None)
    held_ms = board.now_ms()
    time.sleep(0.05)
    assert board.now_ms() <= held_ms + 100
    board.run_for_ms(500)
