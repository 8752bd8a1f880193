"""The device's settings, as the root signed them (docs/signed-objects.md).

How their body is read is in settings_body.py, which a scan does not need.
"""

from drivers.scanner import CODE_128
from micropython import const

_ALPHANUMERIC = const(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGIT = const(0x23)  # `#` in a tube's pattern
_LETTER = const(0x40)  # `@`
_EITHER = const(0x3F)  # `?`


class Settings:
    """What a device is told about where it works. Made without any, it has the defaults."""

    def __init__(self):
        self.site = ""
        self.utc_offset_minutes = 0
        self.tube_size = 10
        self.device_name = ""
        self.tube_pattern = "T#######"
        self.without_tubes = False
        self.tube_symbologies = [CODE_128]
        self.reads_at_trigger = False
        self.accepts_unknown_symbology = False

    @classmethod
    def from_body(cls, body):
        """From the body of the signed object, a map. Raises Malformed."""
        from keeping import settings_body

        made = cls()
        settings_body.read_into(made, body)
        return made

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
