"""The prompt of a device that has an owner: only an operator with the role opens it."""

import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.client import Client, DeviceError
from host_tools.journal import records
from host_tools.operators import Operator
from host_tools.provision import Plan, provision
from provisioning import operators
from provisioning.deploy import FIRMWARE, write_sources
from provisioning.keys import raw_public
from simulator.board import FirmwareStopped, VirtualBoard
from simulator.link import LinkPort
from simulator.wiring import wire
from tests.runtimes import micropython_or_skip
from tests.simulator.owner import Owner

NOW_S = 1790000000
OWNER = Owner(NOW_S)
LI = Ed25519PrivateKey.generate()


@pytest.fixture(params=["cpython", "micropython"])
def board(request, tmp_path):
    if request.param == "micropython":
        micropython_or_skip()
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    with VirtualBoard(
        tmp_path / "board", firmware=firmware, runtime=request.param, wire=wire
    ) as board:
        board.power_on()
        board.run_for_ms(3000)
        client = Client(LinkPort(board))
        plan = Plan(root=OWNER.root_public, unix_s=NOW_S, collection=OWNER.collection)
        provision(client, plan, lambda *_: None)
        yield board


def _operator(*roles):
    made = operators.issue_credential(
        OWNER.root, raw_public(LI), "Li", roles, NOW_S - 9, NOW_S + 86400
    )
    return Operator(LI, made)


def test_an_operator_with_the_role_opens_it_until_the_next_reset(board):
    client = Client(LinkPort(board))
    device = client.identify()["device"]
    with pytest.raises(DeviceError, match="ROLE"):
        _operator("provision", "collect", "clock").run(client, device, "open_prompt", [])
    board.run_for_ms(3000)
    assert client.identify()["device"] == device and board.cpu.interrupt_character == -1
    assert _operator("service").run(client, device, "open_prompt", []) is None
    with pytest.raises(Exception, match="the firmware ended"):
        board.run_for_ms(3000)
    assert board.cpu.interrupt_character == 3
    board.power_off()
    board.power_on()
    board.run_for_ms(3000)
    client = Client(LinkPort(board))
    assert client.identify()["device"] == device and board.cpu.interrupt_character == -1
    assert len(OWNER.events(client, records.PROMPT_OPENED)) == 1


def test_a_program_that_ends_is_started_anew(board):
    """An error that nobody foresaw, where no task catches it."""
    boots = board.state["boots"]
    board.power_off()
    hardware = "class Hardware:\n    def __init__(self):\n        raise ValueError\n"
    (board.firmware / "system" / "hardware.py").write_text(hardware)
    board.power_on()
    board.run_for_ms(18_000)
    assert board.state["boots"] >= boots + 3 and board.stopped is None
    assert b"ValueError" in bytes(board.link.received)


def test_ctrl_c_during_a_start_leads_to_no_prompt(tmp_path):
    """What is deployed, and somebody who holds Ctrl-C at the cable while it starts."""
    write_sources("simulator", tmp_path / "out")
    with VirtualBoard(tmp_path / "board", firmware=tmp_path / "out", wire=wire) as board:
        port = LinkPort(board)
        board.power_on()
        board.run_for_ms(3000)
        client = Client(port)
        plan = Plan(root=OWNER.root_public, unix_s=NOW_S, collection=OWNER.collection)
        provision(client, plan, lambda *_: None)
        device = client.identify()["device"]
        mounting = 0
        for wait_ms in (0, 0.5, 1, 3, 10, 30, 100, 300, 1000):
            board.power_off()
            board.power_on()
            try:
                board.run_for_ms(wait_ms)
                for _ in range(40):
                    port.write(b"\x03\x03")
                    board.run_for_ms(20)
                port.write(b"\r\x01print(1)\x04")
                board.run_for_ms(10_000)
            except FirmwareStopped:
                # While MicroPython mounts the file system: before anything of ours runs.
                assert "littlefs_volume.py" in board.stopped and "program.py" not in board.stopped
                mounting += 1
                continue
            assert Client(port).identify()["device"] == device
        assert mounting < 4
