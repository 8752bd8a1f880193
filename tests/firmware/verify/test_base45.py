"""Base45: RFC 9285 sections 4.3, 4.4 and 6, and every way to be wrong."""

from verify import base45
from verify.errors import Malformed

EXAMPLES = (
    (b"", b""),
    (b"BB8", b"AB"),
    (b"%69 VD92EX0", b"Hello!!"),
    (b"UJCLQE7W581", b"base-45"),
    (b"QED8WEX0", b"ietf!"),
    (b"FGW", b"\xff\xff"),
    (b"U5", b"\xff"),
    (b"00", b"\x00"),
    (b"000", b"\x00\x00"),
)


def _refused(text, max_bytes=100):
    try:
        base45.decode(text, max_bytes)
    except Malformed:
        return True
    return False


def test_rfc_9285_examples():
    for text, data in EXAMPLES:
        assert base45.decode(text, 100) == data
        assert base45.decode(memoryview(text), 100) == data


def test_values_too_large():
    assert _refused(b"GGW")  # 65536, the RFC's own example
    assert _refused(b":::")
    assert _refused(b"V5")  # 256
    assert _refused(b"::")


def test_lengths_that_no_bytes_have():
    assert _refused(b"0")
    assert _refused(b"BB80")


def test_each_byte_outside_the_alphabet():
    alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    for byte in range(256):
        text = bytes([byte, 0x30, 0x30])
        assert _refused(text) != (byte in alphabet), byte


def test_the_limit_comes_before_the_memory():
    assert base45.decode(b"BB8" * 5, 10) == b"AB" * 5
    assert _refused(b"BB8" * 5, 9)
    assert _refused(b"BB8" * 5 + b"00", 10)
