"""The journal's records as a device hands them over (docs/journal.md).

Layouts only: what is sealed comes in here once it is opened (`opening`). A record of a type that is
not known here is kept as it is, and understood by a later version.
"""

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

REGISTRATION = 1
REFUSALS = 2
TUBE_OPENED = 3
TUBE_CLOSED = 4
BOOT = 5
CLOCK_SET = 6
LIST_INSTALLED = 7
ACKNOWLEDGED = 8
SCANNER = 9
EPOCH = 10
VOID = 11
MANUAL = 12
STAFF = 13
SHIFT_CLOSED = 14
SHIFT_OPENED = 15
EPOCH_KEY = 16
PROMPT_OPENED = 17

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
    EPOCH: "epoch",
    VOID: "void",
    MANUAL: "manual registration",
    STAFF: "staff",
    SHIFT_CLOSED: "shift closed",
    SHIFT_OPENED: "shift opened",
    EPOCH_KEY: "epoch's key again",
    PROMPT_OPENED: "prompt opened",
}

# By code; never given to another reason.
REASONS = (
    *("OTHER", "MALFORMED", "UNSUPPORTED", "UNKNOWN_KEY", "BAD_SIGNATURE", "CLOCK_UNSET"),
    *("LIFETIME", "ISSUER_WINDOW", "NOT_YET", "EXPIRED", "REVOKED", "NO_TUBE", "DUPLICATE"),
    *("TUBE_USED", "FULL", "JOURNAL_FULL", "UNKNOWN_CODE", "NOT_READY", "STORAGE"),
    *("FAULT", "HALF_CODE", "WRONG_KIND", "NO_KIND", "PRESS_OK"),
    # of a host's commands and objects
    *("COMMAND", "COMMAND_UNSIGNED", "COMMAND_SIGNATURE", "COMMAND_ROLE"),
    *("COMMAND_EXPIRED", "COMMAND_REVOKED"),
)

MAX_RECORD_BYTES = 192
SEAL_BYTES = 8
_CRC_BYTES = 4
_SIGNATURE_BYTES = 64
_HEADER = struct.Struct(">BBBII")
_PERSON = struct.Struct(">IB8s")
# Of the types whose open part has one length; a tube's is its barcode, of others it is empty.
_CLEAR_BYTES = {
    **{REGISTRATION: _PERSON.size, MANUAL: _PERSON.size, TUBE_CLOSED: 5, EPOCH: 40, EPOCH_KEY: 41},
    **{ACKNOWLEDGED: 4, SHIFT_CLOSED: 4, VOID: 4, CLOCK_SET: 4},
}


class RecordError(ValueError):
    """These bytes are no record, or say what no record can say."""


class Record(NamedTuple):
    """A whole record. clear: its open part; sealed: ciphertext (of an epoch: its signature).

    minute: since 1970, None where the clock was not set.
    """

    raw: bytes
    type: int
    sequence: int
    minute: int | None
    clear: bytes
    sealed: bytes

    @property
    def head(self) -> bytes:
        """All bytes before the sealed part: what is authenticated with it."""
        return self.raw[: _HEADER.size + len(self.clear)]

    @property
    def sealed_and_tag(self) -> bytes:
        """Ciphertext and the AES-CCM tag."""
        return self.raw[len(self.head) : -_CRC_BYTES]


def parse(raw: bytes) -> Record:
    """A record from its bytes. Raises RecordError."""
    length = len(raw)
    if length < _HEADER.size + _CRC_BYTES or length > MAX_RECORD_BYTES:
        raise RecordError(f"a record of {length} bytes")
    claimed, kind, clear_bytes, sequence, minute = _HEADER.unpack_from(raw)
    if claimed != length or not kind or not sequence:
        raise RecordError("not a record")
    if zlib.crc32(raw[:-_CRC_BYTES]) != int.from_bytes(raw[-_CRC_BYTES:], "big"):
        raise RecordError("its check is wrong")
    tail = _CRC_BYTES + (0 if kind == EPOCH else SEAL_BYTES)
    start = _HEADER.size + clear_bytes
    if start + tail > length or (kind == EPOCH and length - start != _SIGNATURE_BYTES + 4):
        raise RecordError("its parts do not fit")
    if _CLEAR_BYTES.get(kind, clear_bytes) != clear_bytes:
        raise RecordError("its open part is not of its type's length")
    clear = raw[_HEADER.size : start]
    return Record(raw, kind, sequence, minute or None, clear, raw[start : length - tail])


