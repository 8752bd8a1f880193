"""HKDF: RFC 5869 appendix A."""

from binascii import unhexlify

from crypto.hmac import hmac_sha256
from crypto.hpke import hkdf_expand
from vectors import load


def test_rfc_5869():
    for case in load("hkdf.json"):
        prk = hmac_sha256(unhexlify(case["salt"]), unhexlify(case["ikm"]))
        assert prk == unhexlify(case["prk"]), case["source"]
        okm = hkdf_expand(prk, case["length"], unhexlify(case["info"]))
        assert okm == unhexlify(case["okm"]), case["source"]


def test_the_input_may_come_in_parts():
    case = load("hkdf.json")[0]
    ikm, info = unhexlify(case["ikm"]), unhexlify(case["info"])
    prk = hmac_sha256(unhexlify(case["salt"]), ikm[:3], b"", ikm[3:])
    assert hkdf_expand(prk, 42, info[:1], info[1:]) == unhexlify(case["okm"])


def test_lengths_are_bounded():
    for length in (0, 8161):
        refused = False
        try:
            hkdf_expand(bytes(32), length)
        except ValueError:
            refused = True
        assert refused
