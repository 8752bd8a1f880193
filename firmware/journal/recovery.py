"""After a restart: the journal's end is found, and what was cut is made definite.

Each step programs bits to zero that were meant to be zero, or whole slots to zero, so it can be
cut and done again. docs/journal.md argues each case.

This is the part of the writer and the ring that is needed once, so it uses what is private to the
first.
"""

from micropython import const

from journal import bodies, layout
from journal.ring import DIRTY, ERASED, OPEN
from journal.state import State
from journal.writer import RESERVED

# What is left of a magic (Ring.erase): its sector is being erased, or it is next
_BEGUN = const(b"\x00\x00\x00\x00")
_NEXT = const(b"\x00\x00")
_BLANK_HALF = const(b"\xff\xff")
_READS = const(8)  # a bit that wavers shows itself


def mount(journal):
    """What Writer.mount says. journal: the Writer."""
    ring = journal._ring
    _find_head(ring)
    journal._epoch.forget()
    device_id = journal._identity.device_id or bytes(8)
    journal._sealer.set_device(device_id)
    journal._state = state = State(device_id)
    seen = journal._seen
    journal._slot = journal._limit = layout.SLOTS
    journal._rekey = True
    journal._tube = None
    journal.next_sequence = 1
    if ring.head < 0:
        seen.begin()
        _distrust(ring, True)
        return
    header = layout.read_sector_header(ring.head_bytes)
    state.enter(header)
    ring.keep_from(header.released + 1)
    seen.begin()

    def take(slot, record):
        state.take(record)
        seen.take(ring.head, slot, record)

    ring.end, journal._slot, passed = _recover(ring, take)
    journal._rekey = state.released > header.released
    journal._keep()
    journal._limit = layout.SLOTS - 1
    passed += _distrust(ring, ring.end >= journal._limit)
    journal.next_sequence = state.last + 1 + passed
    _find_count(ring, state)
    if ring.end >= journal._limit:
        _open_sector(journal, ring)


# -- the newest sector ------------------------------------------------------------------


def _find_head(ring):
    """Finds the newest header that is there for certain.

    One that power kept from being cleared may still be there at times.
    """
    _find(ring)
    while ring.head >= 0 and not _is_steady(ring, 0, ring.head_bytes):
        _refresh_header(ring)
        if _is_steady(ring, 0, ring.head_bytes):
            return
        ring.spoil(ring.head)
        _find(ring)


def _find(ring):
    """Reads all headers; afterwards the ring's head is the newest sector, -1 if there is none."""
    ring.forget()
    for index in range(ring.count):
        slot = ring.start(index)
        first = layout.sector_first(slot)
        if not first:
            ring.state[index] = ERASED if layout.is_erased_mark(slot) else DIRTY
            continue
        ring.state[index] = OPEN
        at = layout.TAG_KEY_AT
        ring.opened(index, first, bytes(memoryview(slot)[at : at + layout.TAG_KEY_BYTES]))
        if ring.head < 0 or first > ring.first[ring.head]:
            ring.head = index
            # Kept, because a header that was cut may not read the same again.
            ring.head_bytes[:] = slot
    _drop_left_over(ring)


def _drop_left_over(ring):
    """A sector that could not be erased when it was its turn has a header that is too old."""
    newest = 0
    index = ring.head
    for _ in range(ring.count if ring.head >= 0 else 0):
        index = ring.after(index)  # the head comes last
        if ring.state[index] == OPEN:
            if ring.first[index] < newest:
                ring.state[index] = DIRTY
            newest = max(newest, ring.first[index])


def _is_steady(ring, slot, data):
    """True if these bytes are at a slot of the head each time it is read. Raises OSError."""
    for _ in range(_READS):
        if not ring.holds(ring.head, slot, data):
            return False
    return True


def _refresh_header(ring):
    """Programs the newest header once more: the same bits, now for certain."""
    ring.program(ring.head, 0, ring.head_bytes)


# -- its end ----------------------------------------------------------------------------


