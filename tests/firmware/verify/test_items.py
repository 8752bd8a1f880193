"""Items checked in place: the same answers as from the reader that makes objects of them."""

from verify import cbor, items
from verify.errors import Malformed

# Each with what is found at level 1, or None
ITEMS = (
    ("00", []),
    ("1bffffffffffffffff", []),
    ("3b8000000000000000", []),
    ("f4", []),
    ("f6", []),
    ("80", []),
    ("a0", []),
    ("83010203", [1, 2, 3]),
    ("82a20102030401", [1, 6]),
    ("a203a2010204056161f6", [1, 7]),  # the map in it has other keys; they do not count here
    ("a203a2030204056161f6", [1, 7]),  # nor is 3 in it the 3 of this one
    ("a2016161" + "6103f6", [1, 4]),
    ("a26103010301", [1, 4]),  # the text of one byte, 3, and 3
    # no keys twice, whatever lies between
    ("a201020103", None),
    ("a3010220020100", None),
    ("a26161026161f6", None),
    ("a203a20102010301f6", None),
    ("a303a101020401" + "03f6", None),
    ("a21903e8021903e803", None),
    ("82a10102a10102", [1, 4]),
    ("a1a1010202", None),  # no map as a key
    ("a1f500", None),
    ("a1410000", None),
    ("a18000", None),
    # forms that are not the shortest, or not allowed
    ("1817", None),
    ("1818", []),
    ("1900ff", None),
    ("190100", []),
    ("1a0000ffff", None),
    ("1a00010000", []),
    ("1b00000000ffffffff", None),
    ("1b0000000100000000", []),
    ("5817" + "00" * 23, None),
    ("5818" + "00" * 24, []),
    ("1c", None),
    ("5f4100ff", None),
    ("9fff", None),
    ("f7", None),
    ("f3", None),
    ("f800", None),
    ("f814", None),
    ("f90000", None),
    ("fb0000000000000000", None),
    ("c100", None),
    ("81c100", None),
    # cut short, or followed by something
    ("", None),
    ("18", None),
    ("19ff", None),
    ("4100", []),
    ("41", None),
    ("81", None),
    ("a100", None),
    ("0000", None),
    ("8000", None),
    ("9affffffff", None),
    ("bbffffffffffffffff", None),
    ("5bffffffffffffffff", None),
    # text
    ("63e5bca0", []),
    ("63e5bc2a", None),
    ("61ff", None),
    ("82" + "63e5bca0" + "62c0af", None),
    ("a163e5bca000", [1]),
    # depth
    ("81" * 6 + "00", [1]),
    ("81" * 5 + "80", [1]),
    ("81" * 7 + "00", None),
    ("81" * 6 + "80", None),
    ("a100" * 6 + "00", [1]),
    ("a100" * 6 + "a0", None),
)


def _found(data, level=1):
    count = items.note(data, 0, len(data), level)
    return None if count < 0 else [items.place(n) for n in range(count)]


def _is_decoded(data, tagged=False):
    try:
        cbor.decode(data, tagged=tagged)
    except Malformed:
        return False
    return True


def test_what_is_found():
    for text, expected in ITEMS:
        data = bytes.fromhex(text)
        assert _found(data) == expected, text
        assert _is_decoded(data) == (expected is not None), text


def test_a_tag_is_only_around_all():
    for text, expected in (
        ("d28401a0f660", [2, 3, 4, 5]),
        ("d8ff8101", [3]),
        ("d201", []),
        ("d2d201", None),
        ("d281d201", None),
        ("d2" + "81" * 5 + "01", [2]),
        ("d2" + "81" * 6 + "01", None),
        ("81820102", [2, 3]),
    ):
        data = bytes.fromhex(text)
        assert _found(data, 2) == expected, text
        assert _is_decoded(data, tagged=True) == (expected is not None), text


def test_the_largest():
    many = items.MAX_BYTES
    data = b"\x99\x01\x51" + bytes(many - 3)
    assert len(_found(data)) == many - 3 == 0x151
    pairs = b"".join([bytes((0x18, n, 0)) for n in range(24, 136)])
    assert len(_found(b"\xb8\x70" + pairs)) == 112
    assert _found(b"\xb8\x70" + pairs[:-3] + b"\x18\x18\x00") is None
    texts = b"\x98\x70" + b"\x62\xc3\xa9" * 112
    assert len(_found(texts)) == 112
    assert _found(texts[:-1] + b"\x20") is None


def test_lengths_and_contents():
    for length in (0, 1, 23, 24, 255, 256, 300):
        for value in (bytes(length), "x" * length):
            data = b"\x80" + cbor.encode(value)
            assert items.note(data, 1, len(data), 1) == 0
            assert items.size(data, 1) == length
            assert items.content(data, 1) == len(data) - length
            assert items.is_bytes(data, 1, length) == isinstance(value, bytes)
            assert items.is_text(data, 1, 0, length) == isinstance(value, str)
            assert not items.is_bytes(data, 1, length + 1, 400)
            assert not items.is_text(data, 1, 0, length - 1)
