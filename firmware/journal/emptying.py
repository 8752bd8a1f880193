"""Empties the journal: what a host holds is acknowledged, and goes when the shift is closed.

    kept --acknowledge--> acknowledged --close_shift--> released: its sectors are free

Loaded when an operator's command comes.
"""

from micropython import const

from journal import JournalFull, bodies, reading
from journal.writer import EMPTYING, RESERVED

_REST = const(8)  # so few records that only acknowledging them is what wrote them


def acknowledge(ring, state, writer, up_to, chain, unix_s, operator):
    """What Journal.acknowledge says."""
    if not 0 < up_to < writer.next_sequence or chain is None:
        raise ValueError
    # A number that no record has is one that a restart may give to a new record.
    up_to = min(up_to, state.last)
    if up_to <= state.acknowledged:
        return
    if reading.chain_at(ring, up_to) != chain:
        raise ValueError
    try:
        writer.append(bodies.ACKNOWLEDGED, unix_s, [up_to, chain, operator], RESERVED)
    except (JournalFull, OSError):
        # Not one slot is left, or none that takes it. Known until the next restart, which is enough
        # to empty it.
        state.acknowledged = max(state.acknowledged, up_to)


def close_shift(ring, state, writer, unix_s, operator):
    """What Journal.close_shift says."""
    head = ring.head
    before = state.released
    released = state.acknowledged
    if released <= before:
        return before
    # The last sector is not spent for nothing, while there is more to be acknowledged.
    is_rest = state.last - released < _REST
    if ring.free() <= RESERVED and not is_rest and not _frees_a_sector(ring, before, released):
        raise JournalFull()
    state.released = released
    try:
        if ring.next_free() < 0:
            # Not one sector is left to say so in: on the strength of the command alone.
            ring.keep(released)
        writer.finish_sector()
        writer.end_epoch()
        try:
            writer.append(bodies.SHIFT_CLOSED, unix_s, [released, operator], EMPTYING)
        except (JournalFull, OSError):
            if ring.head != head:
                raise
            # None of the free sectors takes it: one of those that are let go will, on the strength
            # of the command alone.
            ring.keep(released)
            writer.append(bodies.SHIFT_CLOSED, unix_s, [released, operator], EMPTYING)
    finally:
        # It counts from the header of the sector that the epoch's record opened.
        if ring.head == head:
            state.released = before
        ring.keep(state.released)
    return released


def _frees_a_sector(ring, before, released):
    tail = ring.tail
    ring.keep(released)
    is_freed = ring.tail != tail
    ring.keep(before)
    return is_freed
