"""Base45 (RFC 9285): how bytes go into a QR code's alphanumeric mode."""

from micropython import const

from verify.errors import Malformed

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_FIRST = const(32)  # the alphabet's lowest character is the space, its highest Z
_NONE = const(255)


def _make_table():
    table = bytearray(bytes([_NONE]) * (ord("Z") - _FIRST + 1))
    for value, character in enumerate(_ALPHABET):
        table[ord(character) - _FIRST] = value
    return bytes(table)


_TABLE = _make_table()


def _value(character):
    index = character - _FIRST
    value = _TABLE[index] if 0 <= index < len(_TABLE) else _NONE
    if value == _NONE:
        raise Malformed("base45: character")
    return value


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
        raise Malformed("base45: length")
    out = bytearray(size)
    at = 0
    for start in range(0, length - rest, 3):
        low = _value(text[start]) + 45 * _value(text[start + 1])
        value = low + 2025 * _value(text[start + 2])
        if value > 0xFFFF:
            raise Malformed("base45: value")
        out[at] = value >> 8
        out[at + 1] = value & 0xFF
        at += 2
    if rest:
        value = _value(text[length - 2]) + 45 * _value(text[length - 1])
        if value > 0xFF:
            raise Malformed("base45: value")
        out[at] = value
    return bytes(out)
