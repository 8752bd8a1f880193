"""The index's memory: first bytes of tags at their slots' places, second ones where it is free."""

from journal.tags import ONE, TWO, Tags


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


def _all(tags, ring, first, second):
    """(sector, slot) of each that seems to fit."""
    found = []
    place = tags.find(first, second, ring.tail * 64)
    while place >= 0:
        found.append((place // 64, place % 64))
        place = tags.find(first, second, place)
    return found


def test_entries_are_found_in_the_order_of_writing_round_the_ring():
    for count, tail in ((4, 0), (130, 120), (130, 63), (130, 127)):
        ring = _Ring(count, tail)
        tags = Tags(ring)
        entered = []
        for number in range(min(count, 20)):
            index = _advance(ring, tags)
            for slot in (1, 30 + number, 63):
                tags.enter(index, slot, 7, 9)
                entered.append((index, slot))
            tags.enter(index, 2, 8, 9)
        assert _all(tags, ring, 7, 9) == entered, (count, tail)
        tags.remove(*entered[4])
        assert _all(tags, ring, 7, 9) == entered[:4] + entered[5:]
        assert _all(tags, ring, 6, 9) == []


def test_second_bytes_tell_apart_up_to_half_the_ring_and_give_way_then():
    for count in (8, 9):
        ring = _Ring(count)
        tags = Tags(ring)
        half = count // 2
        for number in range(half):
            index = _advance(ring, tags)
            tags.enter(index, 5, 7, number)
        for number in range(half):
            assert _all(tags, ring, 7, number) == [(number, 5)]
        # The next one takes the place in which the second bytes of the first one lie.
        assert _advance(ring, tags) == half
        assert _all(tags, ring, 7, 200) == [(0, 5)]
        assert tags._width[0] == ONE and tags._width[1] == TWO


def test_a_ring_of_one_megabyte_takes_16_kilobytes_in_pieces_of_4():
    tags = Tags(_Ring(256))
    sizes = [len(piece) for piece in tags._pieces]
    assert sum(sizes) <= 16384 and max(sizes) <= 4096


def test_no_tag_is_taken_for_an_empty_slot():
    ring = _Ring(4)
    tags = Tags(ring)
    index = _advance(ring, tags)
    tags.enter(index, 9, 0, 0)
    assert _all(tags, ring, 0, 0) == [(index, 9)]


def test_what_is_unknown_is_not_searched():
    ring = _Ring(4)
    tags = Tags(ring)
    index = _advance(ring, tags)
    tags.enter(index, 9, 7, 7)
    assert tags.is_known(index)
    tags.forget()
    assert not tags.is_known(index) and _all(tags, ring, 7, 7) == []
