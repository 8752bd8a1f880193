"""The one object that the app knows: nothing that was promised is ever lost, and the device cannot
read back what it has written.

docs/journal.md has the format, the invariants and the argument for each way power can fail.
"""

from crypto.wipe import wipe
from micropython import const
from system import rooms

from journal import JournalFull, NoCollectionKey, bodies, layout
from journal.duplicates import Duplicates
from journal.ring import ERASED, Ring
from journal.seal import document_subject
from journal.state import State
from journal.writer import ORDINARY, RESERVED, Writer

_SECTORS_A_STEP = const(16)  # of the index, 5 ms each


class Journal:
    """A journal on a flash partition, sealed to a collection key.

    partition: an `esp32.Partition` or what has its readblocks, writeblocks and ioctl.
    identity: has `device_id` (8 bytes; None before there is one: nothing can be written then)
    and `sign(message)` -> 64 bytes (Ed25519).
    collection: a function () -> (kid 8 bytes, X25519 public key 32 bytes), or None in its place.
    random: a function (n) -> n bytes, from a generator that is fit for keys; they are made for this
    call alone, for they are overwritten.
    """

    def __init__(self, partition, identity, collection, random):
        self._identity = identity
        self._ring = Ring(partition)
        self._state = State()
        self._seen = Duplicates(self._ring, self._state)
        self._writer = Writer(self._ring, self._state, self._seen, identity, collection, random)
        self._tube = None  # (sequence number, text) of the one that was open last
        self._start = None  # what there is to be recorded of this start, until it is
        self._start_s = 0  # when it was

    def mount(self):
        """Finds the end of the journal, whatever the last power cut left, and mends it."""
        # Needed at a start, and once more where the root is installed.
        rooms.START.enter()
        from journal import recovery

        self._tube = None
        self._state.begin(self._identity.device_id or bytes(8))
        recovery.Recovery(self._ring, self._state, self._seen).run(self._writer)

    # -- appending ------------------------------------------------------------------------

    def append(self, record_type, unix_s, payload, reserved=False):
        """Writes a record; it is durable when this returns.

        record_type, payload: as in journal/bodies.py. unix_s: the time in Unix seconds, 0 where it
        is not known. reserved: the record may use space that is kept from registrations.
        Returns its sequence number. Raises JournalFull, NoCollectionKey, ValueError (payload), or
        OSError from the flash.
        """
        if self._start is not None:
            self._record_start()
        return self._writer.append(record_type, unix_s, payload, RESERVED if reserved else ORDINARY)

    def note_start(self, unix_s, payload):
        """Has a start recorded (bodies.BOOT) with the first record that follows it, before that.

        A start that nobody follows writes nothing, so no number of them fills the journal.
        """
        self._start_s, self._start = unix_s, payload

    def _record_start(self):
        try:
            self._writer.append(bodies.BOOT, self._start_s, self._start, RESERVED)
        except JournalFull:
            return
        self._start = None

    # -- reading --------------------------------------------------------------------------

    @property
    def is_empty(self):
        """True if no sector has ever been written, as far as the flash tells."""
        return self._ring.head < 0

    @property
    def next_sequence(self):
        """The sequence number of the record that is written next."""
        return self._writer.next_sequence

    @property
    def first_sequence(self):
        """The oldest record that is still in flash (next_sequence where there is none)."""
        rooms.HOST.enter()
        from journal import reading

        return reading.first_sequence(self._ring) or self.next_sequence

    def read(self, from_sequence, max_bytes):
        """([records], next): as many whole raw records as fit, at least one if there is one.

        next: the sequence number to ask for next; equal to next_sequence at the end.
        """
        rooms.HOST.enter()
        from journal import reading

        found, following = reading.read(self._ring, from_sequence, max_bytes)
        return found, following or self.next_sequence

    def sectors(self, from_sequence, skip):
        """What the headers of some sectors say, and which have decayed (journal/sectors.py)."""
        rooms.SECTORS.enter()
        from journal import sectors

        return sectors.tell(self._ring, from_sequence, skip)

    def raw(self, sector, at, size):
        """Bytes of a sector, b"" where there are none; the tag key is blanked."""
        rooms.SECTORS.enter()
        from journal import sectors

        return sectors.raw(self._ring, sector, at, size)

    def chain_at(self, sequence):
        """The chain value (24 bytes) behind the last record up to this number, or None."""
        rooms.HOST.enter()
        from journal import reading

        return reading.chain_at(self._ring, sequence)

    def statement(self, nonce, first, last, unix_s):
        """What the device signs at the end of a pull: a COSE_Sign1, bytes.

        nonce: 16 bytes of the host's. first, last: sequence numbers of the records read. The
        payload is [device id, nonce, first, last, chain value behind last, Unix seconds].
        Raises ValueError for a record that is not there.
        """
        rooms.HOST.enter()
        from journal import reading

        chain = reading.chain_at(self._ring, last) if last < self.next_sequence else None
        if chain is None:
            raise ValueError
        return reading.statement(self._identity, nonce, first, last, chain, unix_s)

    def newest_minute(self):
        """The minute of the newest record that has one; 0 where there is none."""
        from journal import newest

        return newest.newest_minute(self._ring)

    def count_since(self, kind, minute):
        """How many records of a type there are since a minute, as far as the newest two sectors
        tell; those without a minute count."""
        from journal import newest

        return newest.count_since(self._ring, kind, minute)

    # -- emptying -------------------------------------------------------------------------

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
        rooms.OPERATORS.enter()
        from journal import emptying

        emptying.acknowledge(self._ring, self._state, self._writer, up_to, chain, unix_s, operator)

    def close_shift(self, unix_s, operator=bytes(8)):
        """Lets everything acknowledged go, and forgets whom it has seen.

        A new sector, tag key and epoch begin. Returns the highest sequence number that was let go.
        Raises as `append`; then nothing was let go, or only this record is missing. At a full
        device what was acknowledged has to fill a sector at least: else JournalFull.
        """
        rooms.OPERATORS.enter()
        from journal import emptying

        return emptying.close_shift(self._ring, self._state, self._writer, unix_s, operator)

    # -- space and people -----------------------------------------------------------------

    @property
    def capacity(self):
        """How many registrations an empty journal takes, epochs not counted."""
        return (self._ring.count - ORDINARY) * (layout.SLOTS - 1)

    @property
    def remaining(self):
        """How many registrations there is room for, epochs not counted."""
        sectors = max(0, self._ring.free() - ORDINARY)
        return sectors * (layout.SLOTS - 1) + max(0, self._writer.limit - self._writer.slot)

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
                if bodies.sequence(record) == sequence:
                    return bodies.tube_text(record)
        return None

    def seen_subject(self, subject, register=bodies.NO_REGISTER):
        """(sequence number, minute) of a subject's newest registration in this shift, or None.

        register: 8 bytes that name the issuers' register that the subject is in.
        """
        return self._seen.find_subject(subject, register)

    def jumped_since(self, sequence):
        """By how many seconds the clock was set on (or back) since a record of this shift."""
        return self._seen.jumped_since(sequence)

    def seen_document(self, kind, number):
        """The same of a person who was registered by a document."""
        subject = document_subject(kind, number)
        try:
            return self._seen.find_subject(subject)
        finally:
            wipe(subject)

    def seen_tube(self, text):
        """(sequence number, minute) of a tube's newest opening in this shift, or None."""
        return self._seen.find_tube(text)

    # -- while nothing else is to be done ---------------------------------------------------

    @property
    def is_blank_ahead(self):
        """True if the sector that comes next need not be erased, or there is none."""
        following = self._ring.next_free()
        return following < 0 or self._ring.state[following] == ERASED

    def idle(self, unix_s=0, may_erase=True):
        """Does one step of what can wait; True if there is more.

        A step takes 0.3 s of computing at the most (an epoch). may_erase: it may be an erase, for
        which everything stands still for 45 ms.
        """
        if may_erase and not self.is_blank_ahead and self._ring.erase_next():
            return True
        if (self._writer.is_key_due or self._writer.is_epoch_due) and self._renew_epoch(unix_s):
            return True
        return self._enter_people() or (may_erase and self._ring.erase_next())

    def _renew_epoch(self, unix_s):
        writer = self._writer
        try:
            if writer.is_key_due:
                writer.repeat_key(unix_s, ORDINARY)
            else:
                writer.renew_epoch(unix_s)
        except (NoCollectionKey, JournalFull):
            return False
        return True

    def _enter_people(self):
        is_new = False
        for _ in range(_SECTORS_A_STEP):
            if not self._seen.fill_next():
                break
            is_new = True
        if not is_new:
            self._seen.make_ahead()
        return is_new
