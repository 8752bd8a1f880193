"""The index's memory: first bytes of tags at their slots' places, in pieces as they are needed."""

from journal.tags import Tags


class _Ring:
    """Sectors from tail to head are kept."""

    def __init__(self, count, tail=0):
        self.count = count
        self.tail = tail
        self.head = -1

    def is_kept(self, index):
        if self.head < 0:
            return False
        return (index - self.tail) % self.count <= (self.head - self.tail) % self.count


def _advance(ring, tags):
    ring.head = ring.tail if ring.head < 0 else (ring.head + 1) % ring.count
    tags.begin(ring.head)
    return ring.head


def _all(tags, ring, first):
    """(sector, slot) of each that seems to fit."""
    found = []
    place = tags.find(first, ring.tail * 64)
    while place >= 0:
        found.append((place // 64, place % 64))
        place = tags.find(first, place)
    return found


def test_entries_are_found_in_the_order_of_writing_round_the_ring():
    for count, tail in ((4, 0), (130, 120), (130, 63), (130, 127)):
        ring = _Ring(count, tail)
        tags = Tags(ring)
        entered = []
        for number in range(min(count, 20)):
            index = _advance(ring, tags)
            for slot in (1, 30 + number, 63):
                tags.enter(index, slot, 7)
                entered.append((index, slot))
            tags.enter(index, 2, 8)
        assert _all(tags, ring, 7) == entered, (count, tail)
        tags.remove(*entered[4])
        assert _all(tags, ring, 7) == entered[:4] + entered[5:]
        assert _all(tags, ring, 6) == []


def _sizes(tags):
    return [len(piece) for piece in tags._pieces if piece is not None]


def test_memory_follows_the_ring():
    ring = _Ring(256, 200)
    tags = Tags(ring)
    assert _sizes(tags) == []
    for _ in range(16):  # 1 000 people
        _advance(ring, tags)
        tags.make_ahead()
    assert sum(_sizes(tags)) <= 2 * 1024
    for _ in range(240):
        _advance(ring, tags)
    assert sum(_sizes(tags)) <= 16384 and max(_sizes(tags)) <= 1024
    # Nearly all of it is collected, and the rest goes on.
    ring.tail = ring.head
    for _ in range(40):
        tags.make_ahead()
    assert sum(_sizes(tags)) <= 2 * 1024
    tags.enter(_advance(ring, tags), 1, 7)
    assert len(_all(tags, ring, 7)) == 1


def test_the_next_piece_is_there_before_it_is_needed():
    ring = _Ring(32)
    tags = Tags(ring)
    for _ in range(16):
        _advance(ring, tags)
    tags.make_ahead()
    made = [id(piece) for piece in tags._pieces]
    _advance(ring, tags)
    assert [id(piece) for piece in tags._pieces] == made


def test_no_tag_is_taken_for_an_empty_slot():
    ring = _Ring(4)
    tags = Tags(ring)
    index = _advance(ring, tags)
    tags.enter(index, 9, 0)
    assert _all(tags, ring, 0) == [(index, 9)]


def test_what_is_known():
    ring = _Ring(4)
    tags = Tags(ring)
    index = _advance(ring, tags)
    tags.enter(index, 9, 7)
    assert tags.is_known(index)
    tags.unknow(index)
    assert not tags.is_known(index)
    tags.begin(index)
    assert tags.is_known(index) and _all(tags, ring, 7) == []
    tags.forget()
    assert not tags.is_known(index)
