"""CBOR: RFC 8949 appendix A, and the malformed examples of appendix F.1."""

from binascii import unhexlify

from verify import cbor
from verify.errors import Malformed

TO_25 = list(range(1, 26))
LETTERS = {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}
ACCEPTED = (
    ("00", 0),
    ("01", 1),
    ("0a", 10),
    ("17", 23),
    ("1818", 24),
    ("1819", 25),
    ("1864", 100),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("3bffffffffffffffff", -18446744073709551616),
    ("20", -1),
    ("29", -10),
    ("3863", -100),
    ("3903e7", -1000),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("6161", "a"),
    ("6449455446", "IETF"),
    ("62225c", '"\\'),
    ("62c3bc", "\u00fc"),
    ("63e6b0b4", "\u6c34"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", TO_25),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("826161a161626163", ["a", {"b": "c"}]),
    ("a56161614161626142616361436164614461656145", LETTERS),
)
# tag, and what is in it
TAGGED = (
    ("c074323031332d30332d32315432303a30343a30305a", 0, "2013-03-21T20:04:00Z"),
    ("c11a514b67b0", 1, 1363896240),
    ("c249010000000000000000", 2, b"\x01" + bytes(8)),
    ("c349010000000000000000", 3, b"\x01" + bytes(8)),
    ("d74401020304", 23, b"\x01\x02\x03\x04"),
    ("d818456449455446", 24, b"dIETF"),
    ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", 32, "http://www.example.com"),
)
# well-formed, but not of what is used here: floats, other simple values, indefinite lengths
REFUSED = (
    "f90000 f98000 f93c00 fb3ff199999999999a f93e00 f97bff fa47c35000 fa7f7fffff "
    "fb7e37e43c8800759c f90001 f90400 f9c400 fbc010666666666666 f97c00 f97e00 f9fc00 "
    "fa7f800000 fa7fc00000 faff800000 fb7ff0000000000000 fb7ff8000000000000 "
    "fbfff0000000000000 f7 f0 f818 f8ff c1fb41d452d9ec200000 5f42010243030405ff "
    "7f657374726561646d696e67ff 9fff 9f018202039f0405ffff 9f01820203820405ff "
    "83018202039f0405ff 83019f0203ff820405 "
    "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff bf61610161629f0203ffff "
    "826161bf61626163ff bf6346756ef563416d7421ff"
).split()
NOT_WELL_FORMED = (
    # the end of the input inside a head, inside a string, inside an array or map
    "18 19 1a 1b 1901 1a0102 1b01020304050607 38 58 78 98 9a01ff00 b8 d8 f8 f900 fa0000 fb000000 "
    "41 61 5affffffff00 5bffffffffffffffff010203 7affffffff00 7b7fffffffffffffff010203 "
    "81 818181818181818181 8200 a1 a20102 a100 a2000000 c0 "
    # indefinite lengths that are not closed, or closed too early
    "5f4100 7f6100 9f 9f0102 bf bf01020102 819f 9f8000 9f9f9f9f9fffffffff 9f819f819f9fffffff "
    # reserved argument values
    "1c 1d 1e 3c 3d 3e 5c 5d 5e 7c 7d 7e 9c 9d 9e bc bd be dc dd de fc fd fe "
    # simple values in two bytes that belong in one
    "f800 f801 f818 f81f "
    # chunks of another type, breaks where none may be, major types 0, 1, 6 without an end
    "5f00ff 5f21ff 5f6100ff 5f80ff 5fa0ff 5fc000ff 5fe0ff 7f4100ff 5f5f4100ffff 7f7f6100ffff "
    "ff 81ff 8200ff a1ff a1ff00 a100ff a20000ff 9f81ff 9f829f819f9fffffffff "
    "bf00ff bf000000ff 1f 3f df"
).split()


def _refused(text):
    try:
        cbor.decode(unhexlify(text), tagged=True)
    except Malformed:
        return True
    return False


def test_accepted_both_ways():
    for text, value in ACCEPTED:
        data = unhexlify(text)
        decoded = cbor.decode(data)
        assert decoded == value and isinstance(decoded, type(value)), text
        assert cbor.encode(value) == data, text


def test_tagged():
    for text, tag, value in TAGGED:
        data = unhexlify(text)
        item = cbor.decode(data, tagged=True)
        assert item.tag == tag and item.value == value, text
        assert cbor.encode(item) == data, text
        try:
            cbor.decode(data)
        except Malformed:
            continue
        raise AssertionError(text)


def test_refused():
    for text in REFUSED + NOT_WELL_FORMED:
        assert _refused(text), text
