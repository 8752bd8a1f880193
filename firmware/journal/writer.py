"""Appends records: each is one program operation, sealed under a key of its own.

All else that a record needs (a blank sector, an epoch) is made ahead while the device is idle, or
here where that had no time. docs/journal.md argues each case of power failing.
"""

from crypto.wipe import wipe
from micropython import const
from system import rooms

from journal import JournalFull, NoCollectionKey, bodies, layout
from journal.epoch import Epoch
from journal.ring import ERASED
from journal.seal import Sealer, document_subject

_EPOCHS_OF_RING = const(32)  # so many epochs at least
_EPOCH_GRACE = const(64)  # so many more numbers, before somebody has to wait for the next one
_ATTEMPTS = const(3)
_MAX_BACK = const(250)  # fits a byte, whichever attempt succeeds
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


class Writer:
    """Writes behind the newest record of a Ring, and tells State and Duplicates of it.

    next_sequence: number of the next record. slot: of the newest sector, where that goes; limit:
    where the sector ends. identity, collection, random: as of a Journal.
    """

    def __init__(self, ring, state, seen, identity, collection, random):
        self.identity = identity
        self.collection = collection
        self.random = random
        self.state = state
        self.epoch = Epoch()
        self.sealer = Sealer(self.epoch)
        self._ring = ring
        self._flash = ring.flash
        # So many numbers, and the next epoch is due: what must stay with its epoch stays small.
        self._epoch_limit = ring.count * (layout.SLOTS - 1) // _EPOCHS_OF_RING
        self._seen = seen
        self.begin(layout.SLOTS, layout.SLOTS, 1, True)

    def begin(self, slot, limit, next_sequence, is_rekey_due):
        """Goes on where a restart has found the end. An epoch is never reopened."""
        self.slot = slot
        self.limit = limit
        self.next_sequence = next_sequence
        self._is_rekey_due = is_rekey_due
        self.epoch.forget()
        self.sealer.set_device(self.identity.device_id or bytes(8))

    def append(self, record_type, unix_s, payload, tier):
        """Writes a record; it is durable when this returns. Returns its sequence number.

        tier: how many free sectors it must leave, unless its kind may take more. Else as
        Journal.append.
        """
        tier = min(tier, _TIERS.get(record_type, RESERVED))
        if not self.epoch.sequence:
            self.open_epoch(unix_s, tier)
        elif self.next_sequence - self.epoch.sequence > self._epoch_limit + _EPOCH_GRACE:
            self._end_long_epoch(unix_s, tier)
        if record_type == bodies.MANUAL:
            return self._append_manual(unix_s, payload, tier)
        return self._append(record_type, unix_s, payload, tier)

    def _append_manual(self, unix_s, payload, tier):
        person = document_subject(payload[0], payload[1])
        try:
            return self._append(bodies.MANUAL, unix_s, payload, tier, person)
        finally:
            wipe(person)

    def _append(self, record_type, unix_s, payload, tier, person=None):
        """person: the 16 bytes of whom the record is of, if it is of one registered by hand."""
        if record_type == bodies.REGISTRATION:
            person = payload[0]
            self._ring.keys.set_register(payload[6] if len(payload) > 6 else bodies.NO_REGISTER)
        elif person is not None:
            self._ring.keys.set_register(bodies.NO_REGISTER)
        for _ in range(_ATTEMPTS):
            try:
                self.sealer.lay_out(record_type, payload, self.state.tube)
                place = self.find_place(self.sealer.length, tier)
                if not place[1] and self.epoch.is_once and record_type != bodies.EPOCH_KEY:
                    self.sealer.forget()
                    self.repeat_key(unix_s, tier)
                    self.sealer.lay_out(record_type, payload, self.state.tube)
                    place = self.find_place(self.sealer.length, tier)
            except (ValueError, JournalFull, OSError):
                self.sealer.forget()
                raise
            sequence = self.next_number()
            header = self.new_header(place, sequence, self.epoch.sequence)
            if person is not None:
                self.sealer.set_tag(self._tag(person, header))
            elif record_type == bodies.EPOCH_KEY:
                self.sealer.set_back(sequence - self.epoch.sequence)
            self.sealer.seal(sequence, unix_s // 60, self.state.link)
            if self.write(place, header):
                return sequence
        raise OSError(_EIO)

    # -- what a record needs --------------------------------------------------------------

    def next_number(self):
        """Takes a sequence number: for one attempt to write."""
        sequence = self.next_sequence
        self.next_sequence += 1
        return sequence

    def find_place(self, length, tier):
        """(sector, slot) for a record; slot 0 stands for a new sector. Raises JournalFull."""
        ring = self._ring
        slots = layout.slots_of(length)
        self._clear_gap()
        if ring.head >= 0 and self.slot < self.limit:
            left = layout.SLOTS_OF_PAGE - self.slot % layout.SLOTS_OF_PAGE
            left = min(left, self.limit - self.slot)
            if slots > left:
                self.slot += left
                self._clear_gap()
            if self.slot < self.limit:
                return ring.head, self.slot
        return self._find_sector(tier), 0

    def _find_sector(self, tier):
        ring = self._ring
        while True:
            index = ring.next_free()
            is_last = ring.free() <= tier
            # For the end of a shift even a spoiled sector will do, which is then worn once more.
            if index < 0 or (is_last and tier > EMPTYING):
                raise JournalFull()
            if ring.state[index] == ERASED:
                return index
            if not ring.erase(index) and is_last:
                raise OSError(_EIO)

    def _clear_gap(self):
        """Clears the slots that were passed over. Raises OSError; then it is still to be done.

        Cleared rather than left blank: after a restart, a cut can then only have hit the place
        behind the last slot that is not blank.
        """
        ring = self._ring
        ring.clear_spoiled()
        if ring.end < self.slot:
            self._flash.retire(ring.head, ring.end, self.slot - ring.end)
            ring.end = self.slot

    def new_header(self, place, sequence, epoch):
        """The header that goes with a first record, or None. epoch: sequence number of its own."""
        return None if place[1] else self._new_header(sequence, epoch)

    def _new_header(self, sequence, epoch):
        ring, state = self._ring, self.state
        tag_key = None
        if ring.head >= 0 and not self._is_rekey_due:
            tag_key = ring.keys.key_of(ring.head)
        return layout.SectorHeader(
            sequence,
            epoch,
            state.count,
            state.acknowledged,
            state.released,
            state.tube,
            state.chain,
            tag_key or self.random(layout.TAG_KEY_BYTES),
        )

    def _tag(self, person, header):
        keys = self._ring.keys
        if header is not None:
            return keys.tag_under(person, header.tag_key)
        return keys.tag(person, keys.place_of(self._ring.head))

    # -- writing --------------------------------------------------------------------------

    def write(self, place, header):
        """Programs the sealer's record; False if the flash did not take it. Raises OSError.

        Whatever happens the place is used up, as are number and key.
        """
        page = self.sealer.page(header)
        try:
            is_good = self._flash.program(place[0], place[1], page)
        except OSError:
            # It may be there all the same: then it is a record, though nobody was told so. To
            # clear it could be cut, and leave one that is there at times.
            is_good = self._flash.holds(place[0], place[1], page)
            self._use_up(place[0], place[1], header, is_good)
            raise
        self._use_up(place[0], place[1], header, is_good)
        return is_good

    def _use_up(self, index, slot, header, is_good):
        if is_good:
            self._adopt(index, slot or 1, header)
        elif header is None:
            self.slot = slot + layout.slots_of(self.sealer.length)
            self._clear_gap()
        else:
            self._ring.spoil(index)

    def _adopt(self, index, slot, header):
        if header is not None:
            self._enter_sector(index, header)
        self.slot = self._ring.end = slot + layout.slots_of(self.sealer.length)
        record = self.sealer.record()
        self.state.take(record)
        self._seen.take(index, slot, record)

    def _enter_sector(self, index, header):
        self._ring.advance(index, header.first, header.tag_key)
        self._seen.taken(index)
        self.limit = layout.SLOTS
        self._is_rekey_due = False

    def open_sector(self):
        """Opens a sector without a record: so that the next restart has none to distrust.

        Else a device that loses power at each start before it writes would pass over one each time.
        """
        ring = self._ring
        index = ring.next_free()
        if ring.free() > RESERVED and ring.state[index] == ERASED:
            # It takes a number: no two headers begin with the same one.
            header = self.new_header((index, 0), self.next_number(), self.state.epoch)
            if self._is_programmed(index, 0, header.alone()):
                self._enter_sector(index, header)
                self.slot = ring.end = 1
            else:
                ring.spoil(index)

    def _is_programmed(self, index, slot, data):
        try:
            return self._flash.program(index, slot, data)
        except OSError:
            return self._flash.holds(index, slot, data)

    def copy(self, record):
        """Writes the newest record once more, in a place where nothing was, if its sector has one.

        A restart found it, and nothing behind it: its own place may hold bits that waver.
        """
        slots = layout.slots_of(len(record))
        left = layout.SLOTS_OF_PAGE - self.slot % layout.SLOTS_OF_PAGE
        if slots > left:
            self.slot += left
        if self.slot + slots > self.limit:
            return
        self._clear_gap()
        at = self.slot
        self.slot += slots
        if self._is_programmed(self._ring.head, at, record):
            self._ring.end = self.slot
            self._seen.take(self._ring.head, at, record)
        else:
            self._clear_gap()

    def finish_sector(self):
        """Makes the newest sector a full one. Its last slot says so after a restart too."""
        try:
            self._clear_gap()
            if self.slot < layout.SLOTS - 1:
                self._flash.retire(self._ring.head, layout.SLOTS - 1, 1)
        except OSError:
            # A sector that takes nothing any more must not keep what it holds from being let go.
            self._is_rekey_due = True
        self.slot = self._ring.end = layout.SLOTS

    # -- epochs ---------------------------------------------------------------------------

    def open_epoch(self, unix_s, tier):
        """Writes the record that begins an epoch. Raises as `append`."""
        rooms.EPOCH.enter()
        from journal import opening

        opening.open_epoch(self, unix_s, tier)

    def _end_long_epoch(self, unix_s, tier):
        """Nothing was ever idle: the next epoch begins in the midst of a queue."""
        try:
            self.open_epoch(unix_s, tier)
        except JournalFull:
            return  # what still fits goes on in this one

    def renew_epoch(self, unix_s):
        """Does one step towards the next epoch, 0.3 s at the most. Raises as `append`."""
        rooms.EPOCH.enter()
        from journal import opening

        collection = self.collection()
        if collection and self.epoch.next_kid != collection[0]:
            if self.identity.device_id is None:
                raise NoCollectionKey()
            opening.prepare(self.epoch, collection, self.identity, self.random)
        else:
            opening.open_epoch(self, unix_s, ORDINARY)

    @property
    def is_key_due(self):
        """True if the next sector begins with the epoch's key, written a second time."""
        return self.epoch.is_once and self.slot >= self.limit

    def repeat_key(self, unix_s, tier):
        """Writes the epoch's key a second time, first in another sector than before.

        So no record is without it if either sector is lost. Raises as `append`.
        """
        if self.next_sequence - self.epoch.sequence > _MAX_BACK:  # many numbers were lost
            self.open_epoch(unix_s, tier)
        else:
            self._append(bodies.EPOCH_KEY, unix_s, self.epoch.once, tier)
            self.epoch.is_once = False

    def end_epoch(self):
        """The next record needs another epoch, in a sector with another tag key."""
        self.epoch.forget()
        self._is_rekey_due = True

    @property
    def _is_epoch_unused(self):
        """True if the start before has begun an epoch ahead, and nobody came.

        The next one is only held ready then, and its record written with the first that follows:
        else starts alone would fill the journal.
        """
        state = self.state
        return not self.epoch.sequence and state.last > 0 and state.epoch == state.last

    @property
    def is_epoch_due(self):
        """True if there is something to be done for the next epoch."""
        collection = self.collection()
        if self._is_epoch_unused:
            return bool(collection) and self.epoch.next_kid != collection[0]
        if not self.epoch.sequence:
            return True
        if collection and collection[0] != self.epoch.kid:
            return True
        return self.next_sequence - self.epoch.sequence > self._epoch_limit
