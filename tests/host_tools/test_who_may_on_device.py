"""Who has nothing but the cable: on the device's own code, a day of it neither fills nor wears."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.client import Client, DeviceError
from host_tools.journal import records
from host_tools.operators import Operator
from host_tools.provision import Plan, provision
from provisioning import operators, revocation, settings, trust
from provisioning.keys import raw_public
from provisioning.revocation import RevocationList
from provisioning.settings import Settings
from provisioning.trust import TrustList
from simulator.link import LinkPort
from tests.simulator.owner import Owner

NOW_S = 1790000000
OWNER = Owner(NOW_S)
REVOKED = RevocationList(frozenset(number.to_bytes(12, "big") for number in range(1, 1000)))
DAY_S = 86400


def _quiet(_what, _done, _size):
    return None


def _plan():
    return Plan(
        root=OWNER.root_public,
        unix_s=NOW_S,
        collection=OWNER.collection,
        trust=OWNER.seal(trust.TYP, TrustList().body()),
        settings=OWNER.seal(settings.TYP, Settings(site="A").body()),
        revoked=OWNER.seal(revocation.TYP, REVOKED.body()),
        revoked_table=REVOKED.table(),
    )


@pytest.fixture
def client(board):
    client = Client(LinkPort(board))
    provision(client, _plan(), _quiet)
    return client


def _spent(board, client):
    return board.flash.operations, client.status()["next"]


def test_installing_what_is_installed_writes_nothing(board, client):
    before = _spent(board, client)
    for _ in range(3):
        assert provision(client, _plan(), _quiet)["revoked-table"] == len(REVOKED.table())
    assert _spent(board, client) == before


def test_nothing_is_erased_for_a_table_that_nobody_has_vouched_for(board, client):
    before = _spent(board, client)
    table = bytes(1200)
    newer = RevocationList(REVOKED.entries | {b"another one!"})
    listed = OWNER.seal(revocation.TYP, newer.body(), 2)
    forged = listed[:-1] + bytes([listed[-1] ^ 1])
    with pytest.raises(DeviceError, match="BAD_SIGNATURE"):
        client.send_object("revoked", forged)
    for data in (table, newer.table()):
        with pytest.raises(DeviceError, match="TABLE_MISMATCH"):
            client.call("begin", "revoked-table", len(data), hashlib.sha256(data).digest())
        with pytest.raises(DeviceError, match="NOT_BEGUN"):
            client.call("piece", 0, table[:100])
    assert _spent(board, client) == before
    # With the list the very same table is taken, and no other.
    client.send_object("revoked", listed)
    assert client.status()["lists"]["revoked"] == 1
    with pytest.raises(DeviceError, match="TABLE_MISMATCH"):
        client.send_object("revoked-table", table)
    client.send_object("revoked-table", newer.table())
    assert client.status()["lists"]["revoked"] == 2


def test_a_table_that_is_in_force_stays_where_it_is(board, client):
    erased = board.flash.operations
    same = OWNER.seal(revocation.TYP, REVOKED.body(), 2)
    assert client.send_object("revoked", same) == 2
    assert client.status()["lists"]["revoked"] == 2
    assert board.flash.operations - erased < 20  # a file and a record


def test_beginning_a_table_again_and_again_is_limited(client):
    for number in range(40):
        newer = RevocationList(frozenset([number.to_bytes(12, "big") + b""]))
        client.send_object("revoked", OWNER.seal(revocation.TYP, newer.body(), 2 + number))
        try:
            client.send_object("revoked-table", newer.table())
        except DeviceError as error:
            assert error.code == "TOO_OFTEN"
            break
    assert 10 < number < 25


def test_the_cable_alone_takes_a_hundredth_of_the_ring_a_day(board, client):
    """Three hours of forged commands, each followed by what has refusals written."""
    capacity, before = client.status()["capacity"], client.status()["next"]
    hours, asked = 3, 0
    for _ in range(hours * 20):
        board.run_for_ms(180_000)
        for request in (
            lambda: client.send_object("command", b"junk"),
            lambda: client.send_object("trust", b"junk"),
            lambda: client.set_clock(NOW_S),
            lambda: client.add_seed(bytes(32)),
        ):
            with pytest.raises(DeviceError):
                request()
            asked += 1
        client.read_journal(client.status()["next"])
        client.challenge()
        client.statement(bytes(16), 1, 1)
    written = client.status()["next"] - before
    assert 6 <= written <= hours * 6 + 1
    assert capacity >= (24 * 6 + 6) * 100
    counted = OWNER.pull(client).refusals_by_reason()
    # Those of the last minutes wait in RAM.
    assert asked // 2 - 40 <= counted["COMMAND_UNSIGNED"] <= asked // 2 and asked > 200


def test_every_refusal_of_a_command_is_counted(client):
    li, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()

    def operator(*roles, until=NOW_S + DAY_S, key=li, root=OWNER.root):
        made = operators.issue_credential(root, raw_public(key), "Li", roles, NOW_S - 9, until)
        return Operator(key, made)

    device = client.identify()["device"]
    for who, reason in (
        (operator("clock"), "ROLE"),
        (operator("collect", until=NOW_S), "EXPIRED"),
        (operator("collect", root=stranger), "UNKNOWN_KEY"),
    ):
        with pytest.raises(DeviceError, match=reason):
            who.run(client, device, "close_shift", [])
    with pytest.raises(DeviceError, match="OPERATOR_NEEDED"):
        client.set_clock(NOW_S)
    client.read_journal(client.status()["next"])
    counted = OWNER.pull(client).refusals_by_reason()
    words = ("COMMAND_ROLE", "COMMAND_EXPIRED", "COMMAND_SIGNATURE", "COMMAND_UNSIGNED")
    # A command that comes behind a refused credential finds nobody.
    assert counted == dict.fromkeys(words, 1)


def test_a_clock_that_is_wrong_ahead_only_the_root_puts_right(client):
    """No operator whose credential has expired gets anything done by bringing his own time."""
    li = Ed25519PrivateKey.generate()
    made = operators.issue_credential(
        OWNER.root, raw_public(li), "Li", operators.ROLES, NOW_S - 9, NOW_S + DAY_S
    )
    device, operator = client.identify()["device"], Operator(li, made)
    owner = Operator.owner(OWNER.root)
    assert owner.run(client, device, "set_clock", [NOW_S + 9 * DAY_S, "jump"])
    for command in (["set_clock", [NOW_S, "jump"]], ["close_shift", []]):
        with pytest.raises(DeviceError, match="EXPIRED"):
            operator.run(client, device, *command)
    with pytest.raises(DeviceError, match="CLOCK_JUMP"):
        owner.run(client, device, "set_clock", [NOW_S])
    with pytest.raises(DeviceError, match="BEFORE_SIGNED"):
        owner.run(client, device, "set_clock", [1690000000, "jump"])
    assert owner.run(client, device, "set_clock", [NOW_S, "jump"]) == NOW_S
    assert operator.run(client, device, "close_shift", []) == 0
    meant = [row for row in OWNER.events(client, records.CLOCK_SET) if '"meant": true' in row]
    assert len(meant) == 2 and raw_public(OWNER.root).hex() not in meant[0]
