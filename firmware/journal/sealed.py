"""The sealed journal: nothing that was promised is ever lost, and the device cannot read it back.

docs/journal.md has the format, the invariants and the argument for each way power can fail.
The parts: `writer` (records are appended, the end is found again), `layout` and `bodies` (bytes),
`ring` (sectors), `recovery` (after a restart), `epoch` (keys), `seal` (records),
`state` (what is known), `duplicates` (who was here). Here: reading, emptying, and what is asked.
"""

from micropython import const
from verify import cbor, cose

from journal import JournalFull, NoCollectionKey, bodies, layout
from journal.ring import ERASED
from journal.seal import manual_subject
from journal.state import chained, digest
from journal.writer import ORDINARY, RESERVED, Writer

_REST = const(8)  # so few records that only acknowledging them is what wrote them
_SECTORS_A_STEP = const(16)  # of the index, 5 ms each
_PULL_TYP = const("application/scanpost-pull+cbor")


class SealedJournal(Writer):
    """A journal on a flash partition, sealed to a collection key; made as a Writer is."""

    # -- reading ------------------------------------------------------------------------

    @property
    def is_empty(self):
        """True if no sector has ever been written, as far as the flash tells."""
        return self._ring.head < 0

    @property
    def first_sequence(self):
        """The oldest record that is still in flash (next_sequence where there is none)."""
        for index in self._ring.kept():
            for _, record in self._ring.records(index):
                return layout.read_record_header(record)[3]
        return self.next_sequence

    def read(self, from_sequence, max_bytes):
        """([records], next): as many whole raw records as fit, at least one if there is one.

        next: the sequence number to ask for next; equal to next_sequence at the end.
        """
        found = []
        used = 0
        start = self._ring.sector_of(from_sequence)
        is_reached = start < 0
        for index in self._ring.kept():
            is_reached = is_reached or index == start
            if not is_reached:
                continue
            for _, record in self._ring.records(index):
                sequence = layout.read_record_header(record)[3]
                if sequence < from_sequence:
                    continue
                # 3: what CBOR puts before a byte string of this length, at the most
                if found and used + len(record) + 3 > max_bytes:
                    return found, sequence
                found.append(bytes(record))
                used += len(record) + 3
        return found, self.next_sequence

    def chain_at(self, sequence):
        """The chain value (24 bytes) behind the last record up to this number, or None."""
        index = self._ring.sector_of(sequence)
        if index < 0:
            return None
        header = self._ring.header(index)
        if header is None:
            return None
        chain = header.chain
        for _, record in self._ring.records(index):
            if layout.read_record_header(record)[3] > sequence:
                break
            chain = chained(chain, digest(record))
        return chain

    def statement(self, nonce, first, last, unix_s):
        """What the device signs at the end of a pull: a COSE_Sign1, bytes.

        nonce: 16 bytes of the host's. first, last: sequence numbers of the records read. The
        payload is [device id, nonce, first, last, chain value behind last, Unix seconds].
        Raises ValueError for a record that is not there.
        """
        chain = self.chain_at(last) if last < self.next_sequence else None
        if chain is None:
            raise ValueError
        payload = [self._identity.device_id, nonce, first, last, chain, unix_s]
        return cose.sign1(_PULL_TYP, cbor.encode(payload), self._identity.sign)

    # -- emptying -----------------------------------------------------------------------

    @property
    def acknowledged(self):
        """The highest sequence number that a host has said it holds."""
        return self._state.acknowledged

    @property
    def released(self):
        """Records up to this sequence number may leave the flash."""
        return self._state.released

    def acknowledge(self, up_to, chain, unix_s, operator=bytes(8)):
        """Marks all records up to this one as held by a host. They stay until the shift is closed.

        chain: the host's chain value there (24 bytes). operator: kid of who signed for it.
        Raises ValueError where there is no such record or the chain is another.
        """
        if not 0 < up_to < self.next_sequence or chain is None:
            raise ValueError
        # A number that no record has is one that a restart may give to a new record.
        up_to = min(up_to, self._state.last)
        if up_to <= self._state.acknowledged:
            return
        if self.chain_at(up_to) != chain:
            raise ValueError
        try:
            self.append(bodies.ACKNOWLEDGED, unix_s, [up_to, chain, operator])
        except JournalFull:
            # Not one slot is left. Known until the next restart, which is enough to empty it.
            self._state.acknowledged = up_to

    def close_shift(self, unix_s, operator=bytes(8)):
        """Lets everything acknowledged go, and forgets whom it has seen.

        A new sector, tag key and epoch begin. Returns the highest sequence number that was let go.
        Raises as `append`; then nothing was let go, or only this record is missing. At a full
        device what was acknowledged has to fill a sector at least: else JournalFull.
        """
        head = self._ring.head
        before = self._state.released
        released = self._state.acknowledged
        if released <= before:
            return before
        # The last sector is not spent for nothing, while there is more to be acknowledged.
        is_rest = self._state.last - released < _REST
        if self._ring.free() <= RESERVED and not is_rest and not self._frees_a_sector(released):
            raise JournalFull()
        self._state.released = released
        try:
            if self._ring.next_free() < 0:
                # Not one sector is left to say so in: on the strength of the command alone.
                self._keep()
            self._finish_sector()
            self._rekey = True
            self._epoch.forget()
            self.append(bodies.SHIFT_CLOSED, unix_s, [released, operator])
        finally:
            # It counts from the header of the sector that the epoch's record opened.
            if self._ring.head == head:
                self._state.released = before
            self._keep()
        return released

    def _frees_a_sector(self, released):
        tail = self._ring.tail
        before = self._state.released
        self._state.released = released
        self._keep()
        is_freed = self._ring.tail != tail
        self._state.released = before
        self._keep()
        return is_freed

    def _finish_sector(self):
        """Makes the newest sector a full one. Its last slot says so after a restart too."""
        self._clear_gap()
        if self._slot < layout.SLOTS - 1:
            self._ring.retire(self._ring.head, layout.SLOTS - 1, 1)
        self._slot = self._ring.end = layout.SLOTS

    # -- space and people ---------------------------------------------------------------

    @property
    def capacity(self):
        """How many registrations an empty journal takes, epochs not counted."""
        return (self._ring.count - ORDINARY) * (layout.SLOTS - 1)

    @property
    def remaining(self):
        """How many registrations there is room for, epochs not counted."""
        sectors = max(0, self._ring.free() - ORDINARY)
        return sectors * (layout.SLOTS - 1) + max(0, self._limit - self._slot)

    @property
    def open_tube(self):
        """(sequence number, text, people in it) of the open tube, or None."""
        state = self._state
        if not state.tube:
            return None
        if self._tube is None or self._tube[0] != state.tube:
            self._tube = (state.tube, self._tube_text(state.tube))
        return (state.tube, self._tube[1], state.count) if self._tube[1] else None

    def _tube_text(self, sequence):
        index = self._ring.sector_of(sequence)
        if index >= 0:
            for _, record in self._ring.records(index):
                if layout.read_record_header(record)[3] == sequence:
                    return bodies.tube_text(record)
        return None

    def seen_subject(self, subject):
        """(sequence number, minute) of a subject's newest registration in this shift, or None."""
        return self._seen.find_subject(subject)

    def seen_document(self, kind, number):
        """The same of a person who was registered by a document."""
        return self._seen.find_subject(manual_subject((kind, number)))

    def seen_tube(self, text):
        """(sequence number, minute) of a tube's newest opening in this shift, or None."""
        return self._seen.find_tube(text)

    # -- while nothing else is to be done -------------------------------------------------

    @property
    def is_blank_ahead(self):
        """True if the sector that comes next need not be erased, or there is none."""
        following = self._ring.next_free()
        return following < 0 or self._ring.state[following] == ERASED

    def idle(self, unix_s=0, may_erase=True):
        """Does one step of what can wait; True if there is more.

        A step takes 0.3 s of computing at the most (an epoch). may_erase: it may be an erase, which
        stops the interrupts of the UARTs for 45 ms.
        """
        if may_erase and not self.is_blank_ahead and self._erase_next():
            return True
        if self._is_epoch_due() and self._renew_epoch(unix_s):
            return True
        return self._enter_people() or (may_erase and self._erase_next())

    def _enter_people(self):
        is_new = False
        for _ in range(_SECTORS_A_STEP):
            if not self._seen.fill_next():
                break
            is_new = True
        return is_new

    def _erase_next(self):
        if not self._ring.erase_next():
            return False
        self._forget_keys()
        return True

    def _renew_epoch(self, unix_s):
        try:
            collection = self._collection()
            if collection and self._epoch.next_kid != collection[0]:
                self._prepare_epoch(collection)
            else:
                self._open_epoch(unix_s, ORDINARY)
        except (NoCollectionKey, JournalFull):
            return False
        return True
