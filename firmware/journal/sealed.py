"""The sealed journal: nothing that was promised is ever lost, and the device cannot read it back.

docs/journal.md has the format, the invariants and the argument for each way power can fail.
The parts: `layout` and `bodies` (bytes), `ring` (sectors), `recovery` (after a restart), `epoch`
(keys), `seal` (records), `state` (what is known), `duplicates` (who was here).
"""

from micropython import const
from verify import cbor, cose
from verify.wipe import wipe

from journal import bodies, layout
from journal.duplicates import Duplicates
from journal.epoch import Epoch
from journal.errors import JournalFull, NoCollectionKey
from journal.recovery import recover
from journal.ring import ERASED, Ring
from journal.seal import Sealer, manual_subject
from journal.state import State, chained, digest

PULL_TYP = "application/scanpost-pull+cbor"
_EPOCHS_OF_RING = const(32)  # so many epochs at least; what must stay with its epoch stays small
_ATTEMPTS = const(3)
_EIO = const(5)

# How many free sectors a record must leave: registrations two, so that what staff and hosts do is
# still recorded when they are refused; of these the last one is for the end of a shift alone.
ORDINARY = const(2)
RESERVED = const(1)
EMPTYING = const(0)
_TIERS = {
    bodies.REGISTRATION: ORDINARY,
    bodies.MANUAL: ORDINARY,
    bodies.REFUSALS: ORDINARY,
    bodies.TUBE_OPENED: ORDINARY,
    bodies.SHIFT_CLOSED: EMPTYING,
}


