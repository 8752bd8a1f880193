"""After a restart: the journal's end is found, and what was cut is made definite.

The states, in their order. Power may fail in each: the next restart begins at the first again, and
finds what this one has left.

    HEADERS   The first slot of every sector is read, a single wrong bit of it put right. The
              highest header's sector is the head; without one the journal is empty, and SECTORS is
              all that is left to do.
    HEAD      The head's header reads the same each time: RECORDS.
              It does not: it is programmed again. If it is not right even then, and there are
              records behind its page, it has decayed: the sector is kept, and closed. Without them
              power failed while it was being cleared: it is cleared, and what is the head now?
              HEADERS.
    RECORDS   The head's slots, from the first to the last. Each of them is
                  whole     begins a record, with a higher number than those before;
                  torn      holds something else: what a cut has left, or what was cleared;
                  blank.
              A whole one counts once there is another one behind it: so it was written to the end.
              The newest is held back.
    BEHIND    The sector that comes next says nothing, but holds higher numbers behind its first
              page: its header was written whole, and has decayed beyond mending. It is the head
              instead, closed: RECORDS.
    NEWEST    The one held back is programmed again. Steady: it counts. Else it was being cleared
              when power failed again: it is torn. One that counts is written once more in a fresh
              place of its sector, at the end of all this: so it counts at the next restart too,
              whatever a bit in the first place does.
    TORN      What is torn behind the last that counts is cleared, so that no bit that changes its
              mind makes a record of it. Writing goes on behind all that a cut program can have
              touched without a trace; the writer clears the slots in between.
    SECTORS   Free sectors are passed over where an erase, or a new header, can have been cut.
    OPEN      A head that is full or closed gets a sector behind it, without a record.

Each step only programs bits to zero that were meant to be zero, or whole slots to zero, so it can
be cut and done again. docs/journal.md argues each case.
"""

from micropython import const

from journal import bodies, layout
from journal.ring import DIRTY, ERASED, OPEN

# What is left of a magic (Ring.erase): its sector is being erased, or it is next
_BEGUN = const(b"\x00\x00\x00\x00")
_NEXT = const(b"\x00\x00")
_BLANK_HALF = const(b"\xff\xff")
_READS = const(8)  # a bit that wavers shows itself
# Of the newest sector: in its last slot the mark of a sector that was finished early may have been
# on its way.
_LIMIT = layout.SLOTS - 1


