"""Random bytes of a device: never the same twice, wherever power fails; never without a seed."""

import shutil
from itertools import product
from pathlib import Path

import pytest

from host_tools.client import Client, DeviceError
from simulator.board import BoardData, FirmwareStopped, VirtualBoard
from simulator.link import LinkPort
from simulator.wiring import wire
from tests.runtimes import micropython_or_skip

FIRMWARE = Path(__file__).parents[2] / "firmware"
ROOT_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
BOARDS = sorted(path.parent.name for path in FIRMWARE.parent.glob("boards/*/board.py"))
# GPIOs of the first converter; the second is not to be had on all chips
ADC_PINS = {"esp32": range(32, 40), "esp32s3": range(1, 11), "esp32c3": range(0, 5)}

# Nothing is fresh here, so that all there is comes from the stored seed.
DRAW = """
from keeping import files
from keeping.randomness import NotSeeded, Randomness

randomness = Randomness(lambda: b"")
try:
    drawn = randomness.bytes(8)
except NotSeeded:
    randomness.add_seed(bytes(32))
    drawn = randomness.bytes(8)
print("drawn", " ".join(str(byte) for byte in drawn), "end")
"""


@pytest.fixture(params=["cpython", "micropython"])
def runtime(request):
    if request.param == "micropython":
        micropython_or_skip()
    return request.param


def test_wherever_power_fails_nothing_is_drawn_twice(tmp_path, runtime):
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    (firmware / "draw.py").write_text(DRAW)
    with VirtualBoard(
        tmp_path / "board", firmware=firmware, main="draw.py", runtime=runtime
    ) as board:

        def boot():
            board.link.received.clear()
            board.power_on()
            try:
                board.run_for_ms(3000)
            except FirmwareStopped as stopped:
                assert "Error" not in str(stopped), stopped
            board.power_off()
            return [
                line
                for line in bytes(board.link.received).decode().splitlines()
                if line.startswith("drawn") and line.endswith("end")
            ]

        drawn = boot()
        before = board.flash.operations
        drawn += boot()
        operations = board.flash.operations - before
        assert len(drawn) == 2 and operations > 2
        cut = 0
        for operation, byte in product(range(operations), (0, 20, None)):
            board.flash.cut_at(board.flash.operations + operation, byte)
            found = boot()
            cut += not found
            board.flash.cut_at(None)
            drawn += found + boot()
        assert cut > operations
        assert len(drawn) == len(set(drawn)) > 3 * operations


def test_a_device_has_no_id_without_a_seed(tmp_path, runtime):
    with VirtualBoard(tmp_path, runtime=runtime) as board:
        board.power_on()
        board.run_for_ms(1500)
        client = Client(LinkPort(board))
        with pytest.raises(DeviceError, match="NO_SEED"):
            client.install_root(ROOT_KEY)
        assert client.identify()["device"] is None
        client.add_seed(bytes(range(32)))
        device_id = client.install_root(ROOT_KEY)
        with pytest.raises(DeviceError, match="OPERATOR_NEEDED"):
            client.add_seed(bytes(range(32)))
        assert client.install_root(ROOT_KEY) == client.identify()["device"] == device_id


def test_two_devices_that_were_given_the_same_seed(tmp_path):
    ids = []
    for number in (1, 2):
        with VirtualBoard(tmp_path / str(number), seed=number) as board:
            board.power_on()
            board.run_for_ms(1500)
            client = Client(LinkPort(board))
            client.add_seed(bytes(32))
            ids.append(client.install_root(ROOT_KEY))
    assert ids[0] != ids[1]


@pytest.mark.parametrize("name", BOARDS)
def test_the_noisy_pin_has_a_converter_and_nothing_else(name):
    data = BoardData(name)
    assert data.NOISE_ADC in ADC_PINS[data.CHIP]
    used = [
        getattr(data, pin)
        for pin in dir(data)
        if pin.startswith(("SCANNER_T", "SCANNER_R", "I2C_S", "BUZZER", "LED", "BUTTON"))
    ]
    assert data.NOISE_ADC not in used


@pytest.mark.parametrize("has_clock_chip", [True, False])
def test_a_whole_flash_put_back_and_started_twice(tmp_path, runtime, has_clock_chip):
    """The same image, the same noise, the same time: only what the clock chip counts differs.

    Without the chip two such starts draw the same, as docs/security.md says.
    """
    with VirtualBoard(tmp_path, runtime=runtime, wire=wire) as board:
        board.power_on()
        board.run_for_ms(3000)
        client = Client(LinkPort(board))
        client.add_seed(bytes(range(32)))
        client.install_root(ROOT_KEY)
        board.power_off()
        image, boots = bytes(board.flash._cells[:]), board.state["boots"]
        if not has_clock_chip:
            board.i2c[board.data.I2C_BUS].detach(board.data.CLOCK_ADDRESS)
        drawn = []
        for _ in range(2):
            board.flash._cells[:] = image
            board.state["boots"] = boots
            board.chips["clock"].set(1790000000)
            board.power_on()
            board.run_for_ms(3000)
            drawn.append(Client(LinkPort(board)).challenge())
            board.power_off()
        assert (drawn[0] != drawn[1]) == has_clock_chip
