"""Who was registered already: a byte a slot in RAM, confirmed by eight in the flash.

A person's tag is made by `tag_keys`; that of a tube is CRC-32 of its text. Where its first bytes
are in RAM, `tags` knows; what is found there is a hint, and the flash decides. After a restart the
sectors are entered from the newest backwards while nothing else is to be done, and whoever asks
before that waits for the rest.

Asking leaves nothing for the collector: what a look-up needs is made once.
"""

from binascii import crc32

from micropython import const

from journal import bodies, layout
from journal.ring import OPEN
from journal.tags import Tags

_CHUNK_BYTES = const(512)
_MOST_JUMPS = const(64)
_TAG_AT = const(16)  # of a record of a person


class Duplicates:
    """The index over a Ring. Records up to the State's `released` do not count any more."""

    def __init__(self, ring, state):
        self._ring = ring
        self._flash = ring.flash
        self._state = state
        self._tags = Tags(ring)
        self._next = -1  # the sector to be entered next, after a restart; -1: all are
        self._voided = set()  # in sectors that are not entered yet
        self._jumps = {}  # by sequence number, how far the clock was set on, in seconds
        self._start = bytearray(_TAG_AT + bodies.TAG_BYTES)  # of a record in flash
        self._start_tag = memoryview(self._start)[_TAG_AT:]
        self._chunk = bytearray(_CHUNK_BYTES)
        self._newest = None  # (sequence number, minute) of what was found so far

    # -- entering -----------------------------------------------------------------------

    def begin(self):
        """After a restart: of the kept sectors, only what `take` adds to the newest is known."""
        self._tags.forget()
        self._voided = set()
        self._jumps = {}
        self._next = self._ring.head
        if self._next >= 0:
            self._tags.begin(self._next)

    def fill_next(self):
        """Enters one more sector; False if there was none left. Raises OSError."""
        ring = self._ring
        while self._next >= 0 and ring.is_kept(self._next):
            index = self._next
            if not self._tags.is_known(index):
                self._fill(index)
                return True
            self._next = ring.before(index) if index != ring.tail else -1
        if self._voided:
            self._voided = set()
        return False

    def make_ahead(self):
        """Makes what the next sector needs of RAM, lets go of what an old one needed."""
        self._tags.make_ahead()

    def _fill(self, index):
        """Enters what a sector seems to hold. A hint too many does no harm."""
        has_more = False
        if self._ring.state[index] != OPEN:
            self._ring.share_key(index)
        self._tags.begin(index)
        try:
            for at in range(0, layout.SECTOR_BYTES, _CHUNK_BYTES):
                self._flash.read(index, self._chunk, at)
                for start in range(0, _CHUNK_BYTES, layout.SLOT_BYTES):
                    slot = (at + start) // layout.SLOT_BYTES
                    if slot:
                        kind = self._enter(index, slot, self._chunk, start)
                        if kind == bodies.VOID or kind == bodies.CLOCK_SET:
                            has_more = True
            if has_more:
                # These have to be records, and no middles of some.
                for _, record in self._ring.records(index):
                    self._take_further(record)
        except OSError:
            self._tags.unknow(index)
            raise

    def taken(self, index):
        """A sector was taken anew: it is the newest."""
        self._tags.begin(index)

    def take(self, index, slot, record):
        """Enters a record that lies in this sector and slot."""
        if record[1] == bodies.REGISTRATION:  # a new one: nothing has voided it
            self._tags.enter(index, slot, record[_TAG_AT])
        else:
            self._enter(index, slot, record, 0)
            self._take_further(record)

    def _take_further(self, record):
        kind = record[1]
        if kind == bodies.VOID:
            self._void(bodies.number(record))
        elif kind == bodies.CLOCK_SET:
            self._note_jump(record)

    def _enter(self, index, slot, data, at):
        """Enters the record at `at` in `data`, if it is of a kind that is looked for.

        Returns its type.
        """
        kind = data[at + 1]
        if kind == bodies.REGISTRATION or kind == bodies.MANUAL:
            if not self._voided or bodies.sequence(data, at) not in self._voided:
                self._tags.enter(index, slot, data[at + _TAG_AT])
        elif kind == bodies.TUBE_OPENED:
            tag = crc32(bodies.tube_bytes(data, at))
            self._tags.enter(index, slot, tag >> 8 & 0xFF)
        return kind

    def _void(self, sequence):
        """A registration does not count any more. It may be in a sector that is not entered yet."""
        index = self._ring.sector_of(sequence)
        if index < 0:
            return
        if not self._tags.is_known(index):
            self._voided.add(sequence)
            return
        for slot in range(1, layout.SLOTS):  # a restart may have written it a second time
            record = self._flash.record_at(index, slot)
            if record is not None and bodies.sequence(record) == sequence:
                self._tags.remove(index, slot)

    # -- asking -------------------------------------------------------------------------

    def jumped_since(self, sequence):
        """By how many seconds the clock was set on (or back) since a record was written."""
        jumped = 0
        for number, jump_s in self._jumps.items():
            if number > sequence:
                jumped += jump_s
        return jumped

    def _note_jump(self, record):
        jump_s = bodies.jump_s(record)
        if not jump_s:
            return
        jumps = self._jumps
        jumps[bodies.sequence(record)] = jump_s
        if len(jumps) > _MOST_JUMPS:
            # Nobody sets a clock so often in a shift. The first two are taken for one.
            first = min(jumps)
            jump_s = jumps.pop(first)
            jumps[min(jumps)] += jump_s

    def find_subject(self, subject, register=bodies.NO_REGISTER):
        """(sequence number, minute) of the newest registration of 16 bytes, or None.

        register: 8 bytes that name where the subject is one.
        """
        self._ring.keys.set_register(register)
        return self._find_subject(subject)

    def _find_subject(self, subject):
        self._newest = None
        while self.fill_next():
            pass
        for key in self._ring.kept_keys():
            self._look_for(subject, key)
        return self._newest

    def _look_for(self, subject, key):
        """Notes what is found with the tag of a subject under the key at this place."""
        tag = self._ring.keys.tag(subject, key)
        found = self._first(tag[0])
        while found >= 0:
            if self._ring.keys.place_of(found // layout.SLOTS) == key and self._is_person(
                found, tag
            ):
                self._confirm(found)
            found = self._tags.find(tag[0], found)

    def find_tube(self, text):
        """(sequence number, minute) of the newest opening of a tube, or None. text: its barcode."""
        self._newest = None
        while self.fill_next():
            pass
        text = text.encode()
        tag = crc32(text)
        first = tag >> 8 & 0xFF
        found = self._first(first)
        while found >= 0:
            if self._kind(found) == bodies.TUBE_OPENED:
                record = self._flash.record_at(found // layout.SLOTS, found % layout.SLOTS)
                if record is not None and bodies.tube_bytes(record) == text:
                    self._confirm(found)
            found = self._tags.find(first, found)
        return self._newest

    def _first(self, first):
        if self._ring.head < 0:
            return -1
        return self._tags.find(first, self._ring.tail * layout.SLOTS)

    def _is_person(self, place, tag):
        """True if in the flash, too, the tag is at a person's place."""
        kind = self._kind(place)
        if kind != bodies.REGISTRATION and kind != bodies.MANUAL:
            return False
        return self._start_tag == tag

    def _kind(self, place):
        """Reads the start of a slot (places are those of Tags); what type it says."""
        self._flash.read(
            place // layout.SLOTS, self._start, place % layout.SLOTS * layout.SLOT_BYTES
        )
        return self._start[1]

    def _confirm(self, place):
        """Notes the record there if it counts and is newer than what was found before."""
        record = self._flash.record_at(place // layout.SLOTS, place % layout.SLOTS)
        if record is None:
            return
        _, _, _, sequence, minute = layout.read_record_header(record)
        low, high = self._ring.bounds(place // layout.SLOTS)
        if not low <= sequence < high or sequence <= self._state.released:
            return
        if self._newest is None or sequence > self._newest[0]:
            self._newest = sequence, minute
