"""A device that runs on its own, handled through its control socket."""

import threading
from pathlib import Path

import pytest

from simulator import control, hands
from simulator.board import VirtualBoard
from simulator.chips.gm65 import TRIGGER
from simulator.wiring import wire

BEEPER = Path(__file__).parent / "beeper"


def test_show_and_press_on_a_stepped_board(tmp_path):
    with VirtualBoard(tmp_path, firmware=BEEPER, wire=wire) as board:
        board.power_on()
        assert board.run_until(lambda: hands.screen_lines(board) == ["HELLO"], 5000)
        answer = hands.show(board, b"T0012345")
        assert answer.reacted
        assert answer.lines == ["T0012345"]
        assert answer.sound == ((1000, 50), (0, 50), (2000, 50))
        assert answer.lights == ["green"]
        assert answer.took_ms < 150
        hands.press(board, "ok")
        assert hands.screen_lines(board) == ["PRESSED"]


def test_a_module_in_command_mode_is_ready_once_it_was_asked(tmp_path):
    with VirtualBoard(tmp_path, firmware=BEEPER, wire=wire) as board:
        board.power_on()
        assert not hands.is_ready(board)
        assert hands.wait_until_ready(board)
        scanner = board.chips["scanner"]
        scanner.registers[TRIGGER] &= 0xFE
        assert not hands.is_ready(board)
        scanner.registers[TRIGGER] |= 1
        assert hands.is_ready(board)
        board.power_off()
        assert not hands.wait_until_ready(board)


@pytest.fixture(params=[None, 10], ids=["on demand", "live"])
def device(request, tmp_path):
    folder = tmp_path / ("a-long-name-" * 12)
    made = control.Device(folder, speed=request.param, firmware=BEEPER)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join()
    made.close()
    assert not (folder / control.RUNNING).exists()


def test_requests(device):
    folder = device.folder
    assert control.ask(folder, "ready") == {"ok": True, "ready": True, "lines": ["HELLO"]}
    answer = control.ask(folder, "show", data=b"T1".hex())
    assert answer["reacted"]
    assert answer["lines"] == ["T1"]
    assert answer["sound"] == [[1000, 50], [0, 50], [2000, 50]]
    assert len(bytes.fromhex(answer["frame"])) == 1024
    assert control.ask(folder, "press", button="ok")["lines"] == ["PRESSED"]
    assert not control.ask(folder, "power", on=False)["powered"]
    assert not control.ask(folder, "show", data="41")["reacted"]
    assert control.ask(folder, "power", on=True)["powered"]
    # right after the power came, while the module is still silent
    assert control.ask(folder, "show", data=b"T2".hex(), pause_ms=0)["lines"] == ["T2"]


def test_what_cannot_be_done_is_said(device, tmp_path):
    with pytest.raises(control.Refused, match="do_fly"):
        control.ask(device.folder, "fly")
    with pytest.raises(control.NotRunning, match="no simulated device"):
        control.ask(tmp_path / "elsewhere", "status")
