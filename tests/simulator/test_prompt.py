"""The prompt of a device that has an owner: only an operator with the role opens it."""

import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.client import Client, DeviceError
from host_tools.journal import records
from host_tools.operators import Operator
from host_tools.provision import Plan, provision
from provisioning import operators
from provisioning.deploy import FIRMWARE
from provisioning.keys import raw_public
from simulator.board import VirtualBoard
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
