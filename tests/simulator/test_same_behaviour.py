"""The CPython runtime behaves as the real MicroPython does, step by step."""

from pathlib import Path

from simulator.board import VirtualBoard
from tests.runtimes import micropython_or_skip

SMOKE = Path(__file__).parent / "smoke"


def steps(folder, runtime):
    with VirtualBoard(folder, firmware=SMOKE, main="behaviour.py", runtime=runtime) as board:
        board.power_on()
        board.run_until(lambda: b"- done" in board.link.received, timeout_ms=30_000)
        text = bytes(board.link.received).decode()
    return [line for line in text.splitlines() if line.startswith("- ")]


def test_both_runtimes_take_the_same_steps(tmp_path):
    micropython_or_skip()
    cpython = steps(tmp_path / "cpython", "cpython")
    micropython = steps(tmp_path / "micropython", "micropython")
    assert cpython == micropython
    assert cpython[-1] == "- done"
    assert len(cpython) > 80
