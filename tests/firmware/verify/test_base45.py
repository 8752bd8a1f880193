"""Base45: RFC 9285 sections 4.3, 4.4 and 6, and every way to be wrong."""

from verify import base45

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


def _decoded(text, start=0, end=None):
    """What is written, and that it is written from the start and nowhere else."""
    end = len(text) if end is None else end
    out = bytearray(b"\xa5" * 100)
    size = base45.decode_into(out, text, start, end)
    assert size == (end - start) // 3 * 2 + (end - start) % 3 // 2
    assert out[size:] == b"\xa5" * (100 - size)
    return bytes(out[:size])


def _refused(text):
    return base45.decode_into(bytearray(100), text, 0, len(text)) == -1


def test_rfc_9285_examples():
    for text, data in EXAMPLES:
        assert _decoded(text) == data
        assert _decoded(memoryview(text)) == data


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


def test_a_part_of_the_text():
    assert _decoded(b"SP1:QED8WEX0\r\n", 4, 12) == b"ietf!"
    assert _decoded(b"SP1:", 4, 4) == b""
