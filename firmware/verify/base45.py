"""Base45 (RFC 9285): how bytes go into a QR code's alphanumeric mode."""

import micropython

# The value of each character from the space to Z; 45 is that of those outside the alphabet.
_VALUES = (
    b"\x24\x2d\x2d\x2d\x25\x26\x2d\x2d\x2d\x2d\x27\x28\x2d\x29\x2a\x2b"  #  !"#$%&'()*+,-./
    b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x2c\x2d\x2d\x2d\x2d\x2d"  # 0123456789:;<=>?
    b"\x2d\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18"  # @ABCDEFGHIJKLMNO
    b"\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20\x21\x22\x23"  # PQRSTUVWXYZ
)


@micropython.viper
def _decode(at: int, text: ptr8, end: int, out: ptr8, values: ptr8) -> int:
    """The number of bytes written to `out`; -1 if that is no Base45."""
    size = 0
    while at < end:
        stop = at + 3
        if stop > end:
            stop = end
        count = stop - at
        value = 0
        weight = 1
        while at < stop:
            place = text[at] - 32
            if place < 0:
                return -1
            if place > 58:
                return -1
            digit = values[place]
            if digit > 44:
                return -1
            value += digit * weight
            weight *= 45
            at += 1
        if count == 3:
            if value > 0xFFFF:
                return -1
            out[size] = value >> 8
            size += 1
        elif count == 1:
            return -1
        elif value > 0xFF:
            return -1
        out[size] = value & 0xFF
        size += 1
    return size


def decode_into(out, text, start, end):
    """Writes the bytes of a Base45 text (RFC 9285 section 4) to `out`; returns how many.

    text: bytes-like, of which the characters from `start` to before `end` count. out: a buffer of
    two bytes for each three of them, and one for two that are left. Returns -1 for a character
    outside the alphabet, a value too large, and a length that no bytes encode to.
    """
    return _decode(start, text, end, out, _VALUES)
