"""How little the sealed journal asks of a chip of 1 MB: operations, bytes, sectors and heap."""

import gc

from journal import bodies, layout
from journal_torture import mounted, use_cheap_hpke
from small_journal import NOON, fill, made_journal, register, settle, subject
from weak_flash import SECTOR_BYTES, Dice, WeakFlash

SECTORS = 256
FLASH_BYTES = SECTORS * SECTOR_BYTES
BOOT_READ_BYTES = FLASH_BYTES * 3 // 100


def test_a_registration_is_one_program_and_a_look_at_it():
    flash, journal = made_journal(64)
    settle(journal)
    most_read = 0
    for number in range(3000):
        operations, programmed, read = flash.operations, flash.programmed, flash.read_bytes
        register(journal, number)
        assert flash.operations == operations + 1
        assert flash.programmed - programmed in (64, 128)  # 128: with a sector's header
        most_read = max(most_read, flash.read_bytes - read)
        journal.idle(NOON)
    assert flash.crossings == 0
    assert most_read <= layout.PAGE_BYTES, most_read


def test_one_idle_step_a_registration_is_enough_all_round_the_ring():
    flash, journal = made_journal(16)
    for number in range(4000):
        operations, erases = flash.operations, sum(flash.erases)
        last = register(journal, number)
        assert flash.operations == operations + 1 and sum(flash.erases) == erases, number
        journal.idle(NOON)
        if number % 300 == 299:
            journal.acknowledge(last, journal.chain_at(last), NOON)
            journal.close_shift(NOON)
            # What was let go is erased while the next people walk up.
            for _ in range(4):
                journal.idle(NOON)
    assert min(flash.erases) > 3
    assert max(flash.erases) - min(flash.erases) <= 1
    assert flash.crossings == 0


def test_a_full_megabyte_holds_15000_people_and_boots_with_few_reads():
    flash, journal = made_journal(SECTORS)
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    count = fill(journal)
    assert count > 15000, count
    # Bytes of sealed records: the epochs' are not even counted
    assert flash.programmed <= 1.1 * 64 * count
    assert max(flash.erases) - min(flash.erases) <= 1
    journal = None
    gc.collect()
    before = flash.read_bytes
    journal = mounted(flash, Dice(2))
    used = flash.read_bytes - before
    assert used <= BOOT_READ_BYTES, used
    # Asking for someone costs a look at those who share a byte of the tag, not the log.
    settle(journal)
    before = flash.read_bytes
    for number in range(100):
        assert journal.seen_subject(subject(count + number)) is None
    assert flash.read_bytes - before <= 100 * 24 * 80
    for number in range(0, count, 1000):
        assert journal.seen_subject(subject(number)) is not None


def test_a_look_up_reads_one_start_in_256():
    flash, journal = made_journal(SECTORS)
    fill(journal, 2500)
    for one in (journal, mounted(flash, Dice(2))):
        settle(one)
        before = flash.read_bytes
        for number in range(100):
            assert one.seen_subject(subject(2500 + number)) is None
        assert flash.read_bytes - before <= 100 * 24 * 2600 * 1.2 / 256


def test_a_tube_that_began_in_the_sector_before_does_not_make_booting_dear():
    flash, journal = made_journal(SECTORS)
    fill(journal, 15000)
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    for number in range(15000, 15007):
        register(journal, number, number - 14999)
    for _ in range(80):
        journal.append(bodies.CLOCK_SET, NOON, [NOON, NOON + 1, False, bytes(8)])
    before = flash.read_bytes
    again = mounted(flash, Dice(2))
    assert again.open_tube[1:] == ("T1234567", 7)
    used = flash.read_bytes - before
    assert used <= BOOT_READ_BYTES, used


def test_a_day_of_junk_takes_two_percent():
    flash, journal = made_journal(SECTORS)
    before, programmed = journal.remaining, flash.programmed
    counts = [[reason, 9999] for reason in bodies.REASONS]
    for minutes in range(0, 24 * 60, 10):
        journal.append(bodies.REFUSALS, NOON + 60 * minutes, [counts, 600])
        journal.idle(NOON)
    assert 64 * (before - journal.remaining) <= FLASH_BYTES * 2 // 100
    assert flash.programmed - programmed <= FLASH_BYTES * 2 // 100


class _QuietFlash(WeakFlash):
    """Allocates nothing where it is read."""

    def readblocks(self, block, buffer, offset=0):
        cells = self.cells[block]
        for index in range(len(buffer)):
            buffer[index] = cells[offset + index]


def _allocated(function, argument):
    """The bytes that a call leaves behind; what it is to make once is made by a call before."""
    function(argument)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function(argument)
    used = gc.mem_alloc() - before
    gc.enable()
    return used


def test_a_look_up_allocates_nothing():
    if not hasattr(gc, "mem_alloc"):
        return  # CPython does not say
    use_cheap_hpke()
    gc.collect()
    journal = mounted(_QuietFlash(16), Dice(1))
    # In a ring that is nearly full some are found that only seem to be the one.
    count = fill(journal, 14 * 60)
    for number in range(count, count + 50):
        assert _allocated(journal.seen_subject, subject(number)) == 0
    assert _allocated(journal.seen_subject, subject(7)) <= 512


def test_working_memory_besides_the_index_is_8_kilobytes():
    if not hasattr(gc, "mem_alloc"):
        return  # CPython does not say
    flash, journal = made_journal(SECTORS)
    journal = None
    gc.collect()
    before = gc.mem_alloc()
    journal = mounted(flash, Dice(1))
    for number in range(300):
        register(journal, number)
        journal.idle(NOON)
        journal.seen_subject(subject(number))
    journal.append(bodies.MANUAL, NOON, [1, "11010519491231002X", "Zhang", 1, 77])
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    gc.collect()
    used = gc.mem_alloc() - before - 64 * SECTORS  # a byte a slot
    assert used <= 8192, used
    # What an append leaves for the collector
    gc.collect()
    before = gc.mem_alloc()
    gc.disable()
    register(journal, 300)
    used = gc.mem_alloc() - before
    gc.enable()
    assert used <= 8192, used