def _recover(ring, take):
    """Walks the head sector, calls take(slot, record) for each whole record, repairs the end.

    Returns (slot behind the last that is not blank, slot where writing goes on, how many sequence
    numbers to pass over). The slots between the two are to be cleared before the first write, so
    that the next restart finds again where that one can have been.
    """
    head = ring.head
    sequence = ring.first[head] - 1
    newest = b""  # a copy: a record that was cut may not read the same again
    last = count = 0
    slot = end = used = 1  # behind the last whole record; behind the last slot that is not blank
    while slot < layout.SLOTS:
        record = ring.record_at(head, slot)
        if record is not None and layout.read_record_header(record)[3] > sequence:
            following = bytes(record)  # `take` may read others
            if count:
                take(last, newest)  # another one follows: it was written to the end
            newest = following
            sequence = layout.read_record_header(newest)[3]
            last = slot
            count += 1
            slot += layout.slots_of(len(newest))
            end = used = slot
            continue
        if ring.slot_read() != layout.BLANK:
            used = slot + 1
        slot += 1
    # The last program may have been cut at its very end: bits that read as programmed need not do
    # so for long. Programming them again makes them.
    if count <= 1:
        _refresh_header(ring)
    if count:
        ring.program(head, last, newest)
        if not _is_steady(ring, last, newest):
            # It was being cleared when power failed again.
            count -= 1
            end = last
    if count and end > last:
        take(last, newest)
    _retire(ring, end, used)
    resume = _resume(used)
    return used, resume, max(1, resume - end)


def _retire(ring, start, end):
    """What is torn is cleared: it must not become a record by a bit that changes its mind."""
    for slot in range(start, end):
        ring.record_at(ring.head, slot)
        if ring.slot_read() != layout.RETIRED:
            ring.program(ring.head, slot, layout.RETIRED)


def _resume(used):
    """Behind every slot that a cut program could have touched without a trace.

    It began at `used`, took at most three slots, and did not leave its page.
    """
    if used >= layout.SLOTS:
        return layout.SLOTS
    place = used % layout.SLOTS_OF_PAGE
    return used + 3 if place == 0 else used + layout.SLOTS_OF_PAGE - place


def _open_sector(journal, ring):
    """Opens a sector without a record: so that the next restart has none to distrust.

    Else a device that loses power at each start before it writes would pass over one each time.
    """
    index = ring.next_free()
    if ring.free() > RESERVED and ring.state[index] == ERASED:
        # It takes a number: no two headers begin with the same one.
        header = journal._new_header((index, 0), journal._next_number(), journal._state.epoch)
        if ring.program(index, 0, header.alone()):
            journal._enter_sector(index, header)
            journal._slot = ring.end = 1
        else:
            ring.spoil(index)


def _find_count(ring, state):
    """The open tube has no person in the newest sector: look back as far as its opening."""
    if state.is_counted:
        return
    oldest = ring.sector_of(state.tube)
    found = 0
    for index in reversed(list(ring.kept())):
        for _, record in ring.records(index):
            if record[1] == bodies.REGISTRATION or record[1] == bodies.MANUAL:
                tube, position = bodies.tube_and_position(record)
                if tube == state.tube:
                    found = position
        if found or index == oldest:
            break
    state.count = found
    state.is_counted = True


# -- sectors in which power may have failed ----------------------------------------------


def _distrust(ring, head_is_full):
    """After a restart: passes over the sectors in which power may have failed.

    Returns how many. That is the first one behind the erased ones, where its erase may have
    begun; and, behind a full head, the one whose header could have been on its way. Those
    between erased ones were passed over before.
    """
    last = place = -1
    for index in ring.free_places():
        place += 1
        if ring.state[index] == ERASED:
            last = place
    # Without a head, the first sector's header could have been on its way; once.
    is_next = head_is_full
    place = -1
    passed = 0
    for index in ring.free_places():
        place += 1
        is_last = False
        if ring.state[index] == ERASED:
            is_passed = is_next
            is_next = False
        else:
            is_passed = ring.state[index] == DIRTY and (place < last or _may_be_worn(ring, index))
            # Behind the erased ones only what was passed over before in this round is looked over.
            is_last = place > last and not (is_passed and _was_passed(ring, index))
        if is_passed:
            ring.spoil(index)
            passed += 1
        if is_last:
            break
        is_next = is_next and ring.head >= 0
    return passed


def _was_passed(ring, index):
    """True if a free sector is cleared as `Ring.spoil` does it."""
    return ring.start(index)[len(layout.MAGIC) :] == layout.RETIRED[len(layout.MAGIC) :]


def _may_be_worn(ring, index):
    """True if the erase of a sector without a header may have begun in this round."""
    following = ring.after(index)
    if ring.is_free(following) and ring.state[following] != ERASED:
        magic = ring.start(following)[: len(_BEGUN)]
        if magic[2:] in (layout.MAGIC[2:], _BLANK_HALF) and magic[:2] != _NEXT:
            return False
    magic = ring.start(index)[: len(_BEGUN)]
    return magic[:2] != _NEXT or magic[2:] == _NEXT