class Recovery:
    """Goes through the states once, for a Ring, a State without records and Duplicates."""

    def __init__(self, ring, state, seen):
        self._ring = ring
        self._flash = ring.flash
        self._state = state
        self._seen = seen
        self._newest = b""  # the record held back: a copy, for it may not read the same again
        self._newest_slot = 0
        self._sequence = 0  # its sequence number
        self._count = 0  # of whole records, it included
        self._end = 1  # slot behind the last whole record
        self._used = 1  # slot behind the last that is not blank
        self._is_closed = False  # the head decayed, or takes nothing: no more is written there
        self._copy_slot = 0  # where the newest record is a second time
        self._is_settled = False  # it counts, and is not there twice

    def run(self, writer):
        """Finds the end, and has the Writer go on there. Raises OSError."""
        ring, state = self._ring, self._state
        self._find_head()
        if ring.head < 0:
            self._seen.begin()
            self._pass_over_sectors(True)
            writer.begin(layout.SLOTS, layout.SLOTS, 1, True)
            return
        header = layout.read_sector_header(ring.head_bytes)
        state.enter(header)
        ring.keep_from(header.released + 1)
        self._seen.begin()
        self._read_records(header.first)
        behind = self._written_behind()
        while behind >= 0:
            self._enter_behind(behind)
            behind = self._written_behind()
        self._settle_newest()
        self._clear_torn()
        ring.keep(state.released)
        slot = _behind_a_cut(self._used)
        # Numbers that may have been taken for what is not there: never again.
        lost = max(1, slot - self._end)
        is_full = self._is_closed or self._used >= _LIMIT
        if self._is_closed:
            slot = layout.SLOTS
        lost += self._pass_over_sectors(is_full)
        writer.begin(slot, _LIMIT, state.last + 1 + lost, state.released > header.released)
        if is_full:
            writer.open_sector()
        elif self._is_settled:
            writer.copy(self._newest)

    # -- HEADERS, HEAD ----------------------------------------------------------------------

    def _find_head(self):
        ring = self._ring
        self._read_headers()
        while ring.head >= 0 and not self._is_steady(0, ring.head_bytes):
            self._refresh_header()
            if self._is_steady(0, ring.head_bytes):
                return
            if self._is_written(ring.head, ring.first[ring.head]):
                self._is_closed = True
                return
            ring.spoil(ring.head)
            self._read_headers()

    def _read_headers(self):
        ring = self._ring
        ring.forget()
        for index in range(ring.count):
            slot = self._flash.mended_start(index)
            first = layout.sector_first(slot)
            if not first:
                ring.state[index] = ERASED if layout.is_erased_mark(slot) else DIRTY
                continue
            ring.state[index] = OPEN
            ring.opened(index, first, layout.tag_key(slot))
            if ring.head < 0 or first > ring.first[ring.head]:
                ring.head = index
                # Kept, because a header that was cut may not read the same again.
                ring.head_bytes[:] = slot
        if ring.head >= 0:
            self._drop_left_over()

    def _drop_left_over(self):
        """A sector that could not be erased when it was its turn has a header that is too old."""
        ring = self._ring
        newest = 0
        index = ring.head
        for _ in range(ring.count):
            index = ring.after(index)  # the head comes last
            if ring.state[index] == OPEN:
                if ring.first[index] < newest:
                    ring.state[index] = DIRTY
                newest = max(newest, ring.first[index])

    def _is_steady(self, slot, data):
        """True if these bytes are at a slot of the head each time it is read."""
        for _ in range(_READS):
            if not self._flash.holds(self._ring.head, slot, data):
                return False
        return True

    def _refresh_header(self):
        """Programs the head's header once more: the same bits, now for certain."""
        self._program(0, self._ring.head_bytes)

    def _is_written(self, index, lowest):
        """True if a sector holds a record, not below this number, behind its first page.

        Then its header was written whole, whatever it is now. That takes one record: those of the
        first page prove nothing, they may have been programmed together with the header.
        """
        for slot in range(layout.SLOTS_OF_PAGE, layout.SLOTS):
            record = self._flash.record_at(index, slot)
            if record is not None and bodies.sequence(record) >= lowest:
                return True
        return False

    # -- BEHIND -----------------------------------------------------------------------------

    def _written_behind(self):
        """The sector that was taken behind the head, though its header says nothing; or -1."""
        ring = self._ring
        for index in ring.free_places():
            start = self._flash.start(index)
            if ring.state[index] != DIRTY or start == layout.BLANK:
                return -1
            if not _is_cleared(start):  # else it was passed over
                return index if self._is_written(index, self._sequence + 1) else -1
        return -1

    def _enter_behind(self, index):
        """Such a sector is the head; what its header said, the records before it say."""
        ring = self._ring
        self._take_newest()
        ring.advance(index, self._sequence + 1, bytes(ring.keys.key_of(ring.head)))
        self._seen.taken(index)
        self._is_closed = True
        self._newest = b""
        self._count = 0
        self._end = self._used = 1
        self._read_records(self._sequence + 1)

    # -- RECORDS, NEWEST, TORN --------------------------------------------------------------

    def _read_records(self, first):
        ring = self._ring
        self._sequence = first - 1
        slot = 1
        while slot < layout.SLOTS:
            record = self._flash.record_at(ring.head, slot)
            if record is not None and self._newest and record == self._newest:
                # Written a second time by a restart.
                self._copy_slot = slot
                slot += layout.slots_of(len(record))
                self._end = self._used = slot
            elif record is not None and bodies.sequence(record) > self._sequence:
                record = bytes(record)  # what follows reads others
                self._take_newest()
                self._newest, self._newest_slot = record, slot
                self._copy_slot = 0
                self._sequence = bodies.sequence(record)
                self._count += 1
                slot += layout.slots_of(len(record))
                self._end = self._used = slot
            else:
                slot += 1
                if self._flash.slot_read() != layout.BLANK:
                    self._used = slot

    def _take_newest(self):
        if self._newest:
            self._state.take(self._newest)
            self._seen.take(self._ring.head, self._newest_slot, self._newest)

    def _settle_newest(self):
        if self._copy_slot:
            if self._is_steady(self._copy_slot, self._newest):
                self._newest_slot = self._copy_slot
                self._take_newest()
                return
            # Power failed in writing it. So nobody has been told of the record yet.
            self._end = self._copy_slot
            self._copy_slot = 0
        # A first record's program began with the header.
        if self._count <= 1 and not self._is_closed:
            self._refresh_header()
        if not self._newest:
            return
        self._program(self._newest_slot, self._newest)
        if self._is_steady(self._newest_slot, self._newest):
            self._is_settled = True
            self._take_newest()
        else:
            self._end = self._newest_slot

    def _program(self, slot, data):
        """Programs in the head; if that is refused nothing more is written there."""
        try:
            self._flash.program(self._ring.head, slot, data)
        except OSError:
            self._is_closed = True

    def _clear_torn(self):
        ring = self._ring
        for slot in range(self._end, self._used):
            self._flash.record_at(ring.head, slot)
            if self._flash.slot_read() != layout.RETIRED:
                self._program(slot, layout.RETIRED)
        ring.end = layout.SLOTS if self._is_closed else self._used

    # -- SECTORS ----------------------------------------------------------------------------

    def _pass_over_sectors(self, is_header_possible):
        """Passes over the free sectors in which power may have failed; returns how many.

        is_header_possible: the next record went, or goes, to the first sector that is erased.
        """
        ring = self._ring
        free = list(ring.free_places())
        erased = 0  # so many of them, up to the last that is erased
        for place, index in enumerate(free):
            if ring.state[index] == ERASED:
                erased = place + 1
        return self._pass_over_headers(free[:erased], is_header_possible) + self._pass_over_erases(
            free[erased:]
        )

    def _pass_over_headers(self, sectors, is_header_possible):
        """Up to the last that is erased: a header can have been on its way to the first of these.

        One that says nothing was passed over before, and is again.
        """
        ring = self._ring
        passed = 0
        for index in sectors:
            is_erased = ring.state[index] == ERASED
            if ring.state[index] == DIRTY or (is_erased and is_header_possible):
                ring.spoil(index)
                passed += 1
            # In an empty ring nothing is behind it: the next header comes to the very first sector.
            if is_erased or ring.head < 0:
                is_header_possible = False
        return passed

    def _pass_over_erases(self, sectors):
        """Behind the last that is erased: the next to be erased is the first of these.

        Behind one that was passed over in this round the next one has had its turn as well.
        """
        ring = self._ring
        passed = 0
        for index in sectors:
            if ring.state[index] != DIRTY or not self._may_be_worn(index):
                break
            was_passed = _is_cleared(self._flash.start(index))
            ring.spoil(index)
            passed += 1
            if not was_passed:
                break
        return passed

    def _may_be_worn(self, index):
        """True if the erase of a sector without a header may have begun in this round."""
        ring = self._ring
        following = ring.after(index)
        if ring.is_free(following) and ring.state[following] != ERASED:
            magic = self._flash.start(following)[: len(_BEGUN)]
            if magic[2:] in (layout.MAGIC[2:], _BLANK_HALF) and magic[:2] != _NEXT:
                return False
        magic = self._flash.start(index)[: len(_BEGUN)]
        return magic[:2] != _NEXT or magic[2:] == _NEXT


def _behind_a_cut(used):
    """Behind every slot that a cut program could have touched without a trace.

    It began at `used`, took at most three slots, and did not leave its page.
    """
    if used >= layout.SLOTS:
        return layout.SLOTS
    place = used % layout.SLOTS_OF_PAGE
    return used + 3 if place == 0 else used + layout.SLOTS_OF_PAGE - place


def _is_cleared(start):
    """True if a sector begins as `Ring.spoil` leaves it."""
    return start[len(layout.MAGIC) :] == layout.RETIRED[len(layout.MAGIC) :]