class Registration(NamedTuple):
    """A person registered to a tube. tube: sequence number of the tube's record, None without.

    issuer: slot in the trust list that was installed then. staff: 0 for nobody named.
    """

    tube: int | None
    position: int | None
    tag: bytes
    subject: bytes
    cti: bytes
    issuer: int
    relation: int
    staff: int


class Manual(NamedTuple):
    """A person registered by a document."""

    tube: int | None
    position: int | None
    tag: bytes
    kind: int
    staff: int
    number: str
    name: str


class Refusals(NamedTuple):
    """What was refused: counts by reason, over this many seconds."""

    span_s: int
    counts: dict[str, int]


class TubeOpened(NamedTuple):
    tube: str
    staff: int


class TubeClosed(NamedTuple):
    """tube: sequence number of its opening."""

    tube: int
    people: int
    staff: int


class Boot(NamedTuple):
    cause: int
    firmware: str


class ClockSet(NamedTuple):
    """In Unix seconds. old: None where the clock was not set.

    meant: the signed command said that it may jump. operator: kid of who signed for it, None
    before the device had an owner.
    """

    old: int | None
    new: int
    meant: bool
    operator: bytes | None


class ListInstalled(NamedTuple):
    kind: str
    number: int


class Acknowledged(NamedTuple):
    """up_to: sequence number; chain: 24 bytes; operator: kid of who signed for it."""

    up_to: int
    chain: bytes
    operator: bytes


class ShiftClosed(NamedTuple):
    """up_to: the last sequence number that was let go."""

    up_to: int
    operator: bytes


class ShiftOpened(NamedTuple):
    staff: int


class PromptOpened(NamedTuple):
    """operator: kid of who signed for it."""

    operator: bytes


class Scanner(NamedTuple):
    changed: str


class Void(NamedTuple):
    """registration: sequence number of the one that does not count."""

    registration: int
    reason: int
    staff: int


class Staff(NamedTuple):
    number: int
    badge: str


class Epoch(NamedTuple):
    """kid: of the collection key; enc: what HPKE encapsulates; signature: of the device."""

    kid: bytes
    enc: bytes
    signature: bytes


class EpochKey(NamedTuple):
    """An epoch's kid and enc once more. back: so many numbers ago its own record was written."""

    back: int
    kid: bytes
    enc: bytes


Content = (
    Registration | Manual | Refusals | TubeOpened | TubeClosed | Boot | ClockSet | ListInstalled
    | Acknowledged | ShiftClosed | ShiftOpened | Scanner | Void | Staff | Epoch | EpochKey
    | PromptOpened
)  # fmt: skip


def content(kind: int, clear: bytes, opened: bytes) -> Content | None:
    """What a record says, from its clear part and its opened one; None for an unknown type.

    Raises RecordError.
    """
    read = _READERS.get(kind)
    if read is None:
        return None
    try:
        return read(clear, opened)
    except (struct.error, ValueError, IndexError) as error:
        raise RecordError(f"{TYPE_NAMES[kind]}: {error}") from error


def clear_content(record: Record) -> dict[str, object]:
    """What lies in the clear of a record that nobody has opened; {} where nothing does.

    tube, up_to, registration: sequence numbers of records (of a tube's opening: its barcode).
    None of it is verified.
    """
    if record.type in (REGISTRATION, MANUAL):
        tube, position, tag = _PERSON.unpack(record.clear)
        return {"tube": tube or None, "position": position or None, "tag": tag}
    if record.type == TUBE_OPENED:
        return {"tube": record.clear.decode("ascii", "replace")}
    if record.type == EPOCH:
        return {"kid": record.clear[:8]}
    if record.type == EPOCH_KEY:
        return {"kid": record.clear[1:9]}
    if record.type == TUBE_CLOSED:
        tube, people = struct.unpack(">IB", record.clear)
        return {"tube": tube, "people": people}
    if record.type in (ACKNOWLEDGED, SHIFT_CLOSED):
        return {"up_to": int.from_bytes(record.clear, "big")}
    if record.type == CLOCK_SET:
        return {"jump_s": int.from_bytes(record.clear, "big", signed=True)}
    if record.type == VOID:
        return {"registration": int.from_bytes(record.clear, "big")}
    return {}


def _registration(clear: bytes, opened: bytes) -> Registration:
    tube, position, tag = _PERSON.unpack(clear)
    subject, cti, issuer, relation, staff = struct.unpack(">16s8sBBH", opened)
    return Registration(tube or None, position or None, tag, subject, cti, issuer, relation, staff)


