"""The rules of registration: which person goes into which tube, and why not.

Knows no hardware and no screen. States, by what is open:

    NO TUBE --scan_tube--> OPEN(tube, count) --register--> OPEN(tube, count + 1)
       |                     |  count = tube size: FULL, only another tube goes on
       |                     +--scan_tube of another--> TUBE_CLOSED is written, then OPEN(other, 0)
       +--register: NO_TUBE, unless the device registers without tubes

Every change of state is a record in the journal first: after a power cut the same state is
read back from there (`replay`).
"""

import hashlib
from array import array

from journal import JournalFull, records
from micropython import const

# One registration a shift: the same person again within this time is a duplicate.
DUPLICATE_WINDOW_S = const(12 * 3600)
_TAGS_IN_BLOCK = const(1024)


class Refusal(Exception):
    """A rule says no. reason: NO_TUBE, DUPLICATE, TUBE_USED, FULL or JOURNAL_FULL."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class _Tags:
    """Two bytes for each thing seen; a hit is only a candidate, to be confirmed in flash.

    Grows by blocks of 4 KB at the most, for the heap does not compact.
    """

    def __init__(self):
        self._blocks = []
        self._used = _TAGS_IN_BLOCK

    def add(self, tag, sequence):
        if self._used == _TAGS_IN_BLOCK:
            zeros = bytes(2 * _TAGS_IN_BLOCK)
            self._blocks.append((array("H", zeros), array("H", zeros), sequence))
            self._used = 0
        tags, offsets, first = self._blocks[-1]
        if sequence - first > 0xFFFF:  # so far apart only after a flood of other records
            self._used = _TAGS_IN_BLOCK
            return self.add(tag, sequence)
        tags[self._used] = tag
        offsets[self._used] = sequence - first
        self._used += 1

    def candidates(self, tag):
        """The sequence numbers under this tag, newest first."""
        used = self._used
        for tags, offsets, first in reversed(self._blocks):
            for index in range(used - 1, -1, -1):
                if tags[index] == tag:
                    yield first + offsets[index]
            used = _TAGS_IN_BLOCK

    def forget_before(self, sequence):
        """Drops the blocks whose every entry is older than this sequence number."""
        while len(self._blocks) > 1 and self._blocks[1][2] <= sequence:
            self._blocks.pop(0)


def _tag(value):
    digest = hashlib.sha256(value).digest()
    return digest[0] << 8 | digest[1]


class Registrar:
    """Puts people into tubes, by way of the journal.

    settings: Settings; journal: a mounted Journal to which `replay` was given as visitor.
    """

    def __init__(self, settings, journal):
        self.settings = settings
        self._journal = journal
        self._subjects = _Tags()
        self._tubes = _Tags()
        self.tube = None
        self.count = 0

    def replay(self, record_type, sequence, unix_s, payload):
        """Takes one record of the journal, as it was written before the restart."""
        if record_type == records.REGISTRATION:
            self._subjects.add(_tag(payload[0]), sequence)
            if payload[4] == self.tube:
                self.count = payload[5]
        elif record_type == records.TUBE_OPENED:
            self._tubes.add(_tag(payload[0].encode()), sequence)
            self.tube = payload[0]
            self.count = 0
        elif record_type == records.TUBE_CLOSED:
            self.tube = None
            self.count = 0

    def scan_tube(self, tube, unix_s):
        """Opens a tube, closing the one before it. The open one again changes nothing.

        tube: its barcode's text; unix_s: the time, or None. Raises Refusal.
        """
        if tube == self.tube:
            return
        if self._is_used(tube):
            raise Refusal("TUBE_USED")
        if self.tube is not None:
            self._append(records.TUBE_CLOSED, unix_s, [self.tube, self.count])
            self.tube = None
            self.count = 0
        self._tubes.add(_tag(tube.encode()), self._append(records.TUBE_OPENED, unix_s, [tube]))
        self.tube = tube

    def register(self, a_pass, unix_s):
        """Registers the holder of a verified pass to the open tube; returns the position.

        Durable when it returns (position 0: registered without a tube). Raises Refusal.
        """
        if self.tube is None and not self.settings.without_tubes:
            raise Refusal("NO_TUBE")
        if self._is_registered(a_pass.subject, unix_s):
            raise Refusal("DUPLICATE")
        position = 0
        if self.tube is not None:
            if self.count >= self.settings.tube_size:
                raise Refusal("FULL")
            position = self.count + 1
        sequence = self._append(
            records.REGISTRATION,
            unix_s,
            [
                a_pass.subject,
                a_pass.cti[:8],
                a_pass.kid,
                a_pass.relation,
                self.tube or "",
                position,
            ],
        )
        self._subjects.add(_tag(a_pass.subject), sequence)
        self.count = position
        return position

    def _append(self, record_type, unix_s, payload):
        try:
            sequence = self._journal.append(record_type, unix_s or 0, payload)
        except JournalFull:
            raise Refusal("JOURNAL_FULL") from None
        self._subjects.forget_before(self._journal.first_sequence)
        self._tubes.forget_before(self._journal.first_sequence)
        return sequence

    def _record(self, sequence):
        """(type, time, payload) of a record, or None if it has left the flash."""
        for found, body in self._journal.bodies(sequence):
            if found == sequence:
                record_type, _, unix_s, payload = records.unpack(body)
                return record_type, unix_s, payload
            break
        return None

    def _is_used(self, tube):
        for sequence in self._tubes.candidates(_tag(tube.encode())):
            record = self._record(sequence)
            if record and record[0] == records.TUBE_OPENED and record[2][0] == tube:
                return True
        return False

    def _is_registered(self, subject, unix_s):
        for sequence in self._subjects.candidates(_tag(subject)):
            record = self._record(sequence)
            if record is None or record[0] != records.REGISTRATION:
                continue
            if record[2][0] == subject and unix_s - record[1] < DUPLICATE_WINDOW_S:
                return True
        return False
