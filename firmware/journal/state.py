"""What the journal knows from the clear parts of its records, taken in one by one.

The same at a restart, record by record from the flash, and after each append: so both agree.
"""

import hashlib
import struct

from micropython import const

from journal import bodies, layout

_TUBE_AT = const(11)
_POSITION_AT = const(15)
_NUMBER_AT = const(11)


def digest(record):
    """SHA-256 of a record's bytes: its link, which the record after it is bound to."""
    return hashlib.sha256(record).digest()


def chained(chain, link):
    """The chain value behind a record: the first 24 bytes of SHA-256(value before | link)."""
    state = hashlib.sha256(chain)
    state.update(link)
    return state.digest()[: layout.CHAIN_BYTES]


class State:
    """chain, link: of the last record. tube: sequence number of the open tube's record, 0 for none.

    count: position of the last person in it. last: highest sequence number seen.
    """

    def __init__(self, device_id):
        self.chain = chained(b"ScanPost journal", device_id)
        self.link = bytes(32)
        self.last = 0
        self.acknowledged = 0
        self.released = 0
        self.tube = 0
        self.count = 0
        self.is_counted = True  # False: the count has to be looked up before this sector
        self.epoch = 0

    def enter(self, header):
        """Takes over what the newest sector's header says."""
        self.chain = header.chain
        self.last = header.first - 1
        self.acknowledged = header.acknowledged
        self.released = header.released
        self.tube = header.tube
        self.is_counted = not header.tube
        self.epoch = header.epoch
        self._drop_tube()

    def take(self, record):
        """Takes in the next record (its bytes)."""
        self.link = digest(record)
        self.chain = chained(self.chain, self.link)
        _, kind, _, self.last, _ = layout.read_record_header(record)
        if kind == bodies.REGISTRATION or kind == bodies.MANUAL:
            tube, position = struct.unpack_from(">IB", record, _TUBE_AT)
            if tube and tube == self.tube:
                self._count(position)
        elif kind == bodies.TUBE_OPENED:
            self.tube = self.last
            self._count(0)
        elif kind == bodies.TUBE_CLOSED:
            self.tube = 0
            self._count(0)
        elif kind == bodies.EPOCH:
            self.epoch = self.last
        elif kind == bodies.ACKNOWLEDGED:
            self.acknowledged = max(self.acknowledged, _number(record))
        elif kind == bodies.SHIFT_CLOSED:
            self.released = max(self.released, _number(record))
            self._drop_tube()

    def _drop_tube(self):
        """A tube whose opening was let go is not open any more: nobody could say which it is."""
        if self.tube and self.tube <= self.released:
            self.tube = 0
            self._count(0)

    def _count(self, position):
        self.count = position
        self.is_counted = True


def _number(record):
    return struct.unpack_from(">I", record, _NUMBER_AT)[0]
