"""Erases free sectors in the ring's order, so that a restart can tell how far that had come.

A sector is worn by an erase that was cut as by one that was not. To erase it once more would wear
it more than the others; not to erase it in this round, less, if its erase had not begun. So an
erase is announced: first the magic of the sector goes, then half of the magic of the one behind
it. Whatever the cut has left of the first, the second says that it had begun. A sector that says
`erased` is erased to the end, or it would not say so.
"""

from micropython import const

from journal.ring import DIRTY, ERASED, OPEN, SPOILED

NEXT = const(b"\x00\x00")  # in place of half a magic: the sector before is erased, this one is next
BEGUN = const(b"\x00\x00\x00\x00")


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
        ring.clear_magic(index, len(BEGUN))
        following = ring.after(index)
        if ring.is_free(following) and ring.state[following] in (DIRTY, OPEN):
            ring.state[following] = DIRTY
            ring.clear_magic(following, len(NEXT))
        ring.erase(index)
    except OSError:
        return False
    return ring.state[index] == ERASED
