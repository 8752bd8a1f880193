"""What the journal knows from the clear parts of its records, taken in one by one.

The same at a restart, record by record from the flash, and after each append: so both agree.
"""

import hashlib

from journal import bodies, layout


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

    def __init__(self):
        self.begin(bytes(8))

    def begin(self, device_id):
        """No record is known. device_id: 8 bytes."""
        self.chain = chained(b"ScanPost journal", device_id)
        self.link = bytes(32)
        self.last = 0
        self.acknowledged = 0
        self.released = 0
        self.tube = 0
        self.count = 0
        self.epoch = 0

    def enter(self, header):
        """Takes over what the newest sector's header says."""
        self.chain = header.chain
        self.last = header.first - 1
        self.acknowledged = header.acknowledged
        self.released = header.released
        self.tube = header.tube
        self.count = header.people
        self.epoch = header.epoch
        self._drop_tube()

    def take(self, record):
        """Takes in the next record (its bytes)."""
        self.link = digest(record)
        self.chain = chained(self.chain, self.link)
        kind = record[1]
        self.last = bodies.sequence(record)
        if kind == bodies.REGISTRATION or kind == bodies.MANUAL:
            tube, position = bodies.tube_and_position(record)
            if tube and tube == self.tube:
                self.count = position
        elif kind == bodies.TUBE_OPENED:
            self.tube = self.last
            self.count = 0
        elif kind == bodies.TUBE_CLOSED:
            self.tube = 0
            self.count = 0
        elif kind == bodies.EPOCH:
            self.epoch = self.last
        elif kind == bodies.ACKNOWLEDGED:
            self.acknowledged = max(self.acknowledged, bodies.number(record))
        elif kind == bodies.SHIFT_CLOSED:
            self.released = max(self.released, bodies.number(record))
            self._drop_tube()

    def _drop_tube(self):
        """A tube whose opening was let go is not open any more: nobody could say which it is."""
        if self.tube and self.tube <= self.released:
            self.tube = 0
            self.count = 0
