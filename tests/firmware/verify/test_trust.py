"""What a trust list may hold."""

from binascii import unhexlify

from crypto import signing
from verify import cose
from verify.errors import Malformed
from verify.trust import TrustList

MAX_ISSUERS = 32  # docs/signed-objects.md

KEY = signing.public_key(bytes(31) + b"\x01")
ED25519 = [cose.kid_of(KEY), -8, KEY, 1600000000, 1700000000, 2592000, "市卫健委"]
HMAC = [b"hmac-kid", 5, None, 0, 2**32 - 1, 604800, ""]

# of order 1, 2, 4, 8 (each 8 has two signs); canonical encodings
SMALL_ORDER = (
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
)
NOT_CANONICAL = (
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p + 3, on the curve
    "0100000000000000000000000000000000000000000000000000000000000080",  # x = 0 with a sign
)
NOT_ON_CURVE = ("0200000000000000000000000000000000000000000000000000000000000000",)


def _refused(body, held=False):
    try:
        TrustList.from_body(body, held)
    except Malformed:
        return True
    return False


def _with(row, index, value):
    row = list(row)
    row[index] = value
    return row


def test_finds_an_issuer():
    trust = TrustList.from_body([HMAC, ED25519])
    found = trust.find(cose.kid_of(KEY))
    assert found.slot == 1 and found.alg == -8 and found.key == KEY
    assert found.valid_from == 1600000000 and found.valid_until == 1700000000
    assert trust.find(b"hmac-kid").key is None
    assert trust.find(b"otherkid") is None


def test_kid_is_the_thumbprint():
    # RFC 9679 takes the required members alone: kty, crv, x
    assert cose.kid_of(bytes(32)) != cose.kid_of(KEY)
    assert len(cose.kid_of(KEY)) == 8
    assert _refused([_with(ED25519, 0, b"otherkid")])


def test_weak_keys():
    for text in SMALL_ORDER + NOT_CANONICAL + NOT_ON_CURVE:
        key = unhexlify(text)
        row = _with(_with(ED25519, 2, key), 0, cose.kid_of(key))
        assert _refused([row]), text
        assert not _refused([row], True)  # was checked when it was installed


def test_rows_of_the_wrong_shape():
    assert _refused(None) and _refused({}) and _refused([None]) and _refused([[]])
    assert _refused([ED25519[:6]]) and _refused([ED25519 + [1]])
    wrong = (
        (0, (b"short", "textkid8", None)),
        (1, (True, -7, 6, None, "EdDSA", [], {})),
        (2, (None, KEY[:31], "x")),
        (3, (-1, 2**32, True, None)),
        (4, (-1, 2**32, False, "")),
        (5, (-1, 2**32, b"")),
        (6, (None, b"name", "x" * 33, "\u5e02" * 11)),
    )
    for index, values in wrong:
        for value in values:
            assert _refused([_with(ED25519, index, value)]), (index, value)
    assert _refused([_with(HMAC, 2, KEY)])


def test_limits():
    rows = [_with(HMAC, 0, bytes([number]) * 8) for number in range(MAX_ISSUERS + 1)]
    assert _refused(rows)
    assert not _refused(rows[:MAX_ISSUERS])
    assert _refused([HMAC, HMAC])
    assert TrustList.from_body([]).find(b"hmac-kid") is None


def test_a_register_is_the_keys_own_or_one_that_is_named():
    body = [HMAC, ED25519 + [b"hmac-kid"]]
    trust = TrustList.from_body(body)
    assert trust.find(b"hmac-kid").register == b"hmac-kid"
    found = trust.find(cose.kid_of(KEY))
    assert found.register == b"hmac-kid" and found.slot == 1 and found.key == KEY
    for wrong in (None, b"", b"seven b", "hmac-kid", 7):
        assert _refused([HMAC + [wrong]])
    assert _refused([HMAC + [b"hmac-kid", None]])
