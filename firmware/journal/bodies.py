"""What the records of the sealed journal say: types, and the bytes of their two parts.

The clear part is what the device must know again after a restart; the sealed part only the holder
of the collection key can read. Each writer puts the clear part at `at`, the sealed one right
behind it, and returns the two lengths. docs/journal.md has the tables.
"""

import struct

from crypto.limbs import move
from micropython import const

REGISTRATION = const(1)
REFUSALS = const(2)
TUBE_OPENED = const(3)
TUBE_CLOSED = const(4)
BOOT = const(5)
CLOCK_SET = const(6)
LIST_INSTALLED = const(7)
ACKNOWLEDGED = const(8)
SCANNER = const(9)
EPOCH = const(10)
VOID = const(11)
MANUAL = const(12)
STAFF = const(13)
SHIFT_CLOSED = const(14)
SHIFT_OPENED = const(15)
EPOCH_KEY = const(16)
PROMPT_OPENED = const(17)

TAG_BYTES = const(8)
# Of persons who are in no issuer's register: those registered by a document
NO_REGISTER = bytes(8)
MAX_TUBE_BYTES = const(32)
_MAX_REASONS = const(32)
_MAX_TEXT_BYTES = const(64)
_SEQUENCE_AT = const(3)  # of a record
_CLEAR_AT = const(11)
_MAX_COUNT = const(0xFFFF)
_MAX_JUMP_S = const(0x7FFFFFFF)

# Codes of the reasons of refusals; 0 is any other word. A number is never given to another reason.
REASONS = (
    "OTHER",
    "MALFORMED",
    "UNSUPPORTED",
    "UNKNOWN_KEY",
    "BAD_SIGNATURE",
    "CLOCK_UNSET",
    "LIFETIME",
    "ISSUER_WINDOW",
    "NOT_YET",
    "EXPIRED",
    "REVOKED",
    "NO_TUBE",
    "DUPLICATE",
    "TUBE_USED",
    "FULL",
    "JOURNAL_FULL",
    "UNKNOWN_CODE",
    "NOT_READY",
    "STORAGE",
    "FAULT",
    "HALF_CODE",
    "WRONG_KIND",
    "NO_KIND",
    "PRESS_OK",
    # Of a host's commands and objects: the last five in particular, the first any other refusal
    "COMMAND",
    "COMMAND_UNSIGNED",
    "COMMAND_SIGNATURE",
    "COMMAND_ROLE",
    "COMMAND_EXPIRED",
    "COMMAND_REVOKED",
)


def _registration(buffer, at, payload, tube, tag):
    """[subject 16, cti 8, issuer's slot, relation, position, staff], and the subject's register 8,
    which only the tag is made of."""
    # Piece by piece: a call with many arguments needs a frame in the heap (tools/wasm32/frames.py).
    if len(payload[0]) != 16 or len(payload[1]) != 8:
        raise ValueError
    struct.pack_into(">I", buffer, at, tube)
    buffer[at + 4] = payload[4]
    move(buffer, at + 5, tag, 0, TAG_BYTES)
    move(buffer, at + 13, payload[0], 0, 16)
    move(buffer, at + 29, payload[1], 0, 8)
    buffer[at + 37] = payload[2]
    buffer[at + 38] = payload[3]
    buffer[at + 39] = payload[5] >> 8
    buffer[at + 40] = payload[5] & 0xFF
    return 13, 28


def _manual(buffer, at, payload, tube, tag):
    """[kind of document, number, name, position, staff]"""
    kind, number, name, position, staff = payload
    struct.pack_into(">IB8sBH", buffer, at, tube, position, tag, kind, staff)
    end = _text(buffer, at + 16, number)
    return 13, _text(buffer, end, name) - at - 13


def _refusals(buffer, at, payload, tube, tag):
    """[[[reason, count], ...], seconds]"""
    counts, span_s = payload
    if len(counts) > _MAX_REASONS:
        raise ValueError
    struct.pack_into(">H", buffer, at, min(span_s, _MAX_COUNT))
    end = at + 2
    for reason, count in counts:
        code = REASONS.index(reason) if reason in REASONS else 0
        struct.pack_into(">BH", buffer, end, code, min(count, _MAX_COUNT))
        end += 3
    return 0, end - at


def _tube_opened(buffer, at, payload, tube, tag):
    """[tube, staff]"""
    text, staff = payload
    text = text.encode()
    if not 0 < len(text) <= MAX_TUBE_BYTES:
        raise ValueError
    buffer[at : at + len(text)] = text
    struct.pack_into(">H", buffer, at + len(text), staff)
    return len(text), 2


