"""Secrets on their way to a device: signed, sealed to it, under rising numbers.

The device's own code on a simulated board opens what pyhpke and cryptography have sealed.
"""

import time

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host_tools.client import Client, DeviceError
from host_tools.operators import Operator
from host_tools.provision import Plan, provision
from provisioning import collection, cose, operators, sealing, trust
from provisioning.collection import CollectionList, row_of
from provisioning.keys import HmacSecret, raw_public
from provisioning.sealing import NotVouched
from provisioning.signed import seal
from provisioning.trust import Issuer, TrustList
from simulator.link import LinkPort

NOW_S = 1790000000
ROOT, LI = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
LAB = raw_public(X25519PrivateKey.generate())
SCHOOL = HmacSecret(b"A school", 5, b"s" * 32)
CLINIC = HmacSecret(b"A clinic", 4, b"c" * 32)


def _operator(*roles, key=LI, until=NOW_S + 86400):
    return Operator(
        key, operators.issue_credential(ROOT, raw_public(key), "Li", roles, NOW_S, until)
    )


def _quiet(_what, _done, _size):
    return None


@pytest.fixture
def client(board):
    """Of a device that trusts both issuers and has no secret yet."""
    client = Client(LinkPort(board))
    rows = TrustList(
        tuple(Issuer(one.kid, one.alg, None, 0, 2**32 - 1) for one in (SCHOOL, CLINIC))
    )
    plan = Plan(
        root=raw_public(ROOT),
        unix_s=NOW_S,
        collection=seal(
            ROOT, collection.TYP, 1, NOW_S, CollectionList((row_of(LAB, NOW_S - 9, "Lab"),)).body()
        ),
        trust=seal(ROOT, trust.TYP, 1, NOW_S, rows.body()),
    )
    provision(client, plan, _quiet)
    return client


def _key(client):
    identity = client.identify()
    vouched = client.sealing_key()
    return identity["device"], sealing.open_sealing_key(
        vouched, identity["device"], identity["key"]
    )


def _sealed(client, number, come=(), go=(), signer=ROOT, device=None):
    own, key = _key(client)
    return sealing.seal_secrets(signer, device or own, key, number, NOW_S, come, go)


def test_secrets_come_and_go_under_rising_numbers(client, board):
    one = _sealed(client, 5, [SCHOOL, CLINIC])
    assert SCHOOL.secret not in one and SCHOOL.kid not in one
    assert client.send_object("secrets", one) == 5
    assert client.status()["secrets"] == 2 and client.status()["lists"]["secrets"] == 5
    assert client.send_object("secrets", _sealed(client, 6, go=[CLINIC.kid])) == 6
    assert client.status()["secrets"] == 1
    for number in (1, 5, 6):
        with pytest.raises(DeviceError, match="OLD_SEQUENCE"):
            client.send_object("secrets", _sealed(client, number, [CLINIC]))
    with pytest.raises(DeviceError, match="OLD_SEQUENCE"):
        client.send_object("secrets", one)
    board.power_off()
    board.power_on()
    board.run_for_ms(500)
    again = Client(LinkPort(board))
    assert again.status()["secrets"] == 1 and again.status()["lists"]["secrets"] == 6
    assert _key(again) == _key(client)


def test_what_is_installed_is_not_written_again(client, board):
    data = _sealed(client, 5, [SCHOOL])
    client.send_object("secrets", data)
    before, following = board.flash.operations, client.status()["next"]
    for _ in range(3):
        assert client.send_object("secrets", data) == 5
    # The same secret, sealed anew: as provisioning twice does.
    assert client.send_object("secrets", _sealed(client, 7, [SCHOOL])) == 7
    assert board.flash.operations == before and client.status()["next"] == following


def test_the_cable_alone_changes_no_secret(client):
    client.send_object("secrets", _sealed(client, 5, [SCHOOL]))
    stranger = Ed25519PrivateKey.generate()
    junk = HmacSecret(SCHOOL.kid, 5, b"x" * 32)
    unsigned = cbor2.dumps([[junk.kid, junk.alg, junk.secret]])
    good = bytearray(_sealed(client, 6, [junk]))
    good[-1] ^= 1
    for data, reason in (
        (unsigned, "MALFORMED"),
        (bytes(good), "BAD_SIGNATURE"),
        (_sealed(client, 6, [junk], signer=stranger), "NO_OPERATOR"),
        (_sealed(client, 6, [junk], device=b"another!"), "WRONG_DEVICE"),
        (
            _sealed(client, 6, [HmacSecret(bytes([n]) * 8, 5, bytes(32)) for n in range(32)]),
            "LARGE",
        ),
    ):
        with pytest.raises(DeviceError, match=reason):
            client.send_object("secrets", data)
    assert client.status()["secrets"] == 1 and client.status()["lists"]["secrets"] == 5


def test_an_operator_needs_the_role(client):
    for operator, reason in (
        (_operator("collect", "clock", "service"), "ROLE"),
        (_operator("provision", until=NOW_S - 900 + 901), "EXPIRED"),
    ):
        operator.present(client)
        with pytest.raises(DeviceError, match=reason):
            client.send_object("secrets", _sealed(client, 6, [SCHOOL], signer=LI))
    other = Ed25519PrivateKey.generate()
    _operator("provision").present(client)
    with pytest.raises(DeviceError, match="UNKNOWN_KEY"):
        client.send_object("secrets", _sealed(client, 6, [SCHOOL], signer=other))
    assert client.send_object("secrets", _sealed(client, 6, [SCHOOL], signer=LI)) == 6


def test_provisioning_with_secrets_as_the_command_does(client):
    plan = Plan(secrets=(SCHOOL,), signer=_operator("provision"))
    done = provision(client, plan, _quiet)
    assert done["secrets"] >= time.time() - 60 and client.status()["secrets"] == 1
    more = provision(client, Plan(secrets=(CLINIC,), signer=Operator.owner(ROOT)), _quiet)
    assert more["secrets"] > done["secrets"] and client.status()["secrets"] == 2
    gone = Plan(forgotten=(SCHOOL.kid, CLINIC.kid), signer=Operator.owner(ROOT))
    provision(client, gone, _quiet)
    assert client.status()["secrets"] == 0


def test_secrets_are_sealed_to_no_key_but_the_devices(client, monkeypatch):
    identity = client.identify()
    stranger = Ed25519PrivateKey.generate()
    key = raw_public(X25519PrivateKey.generate())
    header = {cose.LABEL_ALG: cose.ALG_EDDSA, cose.LABEL_TYP: sealing.SEALING_KEY_TYP}

    def vouched(payload, header=header, signer=stranger):
        return cose.sign1(header, cbor2.dumps(payload), signer)

    device, known = identity["device"], identity["key"]
    for data in (b"", vouched([device, key]), client.statement(bytes(16), 1, 1)):
        with pytest.raises(NotVouched):
            sealing.open_sealing_key(data, device, known)
    own = raw_public(stranger)
    for payload in ([b"another!", key], [device, key[:31]], [device], {1: 2}):
        with pytest.raises(NotVouched):
            sealing.open_sealing_key(vouched(payload), device, own)
    assert sealing.open_sealing_key(vouched([device, key]), device, own) == key
    # Somebody on the cable answers for the device: what is known of it from before decides.
    monkeypatch.setattr(client, "sealing_key", lambda: vouched([device, key]))
    plan = Plan(secrets=(SCHOOL,), signer=Operator.owner(ROOT), device_key=known)
    with pytest.raises(NotVouched, match="not signed by this device"):
        provision(client, plan, _quiet)
    assert client.status()["secrets"] == 0
