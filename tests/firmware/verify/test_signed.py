"""Objects signed by the root."""

from crypto import signing
from signing import mac0, sign1
from verify import cbor, cose
from verify.cose import open_signed
from verify.errors import Malformed, Refused

SEED = bytes(31) + b"\x07"
ROOT = signing.public_key(SEED)
KID = cose.kid_of(ROOT)
TYP = "application/scanpost-trust+cbor"
HEADER = {1: -8, 4: KID, 16: TYP}
PAYLOAD = cbor.encode({1: 3, 2: 1650000000, 3: [1, "body"]})


def _reason(data, root=ROOT, typ=TYP):
    try:
        open_signed(data, root, typ)
    except Malformed:
        return "MALFORMED"
    except Refused as refused:
        return refused.reason
    return None


def test_opens():
    data = sign1(SEED, HEADER, PAYLOAD)
    assert open_signed(data, ROOT, TYP) == (3, 1650000000, [1, "body"])


def test_one_kind_does_not_pass_for_another():
    data = sign1(SEED, HEADER, PAYLOAD)
    assert _reason(data, typ="application/scanpost-revoked+cbor") == "WRONG_TYPE"
    assert _reason(sign1(SEED, {1: -8, 4: KID, 16: 30}, PAYLOAD)) == "WRONG_TYPE"


def test_other_keys():
    other = bytes(31) + b"\x08"
    data = sign1(SEED, HEADER, PAYLOAD)
    assert _reason(data, root=signing.public_key(other)) == "UNKNOWN_KEY"
    assert _reason(sign1(other, HEADER, PAYLOAD)) == "BAD_SIGNATURE"


def test_each_changed_byte_is_noticed():
    data = sign1(SEED, HEADER, PAYLOAD)
    for index in range(0, len(data), 9):
        broken = bytearray(data)
        broken[index] ^= 1
        assert _reason(bytes(broken)) is not None, index


def test_headers():
    without_typ = {1: -8, 4: KID}
    with_crit = {1: -8, 2: [16], 4: KID, 16: TYP}
    with_text = {1: -8, 4: KID, 16: TYP, "x": 1}
    for header in (without_typ, with_crit, with_text, {}, {1: -7, 4: KID, 16: TYP}):
        assert _reason(sign1(SEED, header, PAYLOAD)) == "UNSUPPORTED"
    assert _reason(mac0(bytes(32), HEADER, PAYLOAD, 32)) == "UNSUPPORTED"
    protected = cbor.encode(HEADER)
    unprotected = cbor.Tag(18, [protected, {4: KID}, PAYLOAD, bytes(64)])
    assert _reason(cbor.encode(unprotected)) == "MALFORMED"
    short = cbor.Tag(18, [protected, {}, PAYLOAD, bytes(63)])
    assert _reason(cbor.encode(short)) == "BAD_SIGNATURE"


def test_payloads():
    good = {1: 1, 2: 1650000000, 3: None}
    assert _reason(sign1(SEED, HEADER, cbor.encode(good))) is None
    for key, value in ((1, 0), (1, -1), (1, True), (1, "1"), (2, -1), (2, None), (4, 1), ("1", 1)):
        payload = dict(good)
        payload[key] = value
        assert _reason(sign1(SEED, HEADER, cbor.encode(payload))) == "MALFORMED", key
    for payload in (b"", b"\x01", cbor.encode({1: 1, 2: 2}), PAYLOAD + b"\x00"):
        assert _reason(sign1(SEED, HEADER, payload)) == "MALFORMED"
    assert _reason(b"") == "MALFORMED"
    assert _reason(b"\x01") == "MALFORMED"
