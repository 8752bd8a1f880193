"""The device's files: whatever is damaged, missing or cut short, it starts and says so."""

from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.client import Client, DeviceError
from host_tools.provision import Plan, provision
from provisioning import cose, issuing, local_time, revocation, settings, trust
from provisioning.keys import raw_public
from provisioning.revocation import RevocationList
from simulator import hands
from simulator.board import VirtualBoard
from simulator.link import LinkPort
from simulator.littlefs_volume import Volume
from simulator.wiring import wire
from tests.runtimes import micropython_or_skip
from tests.simulator.owner import Owner

NOW_S = 1790000000
READY_MS = 5000
HOLDER = b"holder-of-a-pass"
FILES = ("root", "device-key", "trust", "settings", "collection", "revoked", "seed")
DAMAGE = {
    "missing": None,
    "empty": lambda data: b"",
    "short": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "garbled": lambda data: data[:9] + bytes((data[9] ^ 0x20,)) + data[10:],
    "junk": lambda data: b"\xff" * 600,
}
# What the screen then calls missing; of the others the device can do without, or cannot tell.
SAID = {
    "root": "root key",
    "device-key": "root key",
    "trust": "trust list",
    "settings": "settings",
    "collection": "collection key",
    "revoked": "revocation list",
    "seed": "random seed",
}


class Desk:
    """An owner's device: its files can be looked at and changed while it has no power."""

    def __init__(self, folder, runtime, firmware=None):
        self.board = VirtualBoard(folder, firmware=firmware, runtime=runtime, wire=wire)
        self.owner = Owner(NOW_S)
        self.issuer = Ed25519PrivateKey.generate()
        self.boot()

    def boot(self):
        self.board.power_on()
        self.board.run_for_ms(READY_MS)
        return Client(LinkPort(self.board))

    def plan(self, sequence=1):
        kid, public = cose.kid_of(raw_public(self.issuer)), raw_public(self.issuer)
        row = trust.Issuer(kid, -8, public, 0, NOW_S * 2, 10**7, "A")
        revoked = RevocationList(frozenset([revocation.entry(kid, bytes([sequence] * 8))]))
        return Plan(
            root=self.owner.root_public,
            unix_s=NOW_S,
            collection=self.owner.collection,
            trust=self.owner.seal(trust.TYP, trust.TrustList((row,)).body(), sequence),
            settings=self.owner.seal(
                settings.TYP, settings.Settings(site=str(sequence)).body(), sequence
            ),
            revoked_table=revoked.table(),
            revoked=self.owner.seal(revocation.TYP, revoked.body(), sequence),
        )

    def volume(self):
        cells = self.board.flash._cells

        def program(address, data):
            old = cells[address : address + len(data)]
            cells[address : address + len(data)] = bytes(
                a & b for a, b in zip(old, data, strict=True)
            )

        def erase(address):
            cells[address : address + 4096] = b"\xff" * 4096

        part = self.board.partition("vfs")
        cpu = SimpleNamespace(
            flash_read=lambda address, count: cells[address : address + count],
            flash_program=program,
            flash_erase=erase,
        )
        return Volume(cpu, part.offset, part.size)

    def damage(self, name, how):
        volume = self.volume()
        with volume.open(name, "rb") as file:
            data = file.read()
        if how is None:
            volume.remove(name)
            return
        with volume.open(name, "wb") as file:
            file.write(how(data))

    def scan(self, text):
        return hands.show(self.board, text.encode())

    def a_pass(self):
        validity = issuing.Validity(NOW_S - 60, NOW_S + 86400)
        person = issuing.Person(HOLDER, "张三")
        return issuing.issue(self.issuer, person, validity, local_time.zone()).text


@pytest.fixture(params=["cpython", "micropython"])
def desk(request, tmp_path):
    if request.param == "micropython":
        micropython_or_skip()
    made = Desk(tmp_path, request.param)
    yield made
    made.board.close()


def quiet(*_):
    return None


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_leaves_a_device_that_says_so(desk, name):
    provision(Client(LinkPort(desk.board)), desk.plan(), quiet)
    desk.board.power_off()
    whole = bytes(desk.board.flash._cells)
    for how, change in DAMAGE.items():
        desk.board.flash._cells[:] = whole
        desk.damage(name, change)
        client = desk.boot()
        status = client.status()
        lines = hands.screen_lines(desk.board)
        if name == "root" and how == "garbled":
            # Any 32 bytes are a key: it is the lists that do not fit it.
            assert "trust list" in lines
        elif name == "seed" and how == "garbled":
            assert "SCAN A TUBE" in lines
        elif how == "missing" and name in ("settings", "revoked"):
            # As if none had ever been given.
            assert name not in status["lists"] and "SCAN A TUBE" in lines
        else:
            assert "NOT SET UP" in lines and SAID[name] in lines, (how, lines)
            assert desk.scan("T0000001").lights == ["red"]
            assert status["lists"].get(name) is None
            assert status["missing"] == SAID[name]
        desk.board.power_off()


@pytest.mark.parametrize("name", ["trust", "settings", "collection", "revoked", "seed"])
def test_provisioning_again_mends_it(desk, name):
    provision(Client(LinkPort(desk.board)), desk.plan(), quiet)
    desk.board.power_off()
    desk.damage(name, DAMAGE["half"])
    client = desk.boot()
    assert client.status()["damaged"] == ([name] if name != "seed" else [])
    plan = desk.plan()._replace(unix_s=None)
    provision(client, plan, quiet)
    assert client.status()["damaged"] == []
    desk.board.power_off()
    desk.boot()
    assert desk.scan("T0000001").lights == ["green"]
    assert desk.scan(desk.a_pass()).lights == ["green"]


def test_power_cuts_while_lists_are_replaced(desk):
    """Each operation of replacing one of each kind is cut: the old one or the new one is there,
    and nothing older is taken."""
    client = Client(LinkPort(desk.board))
    provision(client, desk.plan(), quiet)
    desk.board.run_for_ms(60_000)  # tables of points are made
    for kind in ("trust", "settings", "revoked"):
        sequence = client.status()["lists"][kind]
        cut = 0
        for operation in range(0, 400, 2 if kind == "revoked" else 1):
            sequence += 1
            plan = desk.plan(sequence)
            desk.board.flash.cut_at(desk.board.flash.operations + operation)
            try:
                client.send_object(kind, getattr(plan, kind))
                if kind == "revoked":
                    client.send_object("revoked-table", plan.revoked_table)
            except Exception as error:
                assert not desk.board.powered, error
            if desk.board.powered:
                desk.board.flash.cut_at(None)
                break
            cut += 1
            client = desk.boot()
            status = client.status()
            assert status["damaged"] == []
            assert status["lists"][kind] in (sequence - 1, sequence)
            sequence = status["lists"][kind]
            if sequence > 1:
                with pytest.raises(DeviceError, match="OLD_SEQUENCE"):
                    client.send_object(kind, getattr(desk.plan(sequence - 1), kind))
        assert cut >= 4, kind
    assert desk.scan("T0000001").lights == ["green"]
    assert desk.scan(desk.a_pass()).lights == ["green"]
