"""Base45 (RFC 9285): how bytes go into a QR code's alphanumeric mode."""

from verify.errors import Malformed

_SIGNS = b" $%*+-./:"  # the values from 36 on, after ten digits and 26 letters


def _value(character):
    if 48 <= character <= 57:
        return character - 48
    if 65 <= character <= 90:
        return character - 55
    place = _SIGNS.find(bytes((character,)))
    if place < 0:
        raise Malformed
    return 36 + place


def decode(text, max_bytes):
    """The bytes of a Base45 text (RFC 9285 section 4).

    text: bytes-like, ASCII. max_bytes: the most that is allocated for the result.
    Raises Malformed for a character outside the alphabet, a value too large, a length that
    no bytes encode to, and more than max_bytes.
    """
    length = len(text)
    rest = length % 3
    size = length // 3 * 2 + rest // 2
    if rest == 1 or size > max_bytes:
        raise Malformed  # length
    out = bytearray(size)
    at = 0
    for start in range(0, length - rest, 3):
        low = _value(text[start]) + 45 * _value(text[start + 1])
        value = low + 2025 * _value(text[start + 2])
        if value > 0xFFFF:
            raise Malformed  # value
        out[at] = value >> 8
        out[at + 1] = value & 0xFF
        at += 2
    if rest:
        value = _value(text[length - 2]) + 45 * _value(text[length - 1])
        if value > 0xFF:
            raise Malformed  # value
        out[at] = value
    return bytes(out)