class SealedJournal:
    """A journal on a flash partition, sealed to a collection key.

    partition: an `esp32.Partition` or what has its readblocks, writeblocks and ioctl.
    identity: has `device_id` (8 bytes) and `sign(message)` -> 64 bytes (Ed25519).
    collection: a function () -> (kid 8 bytes, X25519 public key 32 bytes), or None in its place.
    random: a function (n) -> n bytes, from a generator that is fit for keys; they are made for this
    call alone, for they are overwritten.
    """

    def __init__(self, partition, identity, collection, random):
        self._ring = Ring(partition)
        self._identity = identity
        self._collection = collection
        self._random = random
        self._epoch = Epoch()
        self._sealer = Sealer(identity.device_id, self._epoch)
        self._state = State(identity.device_id)
        self._seen = Duplicates(self._ring)
        self._slot = layout.SLOTS  # of the newest sector: where the next record goes
        self._rekey = True
        self._tube = None
        self.next_sequence = 1

    # -- finding everything again -------------------------------------------------------

    def mount(self):
        """Finds the end of the journal, whatever the last power cut left, and mends it."""
        ring = self._ring
        ring.find()
        self._epoch.forget()
        self._state = State(self._identity.device_id)
        self._seen.begin(())
        self._slot = layout.SLOTS
        self._rekey = True
        self._tube = None
        self.next_sequence = 1
        if ring.head < 0:
            ring.distrust(True)
            return
        header = layout.read_sector_header(ring.head_bytes)
        self._state.enter(header)
        ring.keep_from(header.released + 1)
        self._seen.begin([index for index in ring.kept() if index != ring.head])
        ring.end, self._slot, passed = recover(ring, self._take_mounted)
        self._rekey = self._state.released > header.released
        self._keep()
        passed += ring.distrust(ring.end >= layout.SLOTS)
        self.next_sequence = self._state.last + 1 + passed
        self._find_count()
        if ring.end >= layout.SLOTS:
            self._open_sector()

    def _take_mounted(self, slot, record):
        self._state.take(record)
        self._seen.take(self._ring.head, slot, record)

    def _open_sector(self):
        """Opens a sector without a record: so that the next restart has none to distrust.

        Else a device that loses power at each start before it writes would pass over one each time.
        """
        index = self._ring.next_free()
        if self._ring.free() > RESERVED and self._ring.state[index] == ERASED:
            # It takes a number: no two headers begin with the same one.
            header = self._new_header((index, 0), self._next_number(), self._state.epoch)
            if self._ring.program(index, 0, header.alone()):
                self._enter_sector(index, header)
                self._slot = self._ring.end = 1
            else:
                self._ring.spoil(index)

    def _find_count(self):
        """The open tube has no person in the newest sector: look back as far as its opening."""
        state = self._state
        if state.is_counted:
            return
        oldest = self._ring.sector_of(state.tube)
        found = 0
        for index in reversed(list(self._ring.kept())):
            for _, record in self._ring.records(index):
                if record[1] == bodies.REGISTRATION or record[1] == bodies.MANUAL:
                    tube, position = bodies.tube_and_position(record)
                    if tube == state.tube:
                        found = position
            if found or index == oldest:
                break
        state.count = found
        state.is_counted = True

    def _keep(self):
        """Moves the tail: what is not released stays, and the epoch it needs to be opened."""
        wanted = self._state.released + 1
        index = self._ring.sector_of(wanted)
        if index >= 0:
            header = self._ring.header(index)
            if header is not None and 0 < header.epoch < wanted:
                wanted = header.epoch
        self._ring.keep_from(wanted)
        self._seen.released = self._state.released

    # -- writing ------------------------------------------------------------------------

    def append(self, record_type, unix_s, payload, reserved=False):
        """Writes a record; it is durable when this returns.

        record_type, payload: as in journal/bodies.py. unix_s: the time in Unix seconds, 0 where it
        is not known. reserved: the record may use space that is kept from registrations.
        Returns its sequence number. Raises JournalFull, NoCollectionKey, ValueError (payload), or
        OSError from the flash.
        """
        tier = _TIERS.get(record_type, RESERVED)
        if reserved:
            tier = min(tier, RESERVED)
        if not self._epoch.sequence:
            self._open_epoch(unix_s, tier)
        person = None
        if record_type == bodies.REGISTRATION:
            person = payload[0]
        elif record_type == bodies.MANUAL:
            person = manual_subject(payload)
        minute = unix_s // 60
        for _ in range(_ATTEMPTS):
            self._sealer.lay_out(record_type, payload, self._state.tube)
            try:
                place = self._make_room(self._sealer.length, tier)
            except (JournalFull, OSError):
                self._sealer.forget()
                raise
            sequence = self._next_number()
            header = self._new_header(place, sequence, self._epoch.sequence)
            if person is not None:
                self._sealer.set_tag(self._tag(person, header))
            self._sealer.seal(record_type, sequence, minute, self._state.link)
            if self._write(place, header):
                return sequence
        raise OSError(_EIO)

    def _next_number(self):
        sequence = self.next_sequence
        self.next_sequence += 1
        return sequence

    def _tag(self, person, header):
        ring = self._ring
        if header is not None and header.tag_key not in ring.keys:
            return self._seen.new_tag(person, header.tag_key)
        return self._seen.tag(person, ring.key_of[ring.head])

    def _tag_key(self):
        return self._ring.keys[self._ring.key_of[self._ring.head]]

    def _make_room(self, length, tier):
        """(sector, slot) for a record; slot 0 stands for a new sector. Raises JournalFull."""
        ring = self._ring
        slots = layout.slots_of(length)
        self._clear_gap()
        if ring.head >= 0 and self._slot < layout.SLOTS:
            left = layout.SLOTS_OF_PAGE - self._slot % layout.SLOTS_OF_PAGE
            if slots > left:
                self._slot += left
                self._clear_gap()
            if self._slot < layout.SLOTS:
                return ring.head, self._slot
        while True:
            index = ring.next_free()
            is_last = ring.free() <= tier
            # For the end of a shift even a spoiled sector will do, which is then worn once more.
            if index < 0 or (is_last and tier > EMPTYING):
                raise JournalFull()
            if ring.state[index] == ERASED:
                return index, 0
            if not ring.erase(index) and is_last:
                raise OSError(_EIO)
            self._forget_keys()

    def _clear_gap(self):
        """Clears the slots that were passed over. Raises OSError; then it is still to be done.

        Cleared rather than left blank: after a restart, a cut can then only have hit the place
        behind the last slot that is not blank.
        """
        ring = self._ring
        ring.clear_spoiled()
        if ring.end < self._slot:
            ring.retire(ring.head, ring.end, self._slot - ring.end)
            ring.end = self._slot

    def _new_header(self, place, sequence, epoch):
        if place[1]:
            return None
        state = self._state
        tag_key = self._tag_key() if self._ring.head >= 0 and not self._rekey else None
        return layout.SectorHeader(
            sequence,
            epoch,
            state.acknowledged,
            state.released,
            state.tube,
            state.chain,
            tag_key or self._random(layout.TAG_KEY_BYTES),
        )

    def _write(self, place, header):
        """Programs what was sealed; False if the flash did not take it. Raises OSError.

        Whatever happens the place is used up, as are number and key.
        """
        index, slot = place
        slots = layout.slots_of(self._sealer.length)
        refusal = None
        page = self._sealer.page(header)
        try:
            is_good = self._ring.program(index, slot, page)
        except OSError as error:
            # It may be there all the same: then it is a record, though nobody was told so. To
            # clear it could be cut, and leave one that is there at times.
            refusal = error
            is_good = self._ring.holds(index, slot, page)
        if is_good:
            self._adopt(index, slot or 1, slots, header)
        elif header is None:
            self._slot = slot + slots
            self._clear_gap()
        else:
            self._ring.spoil(index)
        if refusal is not None:
            raise refusal
        return is_good

    def _adopt(self, index, slot, slots, header):
        if header is not None:
            self._enter_sector(index, header)
        self._slot = self._ring.end = slot + slots
        record = self._sealer.record()
        self._state.take(record)
        self._seen.take(index, slot, record)

    def _enter_sector(self, index, header):
        self._ring.advance(index, header.first, header.tag_key)
        self._seen.clear(index)
        self._rekey = False

    def _forget_keys(self):
        self._seen.forget_keys(self._ring.forget_keys())

    # -- epochs -------------------------------------------------------------------------

    def _open_epoch(self, unix_s, tier):
        """Writes the record that begins an epoch. Raises as `append`."""
        collection = self._collection()
        if collection is None:
            raise NoCollectionKey()
        if self._epoch.next_kid != collection[0]:
            self._prepare_epoch(collection)
        for _ in range(_ATTEMPTS):
            self._sealer.lay_out_epoch()
            place = self._make_room(self._sealer.length, tier)
            sequence = self._next_number()
            header = self._new_header(place, sequence, sequence)
            external = self._identity.device_id + self._state.chain
            self._sealer.sign_epoch(sequence, unix_s // 60, external, self._identity.sign)
            if self._write(place, header):
                self._epoch.start(sequence)
                return
        raise OSError(_EIO)

    def _prepare_epoch(self, collection):
        drawn = self._random(32)
        ephemeral = bytearray(drawn)
        wipe(drawn)
        try:
            self._epoch.prepare(collection[0], collection[1], self._identity.device_id, ephemeral)
        except ValueError as error:  # of small order: nothing can be sealed to it
            raise NoCollectionKey() from error

    def _is_epoch_due(self):
        collection = self._collection()
        if not self._epoch.sequence or (collection and collection[0] != self._epoch.kid):
            return True
        records = self._ring.count * (layout.SLOTS - 1) // _EPOCHS_OF_RING
        return self.next_sequence - self._epoch.sequence > records

    # -- reading ------------------------------------------------------------------------

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
            raise ValueError("not written yet")
        payload = [self._identity.device_id, nonce, first, last, chain, unix_s]
        return cose.sign1(PULL_TYP, cbor.encode(payload), self._identity.sign)

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
            raise ValueError("not written yet")
        # A number that no record has is one that a restart may give to a new record.
        up_to = min(up_to, self._state.last)
        if up_to <= self._state.acknowledged:
            return
        if self.chain_at(up_to) != chain:
            raise ValueError("chain")
        try:
            self.append(bodies.ACKNOWLEDGED, unix_s, [up_to, chain, operator])
        except JournalFull:
            # Not one slot is left. Known until the next restart, which is enough to empty it.
            self._state.acknowledged = up_to

    def close_shift(self, unix_s, operator=bytes(8)):
        """Lets everything acknowledged go, and forgets whom it has seen.

        A new sector, tag key and epoch begin. Returns the highest sequence number that was let go.
        Raises as `append`; then nothing was let go, or only this record is missing.
        """
        head = self._ring.head
        before = self._state.released
        released = self._state.acknowledged
        if released <= before:
            return before
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

    def _finish_sector(self):
        """Makes the newest sector a full one. Its last slot says so after a restart too."""
        if self._slot < layout.SLOTS:
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
        return sectors * (layout.SLOTS - 1) + layout.SLOTS - self._slot

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

    def idle(self, unix_s=0):
        """Does one step of what can wait; True if there is more.

        A step takes up to 50 ms with the flash busy (an erase), or 0.3 s of computing (an epoch).
        """
        following = self._ring.next_free()
        if following >= 0 and self._ring.state[following] != ERASED and self._erase_next():
            return True
        if self._is_epoch_due() and self._renew_epoch(unix_s):
            return True
        return self._seen.fill_next() or self._erase_next()

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
