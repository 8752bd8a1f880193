"""The demonstration's passes are good and bad in the way that they say."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools import demo_passes
from provisioning import passes, qr
from provisioning.errors import Refused
from provisioning.keys import raw_public
from provisioning.trust import Issuer, TrustList

NOW = int(time.time())
KEY = Ed25519PrivateKey.generate()
SIGNER = demo_passes.ed25519_signer(KEY)
HMAC = [demo_passes.hmac_signer(bytes([alg] * 8), alg, bytes(32)) for alg in (4, 5)]
SECRETS = {signer.kid: bytes(32) for signer in HMAC}
TRUST = TrustList(
    (
        Issuer(SIGNER.kid, SIGNER.alg, raw_public(KEY), NOW - 10**7, NOW + 10**7),
        *(Issuer(each.kid, each.alg, None, NOW - 10**7, NOW + 10**7) for each in HMAC),
    )
)


def _answer(text):
    try:
        passes.verify(text, TRUST, SECRETS, lambda kid, cti: False, NOW)
    except Refused as refused:
        return refused.reason
    return "ACCEPTED"


def test_good_ones():
    for signer in (SIGNER, *HMAC):
        assert _answer(demo_passes.make_pass(signer, NOW, relation=2)) == "ACCEPTED"


def test_bad_ones():
    for signer in (SIGNER, *HMAC):
        for bad in demo_passes.bad_passes(signer, NOW):
            assert _answer(bad.text) == bad.reason, bad.name


def test_an_altered_one_differs_in_one_character():
    for _ in range(50):
        for signer in (SIGNER, *HMAC):
            good = demo_passes.make_pass(signer, NOW)
            bad = demo_passes.altered(good).text
            assert sum(a != b for a, b in zip(good, bad, strict=True)) == 1
            assert _answer(bad) == "BAD_SIGNATURE"


def test_pictures_can_be_read_again(tmp_path):
    for bad in (*demo_passes.other_codes(), demo_passes.expired(SIGNER, NOW)):
        path = demo_passes.save_picture(bad.text, tmp_path / f"{bad.name}.png", bad.name)
        assert qr.decode_picture(path) == bad.text.encode(), bad.name
        assert _answer(bad.text) == bad.reason
