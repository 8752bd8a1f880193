"""Credentials and commands, on the host and as the device reads them."""

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from verify import operators as device
from verify.errors import Malformed as DeviceMalformed
from verify.errors import Refused as DeviceRefused

from provisioning import cose, keys, operators
from provisioning.errors import Malformed, NotAllowed, Refused
from provisioning.signed import sign1
from tests.verify_interop import interop

ROOT, OTHER, OPERATOR = (Ed25519PrivateKey.generate() for _ in range(3))
ROOT_PUBLIC, OPERATOR_PUBLIC = keys.raw_public(ROOT), keys.raw_public(OPERATOR)
NOW = 1790000000
DEVICE, NONCE = b"DEVICE01", bytes(range(16))
CLAIMS = {
    2: "Li",
    4: NOW + 1,
    6: NOW,
    7: b"cti-0001",
    8: {1: {1: 1, -1: 6, -2: OPERATOR_PUBLIC}},
    9: "collect clock",
}


def _issue(name="Li 李", roles=("clock", "collect"), key=OPERATOR_PUBLIC, until=NOW + 86400):
    return operators.issue_credential(ROOT, key, name, roles, NOW, until)


def test_a_credential_byte_by_byte():
    made = cbor2.loads(_issue())
    protected, unprotected, payload, signature = made.value
    assert made.tag == 18 and unprotected == {} and len(signature) == 64
    header = {1: -8, 4: cose.kid_of(ROOT_PUBLIC), 16: "application/scanpost-operator+cwt"}
    assert cbor2.loads(protected) == header
    claims = cbor2.loads(payload)
    assert len(claims.pop(7)) == 8
    key = {1: 1, -1: 6, -2: OPERATOR_PUBLIC}
    assert claims == {2: "Li 李", 4: NOW + 86400, 6: NOW, 8: {1: key}, 9: "collect clock"}


def test_the_bytes_on_the_page():
    data = operators.issue_credential(
        ROOT, OPERATOR_PUBLIC, "Li", ("collect", "clock"), NOW, NOW + 1
    )
    cti = operators.open_credential(data, None).cti
    assert data[:-64] == (
        bytes.fromhex("d284 5831 a30127 0448")
        + cose.kid_of(ROOT_PUBLIC)
        + bytes.fromhex("107821")
        + b"application/scanpost-operator+cwt"
        + bytes.fromhex("a0 5855 a6 0262")
        + b"Li"
        + bytes.fromhex("041a 6ab13b81 061a 6ab13b80 0748")
        + cti
        + bytes.fromhex("08a101a3 0101 2006 215820")
        + OPERATOR_PUBLIC
        + b"\x09\x6dcollect clock"
        + bytes.fromhex("5840")
    )
    data = operators.sign_command(OPERATOR, DEVICE, NONCE, "set_clock", [NOW])
    assert data[:-64] == (
        bytes.fromhex("d284 5831 a30127 0448")
        + cose.kid_of(OPERATOR_PUBLIC)
        + bytes.fromhex("107821")
        + b"application/scanpost-command+cbor"
        + bytes.fromhex("a0 582b 8448")
        + DEVICE
        + bytes.fromhex("50")
        + NONCE
        + b"\x69set_clock"
        + bytes.fromhex("811a 6ab13b80 5840")
    )


def test_the_device_reads_a_credential_as_the_host_does():
    data = _issue()
    here = operators.open_credential(data, ROOT_PUBLIC)
    there = device.open_credential(data, ROOT_PUBLIC)
    assert here.root_kid == cose.kid_of(ROOT_PUBLIC)
    for name in ("kid", "name", "key", "issued_at", "expires_at", "cti"):
        assert getattr(here, name) == getattr(there, name), name
    assert list(here.roles) == there.roles == ["collect", "clock"]
    assert operators.open_credential(_issue(), None).cti != here.cti


def test_another_library_reads_a_credential():
    root_kid = cose.kid_of(ROOT_PUBLIC)
    long = operators.issue_credential(ROOT, OPERATOR_PUBLIC, "Li", ("clock",), NOW, (1 << 32) - 1)
    claims = interop.ask("claims_with_cwt", long, ROOT_PUBLIC, root_kid)
    assert claims[2] == "Li" and claims[9] == "clock"
    assert claims[8][1][-2] == OPERATOR_PUBLIC


def test_the_device_takes_the_hosts_commands():
    operator = device.open_credential(_issue(), ROOT_PUBLIC)
    arguments = [4711, bytes(24)]
    data = operators.sign_command(OPERATOR, DEVICE, NONCE, "acknowledge", arguments)
    assert len(data) <= 512  # what a device takes
    assert device.open_command(data, operator) == (DEVICE, NONCE, "acknowledge", arguments)
    with pytest.raises(DeviceRefused, match="UNKNOWN_KEY"):
        device.open_command(
            operators.sign_command(OTHER, DEVICE, NONCE, "acknowledge", arguments), operator
        )


def test_a_command_byte_by_byte():
    made = cbor2.loads(operators.sign_command(OPERATOR, DEVICE, NONCE, "set_clock", [NOW]))
    protected, unprotected, payload, signature = made.value
    assert made.tag == 18 and unprotected == {} and len(signature) == 64
    header = {1: -8, 4: cose.kid_of(OPERATOR_PUBLIC), 16: "application/scanpost-command+cbor"}
    assert cbor2.loads(protected) == header
    assert cbor2.loads(payload) == [DEVICE, NONCE, "set_clock", [NOW]]


def test_what_is_not_issued():
    for changed in (
        {"name": ""},
        {"name": "x" * 33},
        {"roles": ()},
        {"roles": ("collect", "erase")},
        {"key": bytes(32)},
        {"until": NOW},
        {"until": 1 << 32},
    ):
        with pytest.raises(NotAllowed):
            _issue(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {2: ""},
        {2: "x" * 33},
        {4: True},
        {4: 1 << 32},
        {6: None},
        {7: b"short"},
        {7: bytes(17)},
        {8: {3: b"kid"}},
        {8: {1: {1: 1, -1: 4, -2: OPERATOR_PUBLIC}}},
        {9: 7},
        {9: "x" * 65},
    ],
)
def test_a_credential_with_other_claims_is_refused_here_and_there(changed):
    data = sign1(ROOT, operators.CREDENTIAL_TYP, {**CLAIMS, **changed})
    with pytest.raises(Malformed):
        operators.open_credential(data, ROOT_PUBLIC)
    with pytest.raises(DeviceMalformed):
        device.open_credential(data, ROOT_PUBLIC)


def test_a_credential_of_another_root_or_kind():
    operators.open_credential(sign1(ROOT, operators.CREDENTIAL_TYP, CLAIMS), ROOT_PUBLIC)
    with pytest.raises(Refused, match="UNKNOWN_KEY"):
        operators.open_credential(sign1(OTHER, operators.CREDENTIAL_TYP, CLAIMS), ROOT_PUBLIC)
    with pytest.raises(Refused, match="WRONG_TYPE"):
        operators.open_credential(sign1(ROOT, operators.COMMAND_TYP, CLAIMS), ROOT_PUBLIC)
    with pytest.raises(Malformed):
        operators.open_credential(sign1(ROOT, operators.CREDENTIAL_TYP, []), ROOT_PUBLIC)
    small = {**CLAIMS, 8: {1: {1: 1, -1: 6, -2: bytes(32)}}}
    with pytest.raises(Malformed):
        operators.open_credential(sign1(ROOT, operators.CREDENTIAL_TYP, small), ROOT_PUBLIC)
