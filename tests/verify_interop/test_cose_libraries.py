"""Passes made by other COSE libraries are accepted; passes made here are accepted by them."""

import time

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from signing import mac0, sign1
from verify import cbor, cose, passes
from verify.errors import Refused
from verify.trust import TrustList

from provisioning import base45
from provisioning import cose as host_cose
from provisioning import passes as host_passes
from provisioning.trust import TrustList as HostTrustList
from tests.verify_interop import interop, pass_page

PAGE = pass_page.code()
# RFC 8032 section 7.1 test 1
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PRIVATE = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = PRIVATE.public_key().public_bytes_raw()
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
KID = PAGE.kid_of(PUBLIC)
SECRET = bytes(range(32))
HMAC_KIDS = {5: b"hmac-256", 4: b"hmac--64"}
SECRETS = {kid: SECRET for kid in HMAC_KIDS.values()}
NOW = 1650000000
ROWS = [[KID, -8, PUBLIC, 0, 2**32 - 1, 2592000, "office"]] + [
    [kid, alg, None, 0, 2**32 - 1, 2592000, "group"] for alg, kid in HMAC_KIDS.items()
]
TRUST = TrustList.from_body(ROWS)
HOST_TRUST = HostTrustList.from_body(ROWS)

ED25519_TEXTS = {
    "cwt": lambda claims: interop.ask("issue", "issue_ed25519_with_cwt", PEM, KID, claims),
    "pycose": lambda claims: interop.ask(
        "issue", "issue_ed25519_with_pycose", SEED, PUBLIC, KID, claims
    ),
    "by hand": lambda claims: PAGE.issue_ed25519_by_hand(SEED, KID, claims),
}
HMAC_ISSUERS = {
    "cwt": lambda *arguments: interop.ask("issue", "issue_hmac_with_cwt", *arguments),
    "pycose": lambda *arguments: interop.ask("issue", "issue_hmac_with_pycose", *arguments),
    "by hand": PAGE.issue_hmac_by_hand,
}


def on_device(text, now=NOW):
    return passes.verify(text.encode(), TRUST, SECRETS, lambda kid, cti: False, now)


def assert_accepted(text, claims, kid):
    found = on_device(text)
    holder = claims[-65537]
    assert [found.subject, found.relation, found.name_hint, found.id_hint] == holder
    assert (found.kid, found.cti) == (kid, claims[7])
    assert (found.issued_at, found.expires_at) == (claims[6], claims[4])
    on_host = host_passes.verify(text, HOST_TRUST, SECRETS, lambda kid, cti: False, NOW)
    assert (on_host.kid, on_host.claims.cti, on_host.claims.subject) == (kid, claims[7], holder[0])


@pytest.mark.parametrize("library", ED25519_TEXTS)
def test_ed25519_passes_of_others(library):
    text = ED25519_TEXTS[library](PAGE.claims)
    assert_accepted(text, PAGE.claims, KID)
    assert text == pass_page.example_text()


def test_the_listing_is_the_example():
    assert "SP1:" + PAGE.base45(pass_page.example_bytes()) == pass_page.example_text()


@pytest.mark.parametrize("alg", [5, 4])
@pytest.mark.parametrize("library", HMAC_ISSUERS)
def test_hmac_passes_of_others(library, alg):
    text = HMAC_ISSUERS[library](SECRET, HMAC_KIDS[alg], alg, PAGE.claims)
    assert_accepted(text, PAGE.claims, HMAC_KIDS[alg])


@pytest.mark.parametrize("library", ED25519_TEXTS)
def test_all_claims_that_may_stand_there(library):
    claims = {
        **PAGE.claims,
        5: NOW + 60,
        1: "市卫健委",
        2: "ignored",
        "zone": [1, {"a": None}, b"x", True],
    }
    found = on_device(ED25519_TEXTS[library](claims), NOW + 60)
    assert found.not_before == NOW + 60


def test_the_high_level_call_of_cwt_is_refused():
    message = interop.ask("high_level_call", PEM, KID, PAGE.claims)
    with pytest.raises(Refused) as refused:
        on_device("SP1:" + base45.encode(message))
    assert refused.value.reason == "MALFORMED"


def test_a_time_as_float_is_refused():
    claims = {**PAGE.claims, 6: time.time()}
    with pytest.raises(Refused) as refused:
        on_device(PAGE.issue_ed25519_by_hand(SEED, KID, claims))
    assert refused.value.reason == "MALFORMED"


def header(alg):
    return {1: alg, 4: HMAC_KIDS.get(alg, KID)}


def made_here(alg, payload):
    """The same pass made by the device's encoder (as its tests use it) and by the host's."""
    if alg == -8:
        yield sign1(SEED, header(alg), payload)
        yield host_cose.sign1(header(alg), payload, PRIVATE)
    else:
        yield mac0(SECRET, header(alg), payload, {5: 32, 4: 8}[alg])
        yield host_cose.mac0(header(alg), payload, SECRET)


@pytest.mark.parametrize("alg", [-8, 5, 4])
def test_passes_made_here_are_accepted_by_others(alg):
    payload = cbor2.dumps(PAGE.claims)
    spki = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for message in made_here(alg, payload):
        key = spki if alg == -8 else SECRET
        assert interop.ask("open_with_cwt", message, alg, key, header(alg)[4]) == payload
        key = PUBLIC if alg == -8 else SECRET
        assert interop.ask("open_with_pycose", message, alg, key) == payload


def test_the_encoders_agree():
    payload = cbor2.dumps(PAGE.claims)
    for alg in (-8, 5, 4):
        first, second = made_here(alg, payload)
        assert first == second
    assert cose.kid_of(PUBLIC) == KID == host_cose.kid_of(PUBLIC)
    assert cbor.decode(payload) == PAGE.claims
