"""Base45 (RFC 9285): how bytes go into a QR code's alphanumeric mode."""

import micropython

# The value of each character of seven bits; 128 is that of those outside the alphabet.
_VALUES = (
    b"\x80"
    * 32
    + b"\x24\x80\x80\x80\x25\x26\x80\x80\x80\x80\x27\x28\x80\x29\x2a\x2b"  # from ' ' on
    b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x2c\x80\x80\x80\x80\x80"  # from '0' on
    b"\x80\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18"  # from '@' on
    b"\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20\x21\x22\x23\x80\x80\x80\x80\x80"  # from 'P' on
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"  # from '`' on
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"  # from 'p' on
)


@micropython.viper
def _decode(at: int, text: ptr8, end: int, out: ptr8, values: ptr8) -> int:
    """The number of bytes written to `out`; -1 if that is no Base45."""
    seen = 0
    size = 0
    while at < end:
        value = 0
        weight = 1
        while at < end:
            character = text[at]
            digit = values[character & 127]
            seen = seen | character | digit
            value += digit * weight
            weight *= 45
            at += 1
            if weight > 2025:
                break
        high = value >> 8
        if weight > 2025:
            out[size] = high & 255
            size += 1
            high = high >> 8
        elif weight == 45:  # one character alone
            seen = 128
        if high:  # a value too large
            seen = 128
        out[size] = value & 255
        size += 1
    if seen > 127:
        size = -1
    return size


def decode_into(out, text, start, end):
    """Writes the bytes of a Base45 text (RFC 9285 section 4) to `out`; returns how many.

    text: bytes-like, of which the characters from `start` to before `end` count. out: a buffer of
    two bytes for each three of them, and one for what is left. Returns -1 for a character
    outside the alphabet, a value too large, and a length that no bytes encode to.
    """
    return _decode(start, text, end, out, _VALUES)
