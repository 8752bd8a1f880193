"""The newest sector after a restart: what was cut is made definite before anything is written.

Each step programs bits to zero that were meant to be zero, or whole slots to zero, so it can be
cut and done again. docs/journal.md argues each case.
"""

from journal import layout


def recover(ring, take):
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
        ring.refresh_header()
    if count:
        ring.program(head, last, newest)
        if not ring.is_steady(head, last, newest):
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
