"""The records of the journal: their types and payloads (docs/journal.md).

A record's body is `type u8 | sequence u32 | time u32 | payload`, big-endian, the time in
Unix seconds (0: the clock was not set), the payload one CBOR array.
"""

import struct

from micropython import const
from verify import cbor

REGISTRATION = const(1)  # [subject, cti (first 8), kid, relation, tube, position]
REFUSALS = const(2)  # [[[reason, count], ...], seconds from the first to the last]
TUBE_OPENED = const(3)  # [tube]
TUBE_CLOSED = const(4)  # [tube, count]
BOOT = const(5)  # [cause, firmware version]
CLOCK_SET = const(6)  # [old or null, new]
LIST_INSTALLED = const(7)  # [kind, sequence]
ACKNOWLEDGED = const(8)  # [up to sequence]
SCANNER = const(9)  # [what had to be changed in the scanner]

HEADER_BYTES = const(9)
MAX_PAYLOAD_BYTES = const(200)
_HEADER = ">BII"


def pack(record_type, sequence, unix_s, payload):
    """The body of a record.

    payload: bytes, one CBOR array of at most MAX_PAYLOAD_BYTES.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError("record payload too long")
    return struct.pack(_HEADER, record_type, sequence, unix_s) + payload


def unpack(body):
    """(type, sequence, Unix seconds, decoded payload) of a record's body."""
    record_type, sequence, unix_s = struct.unpack_from(_HEADER, body)
    return record_type, sequence, unix_s, cbor.decode(bytes(body[HEADER_BYTES:]))
