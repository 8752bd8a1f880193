"""The body of the settings, read and checked (docs/signed-objects.md): when they are installed, and
at the start."""

from drivers.scanner import CODE_128, DATA_MATRIX, PDF417
from verify.cbor import is_text
from verify.errors import Malformed


def read_into(settings, body):
    """Sets what the body, a map, says; what it does not say stays as it is. Raises Malformed."""
    if not isinstance(body, dict):
        raise Malformed
    settings.site = _text(body, 1, settings.site, 32)
    settings.utc_offset_minutes = _number(body, 2, settings.utc_offset_minutes, -720, 840)
    settings.tube_size = _number(body, 3, settings.tube_size, 1, 99)
    settings.device_name = _text(body, 4, settings.device_name, 16)
    settings.tube_pattern = pattern = _text(body, 5, settings.tube_pattern, 32)
    # No tube has a colon: that ends the prefix of passes, and of whatever comes later.
    if not pattern or "*" in pattern[:-1] or ":" in pattern:
        raise Malformed
    settings.without_tubes = _flag(body, 6, settings.without_tubes)
    settings.tube_symbologies = _symbologies(body, 7, settings.tube_symbologies)
    settings.reads_at_trigger = _flag(body, 8, settings.reads_at_trigger)
    settings.accepts_unknown_symbology = _flag(body, 9, settings.accepts_unknown_symbology)


def _text(body, key, default, max_bytes):
    value = body.get(key, default)
    if not is_text(value, 0, max_bytes):
        raise Malformed
    return value


def _number(body, key, default, low, high):
    value = body.get(key, default)
    if type(value) is not int or not low <= value <= high:
        raise Malformed
    return value


def _flag(body, key, default):
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise Malformed
    return value


def _symbologies(body, key, default):
    value = body.get(key, default)
    if not isinstance(value, list):
        raise Malformed
    for symbology in value:
        if symbology not in (CODE_128, DATA_MATRIX, PDF417):
            raise Malformed
    return value
