"""Scrubbing leaves the heap as free as it was, and without what lay there.

That a process keeps nothing of a person is shown in tests/memory.
"""

import gc

from system import scrub

try:
    from uctypes import addressof, bytearray_at
except ImportError:
    addressof = None  # CPython, where scrubbing does nothing to the heap

NAME = b"ZHANG SAN "


def _leave_names():
    """The address of a large piece of garbage."""
    for size in range(1, 300):
        NAME * size
    last = NAME * 400
    return addressof(last)


def test_what_was_let_go_of_is_overwritten():
    scrub.scrub()
    if addressof:
        place = _leave_names()
        assert bytes(bytearray_at(place, 10)) == NAME
        scrub.scrub()
        assert NAME not in bytes(bytearray_at(place, 4000))


def test_what_is_still_used_stays():
    kept = [NAME * size for size in range(40)]
    scrub.scrub()
    for size in range(40):
        assert kept[size] == NAME * size


def test_the_heap_is_as_free_as_before_and_in_one_piece():
    if not hasattr(gc, "mem_free"):
        return
    gc.collect()
    free = gc.mem_free()
    large = bytearray(free // 2)
    del large
    for _ in range(5):
        scrub.scrub()
    assert gc.isenabled()
    assert abs(gc.mem_free() - free) < 1024
    assert len(bytearray(free // 2)) == free // 2


def test_a_heap_that_could_grow_is_not_made_to():
    if not hasattr(gc, "mem_free"):
        return
    gc.collect()
    room = gc.mem_free() // 2
    asked = []

    def idf_heap_info(capabilities):
        asked.append(capabilities)
        return [(0, 0, 100, 0), (0, 0, room, 0)]

    before = scrub.idf_heap_info
    scrub.idf_heap_info, scrub.HEAP_DATA = idf_heap_info, 4
    try:
        assert scrub._growth_bytes() == room and asked == [4]
        scrub.scrub()
    finally:
        scrub.idf_heap_info = before


def test_less_heap_than_it_says_is_no_error():
    if not hasattr(gc, "mem_free"):
        return
    scrub.idf_heap_info, scrub.HEAP_DATA = lambda capabilities: [(0, 0, -100000, 0)], 4
    try:
        scrub.scrub()
    finally:
        scrub.idf_heap_info = None
    assert gc.isenabled()
