"""The device's settings, as the root signed them (docs/signed-objects.md)."""

from verify.errors import Malformed

_DEFAULTS = {1: "", 2: 0, 3: 10, 4: "", 5: "T#######", 6: False}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"


def _text(body, key, max_bytes):
    value = body.get(key, _DEFAULTS[key])
    if not isinstance(value, str) or len(value.encode()) > max_bytes:
        raise Malformed("settings: text %d" % key)
    return value


def _number(body, key, low, high):
    value = body.get(key, _DEFAULTS[key])
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Malformed("settings: number %d" % key)
    return value


class Settings:
    """What a device is told about where it works.

    body: the map of the signed object, or an empty one for a device without settings.
    Raises Malformed.
    """

    def __init__(self, body):
        if not isinstance(body, dict):
            raise Malformed("settings: not a map")
        self.site = _text(body, 1, 32)
        self.utc_offset_minutes = _number(body, 2, -720, 840)
        self.tube_size = _number(body, 3, 1, 99)
        self.device_name = _text(body, 4, 16)
        self.tube_pattern = _text(body, 5, 32)
        if not self.tube_pattern or "*" in self.tube_pattern[:-1]:
            raise Malformed("settings: tube pattern")
        self.without_tubes = body.get(6, False)
        if not isinstance(self.without_tubes, bool):
            raise Malformed("settings: 6")

    def is_tube(self, text):
        """True if a line from the scanner is a tube's barcode.

        `#` stands for a digit, `@` for a letter A-Z, `?` for either, a final `*` for none
        or more of either; anything else for itself. At most 32 characters.
        """
        if not text:
            return False  # to `*` alone it would be one
        pattern = self.tube_pattern
        if pattern.endswith("*"):
            pattern = pattern[:-1]
            for character in text[len(pattern) :]:
                if character not in _LETTERS and character not in _DIGITS:
                    return False
        elif len(text) != len(pattern):
            return False
        if not len(pattern) <= len(text) <= 32:
            return False
        for wanted, character in zip(pattern, text):
            if wanted == "#":
                matches = character in _DIGITS
            elif wanted == "@":
                matches = character in _LETTERS
            elif wanted == "?":
                matches = character in _DIGITS or character in _LETTERS
            else:
                matches = character == wanted
            if not matches:
                return False
        return True
