"""A pass is as small as docs/pass.md promises: what a scanner at arm's length depends on."""

import time

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning import base45, issuing, local_time
from provisioning.keys import HmacSecret

KEYS = {
    "ed25519": (Ed25519PrivateKey.generate(), 145, 222, "9-M"),
    "hmac 256/256": (HmacSecret(bytes(8), 5, bytes(32)), 113, 174, "7-M"),
    "hmac 256/64": (HmacSecret(bytes(8), 4, bytes(32)), 88, 136, "6-M"),
}


@pytest.mark.parametrize("scheme", KEYS)
def test_sizes(scheme):
    key, size_bytes, characters, code = KEYS[scheme]
    now = int(time.time())
    person = issuing.Person(bytes(16), "张三丰", id_number="11010519491231002X")
    made = issuing.issue(key, person, issuing.Validity(now, now + 60), local_time.zone())
    assert len(base45.decode(made.text.removeprefix("SP1:"))) == size_bytes
    assert len(made.text) == characters
    assert segno.make(made.text, error="m", boost_error=False).designator == code
