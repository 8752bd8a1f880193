"""Erases free sectors in the ring's order, so that a restart can tell how far that had come.

A sector is worn by an erase that was cut as by one that was not. To erase it once more would wear
it more than the others; not to erase it in this round, less, if its erase had not begun. So an
erase is announced: first the magic of the sector goes, then half of the magic of the one behind
it. Whatever the cut has left of the first, the second says that it had begun. A sector that says
`erased` is erased to the end, or it would not say so.
"""

from micropython import const

from journal import layout
from journal.ring import DIRTY, ERASED, OPEN, SPOILED

_NEXT = const(
    b"\x00\x00"
)  # in place of half a magic: the sector before is erased, this one is next
_BEGUN = const(b"\x00\x00\x00\x00")
_BLANK_HALF = const(b"\xff\xff")


def erase_next(ring):
    """Erases the next free sector that needs it; False if there was none."""
    if ring.all_erased:
        return False
    for index in ring.free_places():
        if ring.state[index] == DIRTY or ring.state[index] == OPEN:
            erase(ring, index)
            return True
    ring.all_erased = True
    return False


def erase(ring, index):
    """Erases a free sector. True if it is erased; else it is passed over in this round."""
    ring.state[index] = SPOILED
    try:
        ring.clear_magic(index, len(_BEGUN))
        following = ring.after(index)
        if ring.is_free(following) and ring.state[following] in (DIRTY, OPEN):
            ring.state[following] = DIRTY
            ring.clear_magic(following, len(_NEXT))
        ring.erase(index)
    except OSError:
        return False
    return ring.state[index] == ERASED


def distrust(ring, head_is_full):
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
            is_last = place > last and not (is_passed and ring.was_passed(index))
        if is_passed:
            ring.spoil(index)
            passed += 1
        if is_last:
            break
        is_next = is_next and ring.head >= 0
    return passed


def _may_be_worn(ring, index):
    """True if the erase of a sector without a header may have begun in this round."""
    following = ring.after(index)
    if ring.is_free(following) and ring.state[following] != ERASED:
        magic = ring.start(following)[: len(_BEGUN)]
        if magic[2:] in (layout.MAGIC[2:], _BLANK_HALF) and magic[:2] != _NEXT:
            return False
    magic = ring.start(index)[: len(_BEGUN)]
    return magic[:2] != _NEXT or magic[2:] == _NEXT
