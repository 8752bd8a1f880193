"""Operators at work on the device's own code on a simulated board: seal to, command, revoke."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host_tools.client import Client, DeviceError
from host_tools.operators import Operator
from host_tools.provision import OldImage, Plan, provision
from provisioning import collection, operators, revocation
from provisioning.collection import CollectionList, row_of
from provisioning.keys import raw_public
from provisioning.revocation import RevocationList
from provisioning.signed import seal
from simulator.link import LinkPort

NOW_S = 1790000000
OWNER, LI = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


@pytest.fixture
def client(board):
    return Client(LinkPort(board))


def _collection(count):
    """The largest list there is, where count is 8."""
    rows = CollectionList()
    for number in range(count):
        key = raw_public(X25519PrivateKey.generate())
        rows = rows.with_key(row_of(key, NOW_S - count + number, "n" * 32))
    return rows


def _credential(roles, until=NOW_S + 86400):
    return operators.issue_credential(OWNER, raw_public(LI), "Li", roles, NOW_S, until)


def _provision(client):
    body = _collection(8).body()
    plan = Plan(
        root=raw_public(OWNER),
        unix_s=NOW_S,
        collection=seal(OWNER, collection.TYP, 1, NOW_S, body),
    )
    done = provision(client, plan, lambda what, done, size: None)
    assert done["collection"] == 1 and done["clock"] == NOW_S
    return client.identify()["device"]


def test_an_operator_sets_the_clock_and_nobody_else(client):
    device = _provision(client)
    with pytest.raises(DeviceError, match="OPERATOR_NEEDED"):
        client.set_clock(NOW_S)
    operator = Operator(LI, _credential(("clock",)))
    later = NOW_S + 1000
    assert operator.run(client, device, "set_clock", [later]) == later
    assert later <= client.status()["time"] < later + 60
    with pytest.raises(DeviceError, match="ROLE"):
        operator.command(client, device, "close_shift", [])
    with pytest.raises(DeviceError, match="WRONG_DEVICE"):
        operator.command(client, bytes(8), "set_clock", [later])
    with pytest.raises(DeviceError, match="BAD_TIME"):
        operator.command(client, device, "set_clock", [1])
    with pytest.raises(DeviceError, match="UNKNOWN_KEY"):
        Operator(Ed25519PrivateKey.generate(), _credential(("clock",))).run(
            client, device, "set_clock", [later]
        )
    with pytest.raises(DeviceError, match="EXPIRED"):
        Operator(LI, _credential(("clock",), NOW_S + 9)).run(client, device, "set_clock", [later])


def test_provisioning_again_leaves_the_clock_alone(client):
    device = _provision(client)
    again = provision(
        client, Plan(root=raw_public(OWNER), unix_s=NOW_S + 999), lambda what, done, size: None
    )
    assert "clock" not in again and again["device"] == device.hex()
    assert client.status()["time"] < NOW_S + 900


def test_a_revoked_operator_is_refused(client):
    device = _provision(client)
    data = _credential(("collect", "clock"))
    operator = Operator(LI, data)
    operator.present(client)
    found = operators.open_credential(data, raw_public(OWNER))
    revoked = RevocationList(frozenset([revocation.entry(found.root_kid, found.cti)]))
    client.send_object("revoked", seal(OWNER, revocation.TYP, 1, NOW_S, revoked.body()))
    client.send_object("revoked-table", revoked.table())
    with pytest.raises(DeviceError, match="REVOKED"):
        operator.command(client, device, "close_shift", [])
    with pytest.raises(DeviceError, match="REVOKED"):
        operator.present(client)
    Operator(LI, _credential(("collect",))).run(client, device, "close_shift", [])


def test_a_device_with_an_old_image_is_left_as_it_is(client, monkeypatch):
    identity = client.identify()
    assert re.fullmatch(r"1\.\d+\.\d+", identity["micropython"])
    monkeypatch.setattr(client, "identify", lambda: {**identity, "micropython": "1.25.0"})
    with pytest.raises(OldImage, match=r"runs MicroPython 1\.25\.0; .*1\.26 or later"):
        provision(client, Plan(root=raw_public(OWNER), unix_s=NOW_S), lambda *_: None)
    monkeypatch.undo()
    assert client.identify()["root"] is None and client.status()["time"] is None
