"""Passes by another COSE library (cwt) are accepted here, and ours are accepted by it."""

import os
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

from provisioning import base45, cose, issuing, local_time, passes
from provisioning.keys import HmacSecret, raw_public
from provisioning.trust import Issuer, TrustList
from tests.verify_interop import interop

NOW = int(time.time())
KEY = Ed25519PrivateKey.generate()
KID = cose.kid_of(raw_public(KEY))
SECRETS = [HmacSecret(os.urandom(8), alg, os.urandom(32)) for alg in (5, 4)]
WINDOW = (NOW - 1000, NOW + 1000)
TRUST = TrustList(
    (
        Issuer(KID, -8, raw_public(KEY), *WINDOW),
        *(Issuer(each.kid, each.alg, None, *WINDOW) for each in SECRETS),
    )
)
SUBJECT = os.urandom(16)


def _accepted(text):
    secrets = {each.kid: each.secret for each in SECRETS}
    return passes.verify(text, TRUST, secrets, lambda kid, cti: False, NOW)


def _claims():
    holder = [SUBJECT, 0, "张*丰", "002X"]
    return {4: NOW + 86400, 6: NOW, 7: os.urandom(8), -65537: holder}


def test_their_ed25519():
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    text = interop.ask("issue", "issue_ed25519_with_cwt", pem, KID, _claims())
    assert _accepted(text).claims.subject == SUBJECT


@pytest.mark.parametrize("secret", SECRETS, ids=["256/256", "256/64"])
def test_their_hmac(secret):
    made_by = ("issue_hmac_with_cwt", secret.secret, secret.kid, secret.alg, _claims())
    assert _accepted(interop.ask("issue", *made_by)).claims.subject == SUBJECT


def _ours(key):
    person = issuing.Person(SUBJECT, "张三丰")
    made = issuing.issue(key, person, issuing.Validity(NOW, NOW + 60), local_time.zone())
    return base45.decode(made.text.removeprefix("SP1:"))


def test_our_ed25519():
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    payload = interop.ask("open_with_cwt", _ours(KEY), -8, pem, KID)
    assert cbor2.loads(payload)[-65537][0] == SUBJECT


@pytest.mark.parametrize("secret", SECRETS, ids=["256/256", "256/64"])
def test_our_hmac(secret):
    payload = interop.ask("open_with_cwt", _ours(secret), secret.alg, secret.secret, secret.kid)
    assert cbor2.loads(payload)[-65537][0] == SUBJECT
