"""A device's settings (docs/signed-objects.md), as the root signs them."""

from typing import Any, NamedTuple

from provisioning.errors import Malformed, NotAllowed, check_text

TYP = "application/scanpost-settings+cbor"


class Settings(NamedTuple):
    """What a device is told about where it works. site: up to 32 bytes; device_name: 16."""

    site: str = ""
    utc_offset_minutes: int = 480
    tube_size: int = 10
    device_name: str = ""
    tube_pattern: str = "T#######"
    without_tubes: bool = False

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
        return found
