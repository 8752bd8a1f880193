"""A device that runs on its own, handled through its control socket."""

import threading
import time
from pathlib import Path

import pytest

from simulator import control, hands
from simulator.board import VirtualBoard

SMOKE = Path(__file__).parent / "smoke"


class PlainScanner:
    line = None

    def receive(self, data, baud, now_us):
        raise AssertionError("nobody writes to it")

    def show(self, data):
        self.line.send(data + b"\r", 9600)

    def take_away(self):
        self.shown = None


class PlainScreen:
    def __init__(self):
        self._frame = bytes(1024)

    def write(self, data, now_us):
        self._frame = data

    def frame(self):
        return self._frame


def wire(board):
    board.chips["scanner"] = PlainScanner()
    board.chips["screen"] = PlainScreen()
    board.uarts[board.data.SCANNER_UART].attach(board.chips["scanner"])
    board.i2c[0].attach(board.data.SCREEN_ADDRESS, board.chips["screen"])


def test_show_and_press_on_a_stepped_board(tmp_path):
    with VirtualBoard(tmp_path, firmware=SMOKE, main="beeper.py", wire=wire) as board:
        board.power_on()
        assert board.run_until(lambda: hands.screen_lines(board) == ["HELLO"], 1000)
        board.run_for_ms(20)
        answer = hands.show(board, b"T0012345")
        assert answer.reacted
        assert answer.lines == ["T0012345"]
        assert answer.sound == ((1000, 50), (0, 50), (2000, 50))
        assert answer.lights == ["green"]
        assert answer.took_ms < 60
        hands.press(board, "ok")
        assert hands.screen_lines(board) == ["PRESSED"]


@pytest.fixture
def device(tmp_path):
    folder = tmp_path / ("a-long-name-" * 12)
    made = control.Device(folder, speed=10, wire=wire, firmware=SMOKE, main="beeper.py")
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join()
    made.close()
    assert not (folder / control.RUNNING).exists()


def test_requests(device):
    folder = device.folder
    while control.ask(folder, "status")["now_ms"] < 500:
        time.sleep(0.01)
    assert control.ask(folder, "status")["lines"] == ["HELLO"]
    answer = control.ask(folder, "show", data=b"T1".hex())
    assert answer["reacted"]
    assert answer["lines"] == ["T1"]
    assert answer["sound"] == [[1000, 50], [0, 50], [2000, 50]]
    assert len(bytes.fromhex(answer["frame"])) == 1024
    assert control.ask(folder, "press", button="ok")["lines"] == ["PRESSED"]
    assert not control.ask(folder, "power", on=False)["powered"]
    assert not control.ask(folder, "show", data="41")["reacted"]
    assert control.ask(folder, "power", on=True)["powered"]


def test_what_cannot_be_done_is_said(device, tmp_path):
    with pytest.raises(control.Refused, match="do_fly"):
        control.ask(device.folder, "fly")
    with pytest.raises(control.NotRunning, match="no simulated device"):
        control.ask(tmp_path / "elsewhere", "status")