def _tube_closed(buffer, at, payload, tube, tag):
    """[people, staff]"""
    struct.pack_into(">IBH", buffer, at, tube, payload[0], payload[1])
    return 5, 2


def _boot(buffer, at, payload, tube, tag):
    """[cause, firmware version]"""
    buffer[at] = payload[0]
    return 0, _text(buffer, at + 1, payload[1]) - at


def _clock_set(buffer, at, payload, tube, tag):
    """[old Unix seconds or None, new, whether a jump was meant, kid of who signed for it]"""
    old, new, is_meant, signer = payload
    jump = 0 if old is None else max(-_MAX_JUMP_S, min(_MAX_JUMP_S, new - old))
    struct.pack_into(">iIIB8s", buffer, at, jump, old or 0, new, is_meant, signer)
    return 4, 17


def _list_installed(buffer, at, payload, tube, tag):
    """[kind, sequence number of the signed object]"""
    struct.pack_into(">I", buffer, at, payload[1])
    return 0, _text(buffer, at + 4, payload[0]) - at


def _acknowledged(buffer, at, payload, tube, tag):
    """[sequence number, chain value there, operator's kid or b""]"""
    struct.pack_into(">I24s8s", buffer, at, payload[0], payload[1], payload[2])
    return 4, 32


def _shift_closed(buffer, at, payload, tube, tag):
    """[last sequence number that may leave, operator's kid or b""]"""
    struct.pack_into(">I8s", buffer, at, payload[0], payload[1])
    return 4, 8


def _shift_opened(buffer, at, payload, tube, tag):
    """[staff]"""
    struct.pack_into(">H", buffer, at, payload[0])
    return 0, 2


def _scanner(buffer, at, payload, tube, tag):
    """[[what had to be changed, ...]]"""
    return 0, _text(buffer, at, ",".join(payload[0])[:_MAX_TEXT_BYTES]) - at


def _void(buffer, at, payload, tube, tag):
    """[sequence number of the registration, reason, staff]"""
    struct.pack_into(">IBH", buffer, at, payload[0], payload[1], payload[2])
    return 4, 3


def _staff(buffer, at, payload, tube, tag):
    """[staff number, badge]"""
    struct.pack_into(">H", buffer, at, payload[0])
    return 0, _text(buffer, at + 2, payload[1]) - at


def _epoch_key(buffer, at, payload, tube, tag):
    """kid 8 | enc 32; behind the number that `Sealer.set_back` puts there"""
    buffer[at + 1 : at + 41] = payload
    return 41, 0


def _prompt_opened(buffer, at, payload, tube, tag):
    """[operator's kid]"""
    struct.pack_into(">8s", buffer, at, payload[0])
    return 0, 8


def _text(buffer, at, text):
    text = text.encode()
    if len(text) > _MAX_TEXT_BYTES:
        raise ValueError
    buffer[at] = len(text)
    buffer[at + 1 : at + 1 + len(text)] = text
    return at + 1 + len(text)


WRITERS = {
    REGISTRATION: _registration,
    REFUSALS: _refusals,
    TUBE_OPENED: _tube_opened,
    TUBE_CLOSED: _tube_closed,
    BOOT: _boot,
    CLOCK_SET: _clock_set,
    LIST_INSTALLED: _list_installed,
    ACKNOWLEDGED: _acknowledged,
    SCANNER: _scanner,
    VOID: _void,
    MANUAL: _manual,
    STAFF: _staff,
    SHIFT_CLOSED: _shift_closed,
    SHIFT_OPENED: _shift_opened,
    EPOCH_KEY: _epoch_key,
    PROMPT_OPENED: _prompt_opened,
}


def sequence(data, at=0):
    """The sequence number of the record at `at`."""
    return struct.unpack_from(">I", data, at + _SEQUENCE_AT)[0]


def number(record):
    """The number that a record of type VOID, ACKNOWLEDGED or SHIFT_CLOSED names."""
    return struct.unpack_from(">I", record, _CLEAR_AT)[0]


def jump_s(record):
    """By how many seconds a record of type CLOCK_SET moved the clock."""
    return struct.unpack_from(">i", record, _CLEAR_AT)[0]


def tube_and_position(record):
    """(sequence number of the tube's record, position) of a record of a person."""
    return struct.unpack_from(">IB", record, _CLEAR_AT)


def tube_bytes(data, at=0):
    """The barcode in the TUBE_OPENED record at `at`."""
    start = at + _CLEAR_AT
    return bytes(memoryview(data)[start : start + data[at + 2]])


def tube_text(record):
    """The same as text."""
    return str(tube_bytes(record), "ascii")
