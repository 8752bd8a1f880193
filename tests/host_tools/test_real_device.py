"""Provisioning and pulling with the device's own code on a simulated board, power cuts included.

What the host signs is what the device verifies: two implementations of every format.
"""

import shutil
from pathlib import Path

import pytest

from host_tools.client import Client, DeviceError, NoAnswer
from host_tools.provision import Plan, provision
from host_tools.pull import pull
from host_tools.store import Store
from provisioning import cose, revocation, settings, trust
from provisioning.keys import create_key, raw_public
from provisioning.revocation import RevocationList
from provisioning.settings import Settings
from provisioning.signed import seal
from provisioning.trust import Issuer, TrustList
from simulator.board import VirtualBoard
from simulator.link import LinkPort
from tests.runtimes import micropython_or_skip

ROOT = Path(__file__).parents[2]
NOW_S = 1790000000


@pytest.fixture(scope="module")
def firmware(tmp_path_factory):
    folder = tmp_path_factory.mktemp("device") / "firmware"
    shutil.copytree(ROOT / "firmware", folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("without_scanner.py"), folder / "without_scanner.py")
    return folder


@pytest.fixture(params=["cpython", "micropython"])
def board(request, firmware, tmp_path):
    if request.param == "micropython":
        micropython_or_skip()
    with VirtualBoard(
        tmp_path / "board", firmware=firmware, main="without_scanner.py", runtime=request.param
    ) as board:
        board.power_on()
        board.run_for_ms(500)
        yield board


class Owner:
    """A root's key and what it signs."""

    def __init__(self, folder):
        self.key = create_key(folder / "root.pem")
        self.public = raw_public(self.key)
        issuer = raw_public(create_key(folder / "issuer.pem"))
        kid = cose.kid_of(issuer)
        self.issuers = TrustList(
            (Issuer(kid, cose.ALG_EDDSA, issuer, NOW_S, NOW_S + 10**6, 2592000, "区卫健委"),)
        )
        pairs = [(kid, number.to_bytes(8, "big")) for number in range(400)]
        self.revoked = RevocationList(frozenset(revocation.entry(*pair) for pair in pairs))

    def plan(self, sequence=1, name="dev-1"):
        def signed(typ, body):
            return seal(self.key, typ, sequence, NOW_S, body)

        return Plan(
            root=self.public,
            unix_s=NOW_S,
            trust=signed(trust.TYP, self.issuers.body()),
            settings=signed(settings.TYP, Settings(site="东门", device_name=name).body()),
            revoked_table=self.revoked.table(),
            revoked=signed(revocation.TYP, self.revoked.body()),
        )


@pytest.fixture
def owner(tmp_path):
    return Owner(tmp_path)


def _quiet(_what, _done, _size):
    return None


def test_provisioning_lasts_and_repeats_do_no_harm(board, owner):
    client = Client(LinkPort(board))
    assert client.identify()["device"] is None
    with pytest.raises(DeviceError, match="NO_ROOT"):
        client.send_object("trust", owner.plan().trust)
    for _ in range(2):
        provision(client, owner.plan(), _quiet)
    before = client.identify()
    assert before["root"] == owner.public and before["name"] == "dev-1"
    board.power_off()
    board.power_on()
    board.run_for_ms(500)
    client = Client(LinkPort(board))
    assert client.identify() == before
    status = client.status()
    assert status["lists"] == {"trust": 1, "settings": 1, "revoked": 1}
    assert status["issuers"] == 1 and status["site"] == "东门"


def test_what_a_device_does_not_take(board, owner, tmp_path):
    client = Client(LinkPort(board))
    provision(client, owner.plan(sequence=5), _quiet)
    (tmp_path / "other").mkdir()
    other = Owner(tmp_path / "other")
    with pytest.raises(DeviceError, match="ROOT_INSTALLED"):
        client.install_root(other.public)
    with pytest.raises(DeviceError, match="UNKNOWN_KEY"):
        client.send_object("trust", other.plan(6).trust)
    with pytest.raises(DeviceError, match="OLD_SEQUENCE"):
        client.send_object("trust", owner.plan(4).trust)
    with pytest.raises(DeviceError, match="OLD_SEQUENCE"):
        client.send_object("settings", owner.plan(5, "another").settings)
    with pytest.raises(DeviceError):
        client.send_object("settings", owner.plan(6).trust)
    with pytest.raises(DeviceError, match="TABLE_MISMATCH"):
        client.send_object("revoked-table", owner.revoked.table()[:-12])
        client.send_object("revoked", owner.plan(6).revoked)
    with pytest.raises(DeviceError, match="UNKNOWN_KIND"):
        client.send_object("firmware", b"x")
    with pytest.raises(DeviceError, match="TOO_LARGE"):
        client.send_object("trust", bytes(5000))
    assert client.status()["lists"] == {"trust": 5, "settings": 5, "revoked": 5}


def test_a_power_cut_while_provisioning(board, owner):
    client = Client(LinkPort(board), attempts=2)
    provision(client, owner.plan(1), _quiet)
    first = board.flash.operations
    provision(client, owner.plan(2, "dev-2"), _quiet)
    spent = board.flash.operations - first
    assert spent > 20
    for sequence, after in enumerate(range(1, spent, spent // 4), start=3):
        plan = owner.plan(sequence, f"dev-{sequence}")
        board.flash.cut_at(board.flash.operations + after)
        with pytest.raises(NoAnswer):
            provision(client, plan, _quiet)
        assert not board.powered
        board.power_on()
        board.run_for_ms(500)
        client = Client(LinkPort(board), attempts=2)
        for kind, held in client.status()["lists"].items():
            assert held in (sequence - 1, sequence), kind
        provision(client, plan, _quiet)
        assert client.identify()["name"] == f"dev-{sequence}"
        assert set(client.status()["lists"].values()) == {sequence}


def test_pulling_acknowledging_and_pulling_again(board, owner):
    store = Store(":memory:")
    client = Client(LinkPort(board))
    provision(client, owner.plan(), _quiet)
    first = pull(client, store, NOW_S)
    assert first.new == 5 and first.missing == [] and first.acknowledged == 5
    again = pull(client, store, NOW_S)
    assert (again.new, again.acknowledged) == (1, None)
    assert pull(client, store, NOW_S).new == 0
    board.power_off()
    board.power_on()
    board.run_for_ms(500)
    client = Client(LinkPort(board))
    third = pull(client, store, NOW_S)
    assert (third.new, third.undecoded, third.missing) == (1, 0, [])
    assert client.status()["acknowledged"] == third.acknowledged == 7
