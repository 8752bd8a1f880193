"""Provisioning and pulling with the device's own code on a simulated board, power cuts included.

What the host signs is what the device verifies: two implementations of every format.
"""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host_tools.client import Client, DeviceError, NoAnswer
from host_tools.operators import Operator
from host_tools.provision import Plan, provision
from host_tools.pull import pull
from host_tools.store import Store
from provisioning import collection, cose, operators, revocation, settings, trust
from provisioning.collection import CollectionList
from provisioning.keys import create_key, raw_public
from provisioning.revocation import RevocationList
from provisioning.settings import Settings
from provisioning.signed import seal
from provisioning.trust import Issuer, TrustList
from simulator.link import LinkPort

NOW_S = 1790000000


class Owner:
    """A root's key and what it signs."""

    def __init__(self, folder):
        self.key = create_key(folder / "root.pem")
        self.public = raw_public(self.key)
        issuer = raw_public(create_key(folder / "issuer.pem"))
        kid = cose.kid_of(issuer)
        self.issuers = TrustList(
            (Issuer(kid, -8, issuer, NOW_S, NOW_S + 10**6, 2592000, "区卫健委"),)
        )
        self.collection = X25519PrivateKey.generate()
        row = collection.row_of(raw_public(self.collection.public_key()), NOW_S - 60, "Lab")
        self.collection_keys = {row.kid: self.collection}
        self.collection_list = CollectionList((row,))
        li = create_key(folder / "li.pem")
        credential = operators.issue_credential(
            self.key, raw_public(li), "Li", operators.ROLES, NOW_S, NOW_S + 86400
        )
        self.operator = Operator(li, credential)
        pairs = [(kid, number.to_bytes(8, "big")) for number in range(400)]
        self.revoked = RevocationList(frozenset(revocation.entry(*pair) for pair in pairs))

    def revoke(self, number):
        """One more."""
        entry = revocation.entry(b"the kid!", number.to_bytes(8, "big"))
        self.revoked = RevocationList(self.revoked.entries | {entry})

    def plan(self, sequence=1, name="dev-1"):
        def signed(typ, body):
            return seal(self.key, typ, sequence, NOW_S, body)

        return Plan(
            root=self.public,
            unix_s=NOW_S,
            trust=signed(trust.TYP, self.issuers.body()),
            collection=signed(collection.TYP, self.collection_list.body()),
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
    assert status["lists"] == {"trust": 1, "settings": 1, "collection": 1, "revoked": 1}
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
    assert client.status()["lists"] == {"trust": 5, "settings": 5, "collection": 5, "revoked": 5}


def test_a_power_cut_while_provisioning(board, owner):
    client = Client(LinkPort(board), attempts=2)
    provision(client, owner.plan(1), _quiet)
    first = board.flash.operations
    owner.revoke(2)
    provision(client, owner.plan(2, "dev-2"), _quiet)
    spent = board.flash.operations - first
    assert spent > 20
    for sequence, after in enumerate(range(1, spent, spent // 4), start=3):
        owner.revoke(sequence)
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

    def pulled(**options):
        return pull(client, store, NOW_S, owner.collection_keys, owner.operator, **options)

    first = pulled()
    assert first.new == first.opened == first.acknowledged > 4
    assert first.problems == first.damages == first.elsewhere == []
    again = pulled()
    assert (again.new, again.acknowledged) == (1, None)
    assert pulled().new == 0
    board.power_off()
    board.power_on()
    board.run_for_ms(1000)
    client = Client(LinkPort(board))
    # The start is recorded with what follows it.
    assert pulled().new <= 1
    owner.operator.run(client, client.identify()["device"], "set_clock", [NOW_S + 5])
    third = pulled()
    assert third.new in (2, 3) and third.problems == []
    assert client.status()["acknowledged"] == third.acknowledged
    closed = pulled(close_shift=True)
    assert closed.released == client.status()["released"] == third.acknowledged
    assert pulled().problems == [] and pulled().problems == []


def test_only_operators_empty_a_device(board, owner, tmp_path):
    store = Store(":memory:")
    client = Client(LinkPort(board))
    provision(client, owner.plan(), _quiet)
    assert pull(client, store, NOW_S, owner.collection_keys).acknowledged is None
    device = client.identify()["device"]
    last = store.next_sequence(device) - 1
    with pytest.raises(DeviceError, match="OPERATOR_NEEDED"):
        client.set_clock(NOW_S + 5)
    with pytest.raises(DeviceError, match="MALFORMED"):
        client.send_object("command", b"x")
    with pytest.raises(DeviceError, match="NO_OPERATOR"):
        owner.operator.command(client, device, "close_shift", [])
    owner.operator.present(client)
    with pytest.raises(DeviceError, match="CHAIN"):
        owner.operator.command(client, device, "acknowledge", [last, bytes(24)])
    with pytest.raises(DeviceError, match="WRONG_DEVICE"):
        owner.operator.command(client, b"another!", "close_shift", [])
    stranger = create_key(tmp_path / "stranger.pem")
    credential = operators.issue_credential(
        create_key(tmp_path / "other-root.pem"),
        raw_public(stranger),
        "X",
        operators.ROLES,
        1,
        2**31,
    )
    with pytest.raises(DeviceError, match="UNKNOWN_KEY"):
        Operator(stranger, credential).run(client, device, "close_shift", [])
    with pytest.raises(DeviceError, match="NO_OPERATOR"):
        owner.operator.command(client, device, "close_shift", [])
    assert client.status()["acknowledged"] == 0
    assert owner.operator.run(client, device, "set_clock", [NOW_S + 5]) == NOW_S + 5
    # Judged at the device's time, not at the one that the command brings.
    assert owner.operator.run(client, device, "set_clock", [NOW_S + 86400]) == NOW_S + 86400
    with pytest.raises(DeviceError, match="EXPIRED"):
        owner.operator.run(client, device, "set_clock", [NOW_S + 5])


def test_a_pull_that_power_cuts_short_loses_and_doubles_nothing(board, owner):
    store = Store(":memory:")
    client = Client(LinkPort(board), attempts=2)
    provision(client, owner.plan(), _quiet)
    for after in range(1, 6):
        board.flash.cut_at(board.flash.operations + after)
        try:
            pull(client, store, NOW_S, owner.collection_keys, owner.operator, close_shift=True)
        except (NoAnswer, DeviceError):
            assert not board.powered
        board.power_off()
        board.power_on()
        board.run_for_ms(1000)
        client = Client(LinkPort(board), attempts=2)
    assert pull(client, store, NOW_S, owner.collection_keys, owner.operator).problems == []
    device = client.identify()["device"]
    assert store.count(device) == len(set(_sequences(store, device)))


def _sequences(store, device):
    rows = store._db.execute("SELECT sequence FROM records WHERE device = ?", (device,))
    return [sequence for (sequence,) in rows]
