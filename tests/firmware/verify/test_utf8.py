"""UTF-8 as RFC 3629 section 4 has it: the boundaries of each row of its grammar."""

from verify.items import is_utf8 as is_utf8_in


def is_utf8(data):
    return is_utf8_in(data, 0, len(data))


GOOD = (
    b"",
    b"\x00\x7f",
    b"\xc2\x80",
    b"\xdf\xbf",
    b"\xe0\xa0\x80",
    b"\xec\xbf\xbf",
    b"\xed\x9f\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf3\xbf\xbf\xbf",
    b"\xf4\x8f\xbf\xbf",
)
BAD = (
    b"\x80",
    b"\xbf",
    b"\xc0\x80",  # NUL in two bytes
    b"\xc1\xbf",
    b"\xc2",
    b"\xc2\x7f",
    b"\xc2\xc0",
    b"\xe0\x9f\xbf",  # long form
    b"\xe0\xa0",
    b"\xe1\x80\x7f",
    b"\xed\xa0\x80",  # a surrogate
    b"\xed\xbf\xbf",
    b"\xf0\x8f\xbf\xbf",  # long form
    b"\xf0\x90\x80",
    b"\xf4\x90\x80\x80",  # past U+10FFFF
    b"\xf5\x80\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xfe",
    b"\xff",
)


def test_good():
    for data in GOOD:
        assert is_utf8(data), data
        assert is_utf8(b"x" + data + b"y"), data
    assert not is_utf8_in(b"\xc3\xa9", 0, 1) and is_utf8_in(b"\xff\xc3\xa9\xff", 1, 3)
    assert is_utf8(memoryview("张*三 𐅑".encode()))


def test_bad():
    for data in BAD:
        assert not is_utf8(data), data
        assert not is_utf8(b"ok" + data), data
