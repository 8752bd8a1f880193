"""Bits of a journal's flash change by themselves: what was promised is kept."""

import sys

from journal import layout
from journal_torture import mounted
from small_journal import NOON, made_journal, register, settle, subject
from weak_flash import Dice, WeakFlash

PEOPLE = 100  # so that some are behind the first page of the second sector
# Every bit under CPython; MicroPython takes a sample of them.
STEP = 1 if sys.implementation.name == "cpython" else 37


def _journal(sectors=8):
    """(flash, its newest sector, sequence numbers of people 0.., chain value behind them)"""
    flash, journal = made_journal(sectors)
    numbers = [register(journal, number) for number in range(PEOPLE)]
    settle(journal)
    assert journal._writer.slot > layout.SLOTS_OF_PAGE + 1 and journal._ring.head > 0
    return flash, journal._ring.head, numbers, journal.chain_at(numbers[-1])


def _copy(flash):
    copy = WeakFlash(len(flash.cells), 1, flash)
    copy.erases = list(flash.erases)
    return copy


def _check(journal, numbers, chain, people=range(0, PEOPLE, 9)):
    found = {layout.read_record_header(record)[3] for record in journal.read(1, 1 << 20)[0]}
    assert found >= set(numbers), set(numbers) - found
    assert journal.chain_at(numbers[-1]) == chain
    for number in list(people) + [PEOPLE - 1]:
        seen = journal.seen_subject(subject(number))
        assert seen is not None and seen[0] == numbers[number], number
    journal.statement(bytes(16), numbers[0], numbers[-1], NOON)


def test_a_wrong_bit_in_the_newest_header_costs_nobody():
    flash, head, numbers, chain = _journal()
    for bit in range(0, 8 * layout.SLOT_BYTES, STEP):
        decayed = _copy(flash)
        decayed.cells[head][bit >> 3] ^= 1 << (bit & 7)
        journal = mounted(decayed, Dice(2))
        _check(journal, numbers, chain, (bit % PEOPLE,))
        later = register(journal, PEOPLE)
        again = mounted(decayed, Dice(3))
        _check(again, numbers, chain, (bit % PEOPLE,))
        assert again.seen_subject(subject(PEOPLE))[0] == later


def test_a_bit_of_the_newest_header_that_wavers_costs_nobody():
    flash, head, numbers, chain = _journal()
    for bit in range(0, 8 * layout.SLOT_BYTES, 3 * STEP):
        decayed = _copy(flash)
        decayed.unsteady[head] = bytearray(layout.SECTOR_BYTES)
        decayed.unsteady[head][bit >> 3] = 1 << (bit & 7)
        for seed in range(3):
            _check(mounted(decayed, Dice(seed)), numbers, chain, (bit % PEOPLE,))


def test_the_newest_header_decayed_beyond_mending_costs_nobody():
    flash, head, numbers, chain = _journal()
    for start, size in ((0, 64), (4, 3), (60, 4)):
        decayed = _copy(flash)
        for at in range(start, start + size):
            decayed.cells[head][at] ^= 0x5A
        journal = mounted(decayed, Dice(2))
        _check(journal, numbers, chain)
        assert journal.next_sequence > numbers[-1]
        # Nothing more is written there, and what comes next is found again.
        before = bytes(decayed.cells[head])
        later = [register(journal, PEOPLE + number) for number in range(80)]
        assert bytes(decayed.cells[head]) == before
        again = mounted(decayed, Dice(3))
        found = {layout.read_record_header(record)[3] for record in again.read(1, 1 << 20)[0]}
        assert found >= set(numbers + later)
        assert again.chain_at(numbers[-1]) == chain
        for number in range(0, PEOPLE + 80, 7):
            assert again.seen_subject(subject(number))[0] == (numbers + later)[number]


def test_a_decayed_header_in_the_middle_leaves_its_people_known():
    flash, head, numbers, chain = _journal()
    for bit in range(0, 8 * layout.SLOT_BYTES, 3 * STEP):
        decayed = _copy(flash)
        decayed.cells[head - 1][bit >> 3] ^= 1 << (bit & 7)
        _check(mounted(decayed, Dice(2)), numbers, chain)


def test_what_decayed_goes_when_the_shift_is_closed():
    flash, head, _, _ = _journal(6)
    for at in range(8):
        flash.cells[head][at] ^= 0x5A
    journal = mounted(flash, Dice(2))
    for _ in range(3):
        last = register(journal, journal.next_sequence)
        journal.acknowledge(last, journal.chain_at(last), NOON)
        assert journal.close_shift(NOON) >= last
        settle(journal)
        journal = mounted(flash, Dice(3))
    assert all(journal.seen_subject(subject(number)) is None for number in range(PEOPLE))
    assert journal.remaining > 60