def _manual(clear: bytes, opened: bytes) -> Manual:
    tube, position, tag = _PERSON.unpack(clear)
    kind, staff = struct.unpack_from(">BH", opened)
    number, rest = _text(opened[3:])
    name, rest = _text(rest)
    _end(rest)
    return Manual(tube or None, position or None, tag, kind, staff, number, name)


def _refusals(clear: bytes, opened: bytes) -> Refusals:
    (span_s,) = struct.unpack_from(">H", opened)
    counts: dict[str, int] = {}
    for code, count in struct.iter_unpack(">BH", opened[2:]):
        reason = REASONS[code] if code < len(REASONS) else f"code {code}"
        counts[reason] = counts.get(reason, 0) + count
    return Refusals(span_s, counts)


def _tube_opened(clear: bytes, opened: bytes) -> TubeOpened:
    return TubeOpened(clear.decode("ascii"), *struct.unpack(">H", opened))


def _tube_closed(clear: bytes, opened: bytes) -> TubeClosed:
    return TubeClosed(*struct.unpack(">IB", clear), *struct.unpack(">H", opened))


def _boot(clear: bytes, opened: bytes) -> Boot:
    firmware, rest = _text(opened[1:])
    _end(rest)
    return Boot(opened[0], firmware)


def _clock_set(clear: bytes, opened: bytes) -> ClockSet:
    old, new, meant, operator = struct.unpack(">IIB8s", opened)
    return ClockSet(old or None, new, bool(meant), operator if any(operator) else None)


def _list_installed(clear: bytes, opened: bytes) -> ListInstalled:
    kind, rest = _text(opened[4:])
    _end(rest)
    return ListInstalled(kind, int.from_bytes(opened[:4], "big"))


def _acknowledged(clear: bytes, opened: bytes) -> Acknowledged:
    return Acknowledged(*struct.unpack(">I", clear), *struct.unpack(">24s8s", opened))


def _shift_closed(clear: bytes, opened: bytes) -> ShiftClosed:
    return ShiftClosed(*struct.unpack(">I", clear), *struct.unpack(">8s", opened))


def _shift_opened(clear: bytes, opened: bytes) -> ShiftOpened:
    return ShiftOpened(*struct.unpack(">H", opened))


def _scanner(clear: bytes, opened: bytes) -> Scanner:
    changed, rest = _text(opened)
    _end(rest)
    return Scanner(changed)


def _void(clear: bytes, opened: bytes) -> Void:
    return Void(*struct.unpack(">I", clear), *struct.unpack(">BH", opened))


def _staff(clear: bytes, opened: bytes) -> Staff:
    badge, rest = _text(opened[2:])
    _end(rest)
    return Staff(int.from_bytes(opened[:2], "big"), badge)


def _epoch(clear: bytes, opened: bytes) -> Epoch:
    kid, enc = struct.unpack(">8s32s", clear)
    return Epoch(kid, enc, opened)


def _epoch_key(clear: bytes, opened: bytes) -> EpochKey:
    _end(opened)
    return EpochKey(*struct.unpack(">B8s32s", clear))


def _prompt_opened(clear: bytes, opened: bytes) -> PromptOpened:
    return PromptOpened(*struct.unpack(">8s", opened))


def _text(data: bytes) -> tuple[str, bytes]:
    length = data[0]
    if len(data) < 1 + length:
        raise RecordError("text longer than the record")
    return data[1 : 1 + length].decode(), data[1 + length :]


def _end(rest: bytes) -> None:
    if rest:
        raise RecordError("bytes too many")


_READERS: dict[int, Callable[[bytes, bytes], Content]] = {
    REGISTRATION: _registration,
    REFUSALS: _refusals,
    TUBE_OPENED: _tube_opened,
    TUBE_CLOSED: _tube_closed,
    BOOT: _boot,
    CLOCK_SET: _clock_set,
    LIST_INSTALLED: _list_installed,
    ACKNOWLEDGED: _acknowledged,
    SCANNER: _scanner,
    EPOCH: _epoch,
    VOID: _void,
    MANUAL: _manual,
    STAFF: _staff,
    SHIFT_CLOSED: _shift_closed,
    SHIFT_OPENED: _shift_opened,
    EPOCH_KEY: _epoch_key,
    PROMPT_OPENED: _prompt_opened,
}
