"""The journal's records as a device hands them over (docs/journal.md).

The only module of the host that knows their format. A record is kept raw beside what is
decoded here, so that a record of a later kind is stored too, and understood later.
"""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import cbor2

REGISTRATION = 1
REFUSALS = 2
TUBE_OPENED = 3
TUBE_CLOSED = 4
BOOT = 5
CLOCK_SET = 6
LIST_INSTALLED = 7
ACKNOWLEDGED = 8
SCANNER = 9

TYPE_NAMES = {
    REGISTRATION: "registration",
    REFUSALS: "refusals",
    TUBE_OPENED: "tube opened",
    TUBE_CLOSED: "tube closed",
    BOOT: "boot",
    CLOCK_SET: "clock set",
    LIST_INSTALLED: "list installed",
    ACKNOWLEDGED: "acknowledged",
    SCANNER: "scanner reconfigured",
}

_HEADER = struct.Struct(">BII")


class RecordError(ValueError):
    """These bytes are no record, or not one that this version understands."""


class Header(NamedTuple):
    """What every record begins with. unix_s: None where the device's clock was not set."""

    type: int
    sequence: int
    unix_s: int | None


class Registration(NamedTuple):
    """A person registered to a tube. tube: None without one; position from 1."""

    subject: bytes
    cti: bytes
    kid: bytes
    relation: int
    tube: str | None
    position: int | None


class Refusals(NamedTuple):
    """What was refused in about a minute: counts by reason, over this many seconds."""

    counts: dict[str, int]
    span_s: int


class TubeOpened(NamedTuple):
    tube: str


class TubeClosed(NamedTuple):
    tube: str
    people: int


class Other(NamedTuple):
    """A record that has no table of its own, or is of a kind not known here."""

    payload: object


Content = Registration | Refusals | TubeOpened | TubeClosed | Other


def header(raw: bytes) -> Header:
    """The first nine bytes of a record. Raises RecordError."""
    if len(raw) < _HEADER.size:
        raise RecordError(f"record of {len(raw)} bytes")
    kind, sequence, unix_s = _HEADER.unpack_from(raw)
    return Header(kind, sequence, unix_s or None)


def content(raw: bytes) -> Content:
    """What a record says. Raises RecordError."""
    kind = header(raw).type
    try:
        payload = cbor2.loads(raw[_HEADER.size :])
    except (cbor2.CBORDecodeError, ValueError, OverflowError) as error:
        raise RecordError(f"payload is not CBOR: {error}") from error
    if not isinstance(payload, list):
        raise RecordError("payload is not an array")
    try:
        return _CONTENTS.get(kind, Other)(payload)
    except (TypeError, ValueError, IndexError) as error:
        raise RecordError(f"{TYPE_NAMES.get(kind, kind)}: {error}") from error


def _registration(payload: list[Any]) -> Registration:
    subject, cti, kid, relation, tube, position = payload
    _check(_is_bytes(subject, 16) and _is_bytes(cti, 8) and _is_bytes(kid, 8), "ids")
    _check(relation in (0, 1, 2, 3), "relation")
    _check(isinstance(tube, str) and isinstance(position, int), "tube")
    return Registration(subject, cti, kid, relation, tube or None, position or None)


def _refusals(payload: list[Any]) -> Refusals:
    counts, span_s = payload
    _check(isinstance(span_s, int), "span")
    for reason, count in counts:
        _check(isinstance(reason, str) and isinstance(count, int), "count")
    return Refusals({reason: count for reason, count in counts}, span_s)


def _tube_opened(payload: list[Any]) -> TubeOpened:
    (tube,) = payload
    _check(isinstance(tube, str), "tube")
    return TubeOpened(tube)


def _tube_closed(payload: list[Any]) -> TubeClosed:
    tube, count = payload
    _check(isinstance(tube, str) and isinstance(count, int), "tube")
    return TubeClosed(tube, count)


def _check(good: bool, what: str) -> None:
    if not good:
        raise RecordError(what)


def _is_bytes(value: object, length: int) -> bool:
    return isinstance(value, bytes) and len(value) == length


_CONTENTS: dict[int, Callable[[list[Any]], Content]] = {
    REGISTRATION: _registration,
    REFUSALS: _refusals,
    TUBE_OPENED: _tube_opened,
    TUBE_CLOSED: _tube_closed,
}
