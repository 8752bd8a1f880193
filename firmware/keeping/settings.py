"""The device's settings, as the root signed them (docs/signed-objects.md)."""

from drivers.scanner import CODE_128, DATA_MATRIX, PDF417
from micropython import const
from verify.cbor import is_text
from verify.errors import Malformed

_ALPHANUMERIC = const(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGIT = const(0x23)  # `#` in a tube's pattern
_LETTER = const(0x40)  # `@`
_EITHER = const(0x3F)  # `?`


def _text(body, key, max_bytes, default=""):
    value = body.get(key, default)
    if not is_text(value, 0, max_bytes):
        raise Malformed
    return value


def _number(body, key, default, low, high):
    value = body.get(key, default)
    if type(value) is not int or not low <= value <= high:
        raise Malformed
    return value


def _flag(body, key):
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise Malformed
    return value


class Settings:
    """What a device is told about where it works.

    body: the map of the signed object, or an empty one for a device without settings.
    Raises Malformed.
    """

    def __init__(self, body):
        if not isinstance(body, dict):
            raise Malformed
        self.site = _text(body, 1, 32)
        self.utc_offset_minutes = _number(body, 2, 0, -720, 840)
        self.tube_size = _number(body, 3, 10, 1, 99)
        self.device_name = _text(body, 4, 16)
        self.tube_pattern = _text(body, 5, 32, "T#######")
        # No tube has a colon: that ends the prefix of passes, and of whatever comes later.
        if not self.tube_pattern or "*" in self.tube_pattern[:-1] or ":" in self.tube_pattern:
            raise Malformed
        self.without_tubes = _flag(body, 6)
        self.tube_symbologies = body.get(7, [CODE_128])
        if not isinstance(self.tube_symbologies, list):
            raise Malformed
        for symbology in self.tube_symbologies:
            if symbology not in (CODE_128, DATA_MATRIX, PDF417):
                raise Malformed
        self.reads_at_trigger = _flag(body, 8)
        self.accepts_unknown_symbology = _flag(body, 9)

    def is_tube(self, text):
        """True if a line from the scanner is a tube's barcode.

        `#` stands for a digit, `@` for a letter A-Z, `?` for either, a final `*` for none
        or more of either; anything else for itself. At most 32 characters.
        """
        if not text:
            return False  # to `*` alone it would be one
        # In bytes: of a text's characters MicroPython keeps each for good, among its names.
        text = text.encode()
        pattern = self.tube_pattern.encode()
        if pattern.endswith(b"*"):
            pattern = pattern[:-1]
            for byte in text[len(pattern) :]:
                if byte not in _ALPHANUMERIC:
                    return False
        elif len(text) != len(pattern):
            return False
        if not len(pattern) <= len(text) <= 32:
            return False
        for wanted, byte in zip(pattern, text):
            if wanted == _DIGIT:
                matches = byte in _ALPHANUMERIC[:10]
            elif wanted == _LETTER:
                matches = byte in _ALPHANUMERIC[10:]
            elif wanted == _EITHER:
                matches = byte in _ALPHANUMERIC
            else:
                matches = byte == wanted
            if not matches:
                return False
        return True
