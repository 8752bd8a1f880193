"""Devices for the tests of the host: the firmware's own code on a simulated board."""

import shutil
from pathlib import Path

import pytest

from host_tools.store import Store
from simulator.board import VirtualBoard
from tests.host_tools.sealed_device import SealedDevice
from tests.runtimes import micropython_or_skip

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def firmware(tmp_path_factory):
    """The firmware's folder, with a main program that has no scanner."""
    folder = tmp_path_factory.mktemp("device") / "firmware"
    shutil.copytree(ROOT / "firmware", folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("without_scanner.py"), folder / "without_scanner.py")
    return folder


@pytest.fixture(params=["cpython", "micropython"])
def board(request, firmware, tmp_path):
    """A board that runs it, half a second after power-up."""
    if request.param == "micropython":
        micropython_or_skip()
    with VirtualBoard(
        tmp_path / "board", firmware=firmware, main="without_scanner.py", runtime=request.param
    ) as board:
        board.power_on()
        board.run_for_ms(500)
        yield board


@pytest.fixture
def device(tmp_path):
    """A device with a shift in its journal; modules with one of their own have that."""
    made = SealedDevice(tmp_path)
    made.sealed.shift()
    return made


@pytest.fixture
def store():
    """An empty database."""
    return Store(":memory:")
