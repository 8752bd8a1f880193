"""Writes the sealed journal, and finds its end again after a restart.

A record is one program operation; all else that a record needs (a blank sector, an epoch) is made
ahead while the device is idle, or here where that had no time. docs/journal.md argues each case of
power failing.
"""

from crypto.wipe import wipe
from micropython import const
from system import rooms

from journal import JournalFull, NoCollectionKey, bodies, layout
from journal.duplicates import Duplicates
from journal.epoch import Epoch
from journal.ring import ERASED, Ring
from journal.seal import Sealer, manual_subject
from journal.state import State

_EPOCHS_OF_RING = const(32)  # so many epochs at least; what must stay with its epoch stays small
_ATTEMPTS = const(3)
_EIO = const(5)

# How many free sectors a record must leave: registrations two, so that what staff and hosts do is
# still recorded when they are refused; of these the last one is for the end of a shift alone.
ORDINARY = const(2)
RESERVED = const(1)
_EMPTYING = const(0)
_TIERS = {
    bodies.REGISTRATION: ORDINARY,
    bodies.MANUAL: ORDINARY,
    bodies.REFUSALS: ORDINARY,
    bodies.TUBE_OPENED: ORDINARY,
    bodies.SHIFT_CLOSED: _EMPTYING,
}


class Writer:
    """A journal on a flash partition, sealed to a collection key.

    partition: an `esp32.Partition` or what has its readblocks, writeblocks and ioctl.
    identity: has `device_id` (8 bytes; None before there is one: nothing can be written then)
    and `sign(message)` -> 64 bytes (Ed25519).
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
        self._sealer = Sealer(self._epoch)
        self._state = State(bytes(8))
        self._seen = Duplicates(self._ring)
        self._slot = layout.SLOTS  # of the newest sector: where the next record goes
        # Where it ends. After a restart before its last slot, in which the mark of a sector that
        # was finished early may have been on its way.
        self._limit = layout.SLOTS
        self._rekey = True
        self._tube = None
        self.next_sequence = 1

    # -- finding everything again -------------------------------------------------------

    def mount(self):
        """Finds the end of the journal, whatever the last power cut left, and mends it."""
        # Needed at a start, and once more where the root is installed.
        rooms.START.enter()
        from journal import recovery

        recovery.mount(self)

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
        if ring.head >= 0 and self._slot < self._limit:
            left = layout.SLOTS_OF_PAGE - self._slot % layout.SLOTS_OF_PAGE
            left = min(left, self._limit - self._slot)
            if slots > left:
                self._slot += left
                self._clear_gap()
            if self._slot < self._limit:
                return ring.head, self._slot
        while True:
            index = ring.next_free()
            is_last = ring.free() <= tier
            # For the end of a shift even a spoiled sector will do, which is then worn once more.
            if index < 0 or (is_last and tier > _EMPTYING):
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
        self._seen.taken(index)
        self._limit = layout.SLOTS
        self._rekey = False

    def _forget_keys(self):
        self._seen.forget_keys(self._ring.forget_keys())

    # -- epochs -------------------------------------------------------------------------

    def _open_epoch(self, unix_s, tier):
        """Writes the record that begins an epoch. Raises as `append`."""
        collection = self._collection()
        if collection is None or self._identity.device_id is None:
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
