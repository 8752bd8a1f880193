"""A device's settings (docs/signed-objects.md), as the root signs them."""

from typing import Any, NamedTuple

from provisioning.errors import Malformed, NotAllowed, check_text

TYP = "application/scanpost-settings+cbor"
# Of a tube's barcode; QR codes are passes and never tubes. By the numbers that devices know.
SYMBOLOGIES = {"code128": 2, "datamatrix": 3, "pdf417": 4}


class Settings(NamedTuple):
    """What a device is told about where it works. site: up to 32 bytes; device_name: 16.

    tube_symbologies: values of SYMBOLOGIES. reads_at_trigger: the scanner reads when its button is
    pressed, not all the time. accepts_unknown_symbology: also of a scanner that does not say
    whether a code is a QR code or a barcode.
    """

    site: str = ""
    utc_offset_minutes: int = 480
    tube_size: int = 10
    device_name: str = ""
    tube_pattern: str = "T#######"
    without_tubes: bool = False
    tube_symbologies: list[int] = [SYMBOLOGIES["code128"]]
    reads_at_trigger: bool = False
    accepts_unknown_symbology: bool = False

    def check(self) -> None:
        """Raises NotAllowed, in words, for what no device would take."""
        for what, text, most in (
            ("site's name", self.site, 32),
            ("device's name", self.device_name, 16),
            ("tubes' pattern", self.tube_pattern, 32),
        ):
            check_text(what, text, most)
        if not -720 <= self.utc_offset_minutes <= 840:
            raise NotAllowed("The UTC offset is between -12:00 and +14:00.")
        if not 1 <= self.tube_size <= 99:
            raise NotAllowed("A tube holds 1 to 99 samples.")
        if not self.tube_pattern or "*" in self.tube_pattern[:-1]:
            raise NotAllowed("A tube's pattern is not empty, and has '*' only at its end.")
        if self.tube_pattern == "*" or self.tube_pattern.startswith("SP"):
            raise NotAllowed("This pattern would take any code, or a pass, for a tube.")
        if ":" in self.tube_pattern:
            raise NotAllowed("A tube's pattern has no ':', which passes have; leave it out.")
        if not set(self.tube_symbologies) <= set(SYMBOLOGIES.values()):
            raise NotAllowed(f"A tube's barcode is one of {', '.join(SYMBOLOGIES)}.")

    def body(self) -> dict[int, Any]:
        """What the root signs."""
        return dict(enumerate(self, start=1))

    @classmethod
    def from_body(cls, body: Any) -> "Settings":
        """From what the root signed. Raises Malformed."""
        if not isinstance(body, dict):
            raise Malformed("settings: not a map")
        found = cls(*(body.get(key, default) for key, default in enumerate(cls(), start=1)))
        for value, default in zip(found, cls(), strict=True):
            if type(value) is not type(default):
                raise Malformed("settings: type")
        if not all(type(number) is int for number in found.tube_symbologies):
            raise Malformed("settings: symbologies")
        return found
