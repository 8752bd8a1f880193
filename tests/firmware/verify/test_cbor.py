"""CBOR: what is accepted has one encoding; everything else is Malformed."""

from binascii import hexlify, unhexlify

from verify import cbor
from verify.errors import Malformed


def _refused(data, **options):
    if isinstance(data, str):
        data = unhexlify(data)
    try:
        cbor.decode(data, **options)
    except Malformed:
        return True
    return False


def test_long_forms():
    for kind in range(0, 0xE0, 0x20):
        for tail in ("18%02x" % 23, "1900ff", "1a0000ffff", "1b00000000ffffffff"):
            data = bytearray(unhexlify(tail)) + bytearray(300)
            data[0] |= kind
            assert _refused(bytes(data), tagged=True)


def test_bytes_after_the_item():
    assert _refused("0000")
    assert _refused("a000")
    assert _refused("")


def test_each_cut():
    data = unhexlify("a301820203616182636162630a0a1a000f4240")[:-5] + b"\x19\x03\xe8"
    assert cbor.decode(data) == {1: [2, 3], "a": ["abc", 10], 10: 1000}
    for length in range(len(data)):
        assert _refused(data[:length]), length


def test_repeated_keys():
    assert _refused("a201000100")
    assert _refused("a2616100616100")
    assert _refused("a21bffffffffffffffff001bffffffffffffffff00")
    assert cbor.decode(unhexlify("a2010061310a")) == {1: 0, "1": 10}


def test_keys_are_integers_or_text():
    for key in ("f4", "f5", "f6", "40", "80", "a0", "f97c00"):
        assert _refused("a1" + key + "00"), key


def test_tag_only_at_the_top():
    assert _refused("d200")
    item = cbor.decode(unhexlify("d280"), tagged=True)
    assert item.tag == 18 and item.value == []
    assert _refused("d2d280", tagged=True)
    assert _refused("d281d280", tagged=True)
    assert cbor.decode(unhexlify("80"), tagged=True) == []


def test_depth_counts_tag_array_and_map():
    assert cbor.decode(unhexlify("818181818180")) == [[[[[[]]]]]]
    assert _refused("81818181818180")
    assert not _refused("d2a10081a1008180", tagged=True)
    assert _refused("d2a10081a100818180", tagged=True)
    assert _refused("818180", max_depth=2)
    assert not _refused("8180", max_depth=2)
    assert not _refused("868080808080f6")  # beside each other is not in each other


def test_no_size_is_believed():
    for kind in (0x40, 0x60, 0x80, 0xA0):
        for size in ("18ff", "19ffff", "1affffffff", "1b7fffffffffffffff", "1bffffffffffffffff"):
            data = bytearray(unhexlify(size))
            data[0] |= kind
            assert _refused(bytes(data) + bytes(100))
    assert _refused(b"\x98\x40" + bytes(63))
    assert _refused(b"\xb8\x20" + bytes(63))


def test_text_is_utf8():
    assert _refused("61ff")
    assert _refused("63eda080")
    assert _refused("62c080")
    assert cbor.decode(memoryview(unhexlify("63e6b0b4"))) == "水"


def test_encode_takes_the_shortest_and_sorts():
    for number in (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1):
        for value in (number, -1 - number):
            data = cbor.encode(value)
            assert cbor.decode(data) == value
    assert hexlify(cbor.encode({10: 1, -1: 2, "a": 3, 100: 4})) == b"a40a011864042002616103"
    assert cbor.encode((1, bytearray(b"x"), None, True, False)) == b"\x85\x01\x41\x78\xf6\xf5\xf4"
    assert cbor.encode(b"x" * 300)[:3] == b"\x59\x01\x2c"
    assert cbor.encode(cbor.Tag(18, [])) == b"\xd2\x80"


def test_encode_refuses_the_rest():
    for value in (2**64, -(2**64) - 1, 1.5, set(), object):
        try:
            cbor.encode(value)
        except ValueError:
            continue
        raise AssertionError(value)
