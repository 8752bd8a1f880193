"""Starts and bad places: neither any number of the one nor some of the other stop the journal."""

import sys

from journal import JournalFull, bodies, layout
from journal_torture import mounted
from small_journal import NOON, fill, made_journal, register, settle, subject
from weak_flash import Dice, WeakFlash

STARTS = 60 if sys.implementation.name == "cpython" else 12


def _start(flash, seed=1):
    """A start as the firmware makes it, and all that it does while nobody comes."""
    journal = mounted(flash, Dice(seed))
    journal.note_start(NOON, [1, "0.1.0"])
    settle(journal)
    return journal


def _numbers(journal):
    return [layout.read_record_header(record)[3] for record in journal.read(1, 1 << 20)[0]]


def test_starts_that_nobody_follows_write_nothing():
    for people in (0, 1, 2, 57, 58, 59, 60, 61, 62, 63, 100):
        flash, journal = made_journal()
        numbers = [register(journal, number) for number in range(people)]
        for _ in range(3):
            journal = _start(flash)
        room, before = journal.remaining, [bytes(sector) for sector in flash.cells]
        for seed in range(STARTS):
            journal = _start(flash, seed)
        # The same bytes: so the next hundred thousand starts find, and do, the same.
        assert [bytes(sector) for sector in flash.cells] == before
        assert journal.remaining == room > journal.capacity - 2 * people - 2 * 63
        assert set(numbers) <= set(_numbers(journal))
        last = register(journal, people)
        assert _numbers(journal)[-1] == last
        kinds = [record[1] for record in journal.read(1, 1 << 20)[0]]
        assert bodies.BOOT in kinds and kinds[-1] == bodies.REGISTRATION


def test_a_start_is_recorded_once_before_what_follows():
    flash, _ = made_journal()
    journal = _start(flash)
    for number in range(3):
        register(journal, number)
    kinds = [record[1] for record in journal.read(1, 1 << 20)[0]]
    assert kinds.count(bodies.BOOT) == 1
    assert kinds[-4:] == [bodies.BOOT] + 3 * [bodies.REGISTRATION]


def test_an_epoch_ends_though_nothing_is_ever_idle():
    _, journal = made_journal(16)
    for number in range(250):
        register(journal, number)
    epochs = [
        layout.read_record_header(record)[3]
        for record in journal.read(1, 1 << 20)[0]
        if record[1] == bodies.EPOCH
    ]
    assert len(epochs) >= 3
    assert max(epochs[i + 1] - epochs[i] for i in range(len(epochs) - 1)) <= 16 * 63 // 32 + 70


def test_an_epochs_key_stands_in_two_sectors():
    _, journal = made_journal(64)
    for number in range(300):
        register(journal, number)
        journal.idle(NOON)
    ring = journal._ring
    of = {}
    for index in ring.kept():
        for _, record in ring.records(index):
            number = layout.read_record_header(record)[3]
            if record[1] == bodies.EPOCH:
                epoch = number
                of[epoch] = [(index, bytes(record[11:51]))]
            elif record[1] == bodies.EPOCH_KEY:
                assert number - record[11] == epoch
                of[epoch].append((index, bytes(record[12:52])))
            else:
                # No record is in another sector than the epoch's without it.
                assert index == of[epoch][0][0] or len(of[epoch]) == 2
    for places in list(of.values())[:-1]:
        (first, key), (second, again) = places
        assert first != second and key == again


class BadFlash(WeakFlash):
    """Some sectors refuse to be programmed and erased, or do nothing of it."""

    bad = ()
    silent = False

    def writeblocks(self, block, data, offset):
        if block not in self.bad:
            WeakFlash.writeblocks(self, block, data, offset)
        elif not self.silent:
            raise OSError(5)

    def ioctl(self, operation, block):
        if operation == 6 and block in self.bad:
            if self.silent:
                return 0
            raise OSError(5)
        return WeakFlash.ioctl(self, operation, block)


def _is_emptied(flash):
    """Over some starts, as one operator after the other tries."""
    for seed in range(3):
        journal = _start(flash, seed)
        last = _numbers(journal)[-1]
        try:
            journal.acknowledge(last, journal.chain_at(last), NOON)
            if journal.close_shift(NOON) >= last:
                settle(journal)
                register(journal, 1 << 16)
                return True
        except (JournalFull, OSError):
            continue
    return False


def test_a_full_device_with_a_bad_sector_is_emptied():
    flash, journal = made_journal(8)
    fill(journal)
    for extra in range(2):
        for bad in range(8):
            for silent in (False, True):
                copy = BadFlash(8, 1, flash)
                copy.bad, copy.silent = (bad,), silent
                assert _is_emptied(copy), (extra, bad, silent)
        try:
            while True:
                journal.append(bodies.BOOT, NOON, [1, "0.1.0"])
        except JournalFull:
            continue


def test_a_start_reads_little_whatever_lies_before():
    flash, journal = made_journal(256)
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    refused = [[[reason, 7] for reason in bodies.REASONS], 600]
    try:
        for step in range(20000):
            journal.append(bodies.REFUSALS, NOON, refused)
            if step % 20 == 0:
                journal.idle(NOON)
    except JournalFull:
        assert step > 3000
    read = flash.read_bytes
    journal = mounted(flash, Dice(3))
    assert journal.open_tube[1:] == ("T1234567", 0)
    assert flash.read_bytes - read <= 256 * 4096 * 0.03


def test_the_people_of_a_tube_are_counted_by_the_header():
    flash, journal = made_journal()
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    for number in range(5):
        register(journal, number, number + 1)
    for _ in range(100):
        journal.append(bodies.SHIFT_OPENED, NOON, [77])
    assert mounted(flash, Dice(2)).open_tube[1:] == ("T1234567", 5)


def test_a_bit_that_wavers_does_not_change_the_mind_of_the_chain():
    """The newest record has a bit that reads wrong twice in a hundred times."""
    trials = 40 if sys.implementation.name == "cpython" else 8
    for people in (1, 5, 40):
        for trial in range(trials):
            flash, journal = made_journal()
            numbers = [register(journal, number) for number in range(people)]
            head, slot = journal._ring.head, journal._writer.slot - 1
            place = slot * layout.SLOT_BYTES + trial % layout.SLOT_BYTES
            shaky = ShakyFlash(8, trial + 1, flash)
            shaky.place = head, place
            journal = mounted(shaky, Dice(trial))
            count = len(_numbers(journal))
            counted = numbers[-1] in _numbers(journal)
            for seed in range(60):
                journal = mounted(shaky, Dice(seed))
                found = [number for number in _numbers(journal) if number <= numbers[-1]]
                assert (numbers[-1] in found) == counted and len(found) == count
                if counted:
                    assert journal.seen_subject(subject(people - 1))[0] == numbers[-1]


class ShakyFlash(WeakFlash):
    """One bit reads wrong 2 times of 100."""

    place = None

    def readblocks(self, block, buffer, offset=0):
        WeakFlash.readblocks(self, block, buffer, offset)
        at = self.place[1] - offset
        if block == self.place[0] and 0 <= at < len(buffer) and self.dice.below(50) == 0:
            buffer[at] ^= 1 << self.place[1] % 8
