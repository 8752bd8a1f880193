"""The sealed journal where something goes wrong: each test is a way in which it once failed."""

from array import array

from journal import JournalFull, bodies, layout
from journal.journal import Journal
from journal_torture import COLLECTION_KEY, mounted, use_cheap_hpke
from small_journal import NOON, made_journal, register, settle, subject
from weak_flash import Dice, Identity, PowerCut, WeakFlash


def _fill_sector(journal):
    """Registers until the newest sector is full."""
    while journal._writer.slot < layout.SLOTS:
        register(journal, journal.next_sequence)


def _acknowledge_all(journal):
    records, _ = journal.read(journal.acknowledged + 1, 1 << 20)
    last = layout.read_record_header(records[-1])[3]
    journal.acknowledge(last, journal.chain_at(last), NOON)
    return last


class _BadSector(WeakFlash):
    """One sector takes neither erase nor program."""

    bad = None

    def writeblocks(self, block, data, offset):
        if block == self.bad:
            raise OSError(5)
        WeakFlash.writeblocks(self, block, data, offset)

    def ioctl(self, operation, block):
        if operation == 6 and block == self.bad:
            raise OSError(5)
        return WeakFlash.ioctl(self, operation, block)


def test_a_sector_that_cannot_be_erased_is_passed_over():
    use_cheap_hpke()
    for bad in (0, 3):
        flash = _BadSector(8)
        flash.bad = bad
        journal = mounted(flash, Dice(1))
        settle(journal)
        numbers = [register(journal, number) for number in range(200)]
        again = mounted(flash, Dice(2))
        assert [again.seen_subject(subject(n))[0] for n in range(0, 200, 9)] == numbers[::9]


def test_an_old_header_that_could_not_be_erased_is_not_part_of_the_journal():
    use_cheap_hpke()
    flash = _BadSector(6)
    journal = mounted(flash, Dice(1))
    settle(journal)
    _fill_sector(journal)
    register(journal, 1)
    flash.bad = 0  # its header stays
    while journal._ring.head != 5:
        _acknowledge_all(journal)
        journal.close_shift(NOON)
    settle(journal)
    _fill_sector(journal)
    kept = [register(journal, 1)]
    while journal._ring.head != 1:
        kept.append(register(journal, 1))
    again = mounted(flash, Dice(2))
    found = {layout.read_record_header(record)[3] for record in again.read(1, 1 << 20)[0]}
    assert set(kept) <= found


def test_losing_power_at_each_start_costs_no_space():
    flash, journal = made_journal()
    _fill_sector(journal)
    mounted(flash, Dice(2))
    left = mounted(flash, Dice(2)).remaining
    for _ in range(20):
        journal = mounted(flash, Dice(2))
    assert journal.remaining == left


def test_two_headers_never_begin_alike():
    flash, journal = made_journal()
    _fill_sector(journal)
    _acknowledge_all(journal)
    _fill_sector(journal)
    again = mounted(flash, Dice(2))  # opens a sector that has no record yet
    assert again.acknowledged
    released = again.close_shift(NOON)
    assert mounted(flash, Dice(3)).released == released > 0


def test_only_records_are_acknowledged_not_numbers_to_come():
    flash, journal = made_journal()
    last = register(journal, 1)
    again = mounted(flash, Dice(2))
    beyond = again.next_sequence - 1
    assert beyond > last
    again.acknowledge(beyond, again.chain_at(beyond), NOON)
    assert again.acknowledged == last


def test_a_shift_that_could_not_be_closed_is_not():
    flash, journal = made_journal()
    register(journal, 1)
    last = _acknowledge_all(journal)
    for failing in range(1, 4):
        at = flash.operations + failing
        flash.failing = range(at, at + 20)
        try:
            journal.close_shift(NOON)
        except OSError:
            flash.failing = None
            if journal.released:
                break  # the header is there: only the record is missing
        else:
            raise AssertionError("closed")
        assert journal.seen_subject(subject(1)) is not None
    flash.failing = None
    assert journal.close_shift(NOON) == last
    assert mounted(flash, Dice(2)).released == last


def test_a_void_counts_before_the_index_is_filled():
    flash, journal = made_journal(16)
    numbers = [register(journal, number) for number in range(70)]
    journal.append(bodies.VOID, NOON, [numbers[3], 1, 77])
    for number in range(70, 200):  # so that the void is not in the newest sector
        register(journal, number)
    again = mounted(flash, Dice(2))
    assert again.seen_subject(subject(3)) is None
    assert again.seen_subject(subject(4)) is not None
    settle(again)
    assert again.seen_subject(subject(3)) is None


def test_who_was_not_acknowledged_is_known_under_the_next_tag_key_too():
    flash, journal = made_journal()
    register(journal, 1)
    _acknowledge_all(journal)
    register(journal, 2)
    journal.close_shift(NOON)
    register(journal, 3)
    for one in (journal, mounted(flash, Dice(2))):
        assert one.seen_subject(subject(1)) is None
        assert one.seen_subject(subject(2)) is not None
        assert one.seen_subject(subject(3)) is not None


def test_tag_keys_go_with_their_sectors():
    flash, journal = made_journal()
    register(journal, 1)
    old = bytes(flash.cells[journal._ring.head][layout.TAG_KEY_AT : layout.TAG_KEY_AT + 12])
    for _ in range(3):
        register(journal, 2)
        _acknowledge_all(journal)
        journal.close_shift(NOON)
        settle(journal)
    # Of the shifts before, only the sector that holds the acknowledgement is left.
    assert len([key for key in journal._ring.keys._keys if key is not None]) <= 2
    assert all(old not in bytes(sector) for sector in flash.cells)
    assert old not in journal._ring.keys._keys


def test_more_tag_keys_than_a_byte_counts():
    flash, journal = made_journal(262)
    for number in range(258):
        register(journal, number)
        _acknowledge_all(journal)
        journal.close_shift(NOON)
    register(journal, 999)
    again = mounted(flash, Dice(2))
    assert again.seen_subject(subject(999)) is not None
    assert again.seen_subject(subject(257)) is None


def test_a_tube_ends_when_its_opening_is_let_go():
    flash, journal = made_journal()
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    register(journal, 1)
    _acknowledge_all(journal)
    journal.close_shift(NOON)
    for one in (journal, mounted(flash, Dice(2))):
        assert one.open_tube is None and one.seen_tube("T1234567") is None


def test_an_epoch_that_was_prepared_for_another_key_is_not_used():
    use_cheap_hpke()
    flash = WeakFlash(8)
    keys = [(b"collect1", COLLECTION_KEY)]
    journal = Journal(flash, Identity(), lambda: keys[-1], Dice(1).bytes)
    journal.mount()
    while not journal._writer.epoch.next_kid:
        journal.idle(NOON)
    keys.append((b"collect2", COLLECTION_KEY))
    register(journal, 1)
    assert journal.read(1, 1)[0][0][11:19] == b"collect2"


def test_a_record_that_the_flash_wrote_and_denied_stays_in_the_chain():
    flash, journal = made_journal()
    register(journal, 1)
    for seed in range(12):
        flash.dice = Dice(seed)
        flash.failing = range(flash.operations + 1, flash.operations + 3)
        try:
            register(journal, 2)
        except OSError:
            flash.failing = None
        register(journal, 3)
        last = journal.next_sequence - 1
        chain = journal.chain_at(last)
        assert chain == journal._state.chain == mounted(flash, Dice(2)).chain_at(last)
        journal = mounted(flash, Dice(2))


def test_a_pull_reads_each_sector_a_few_times_only():
    flash, journal = made_journal(40)
    try:
        while True:
            register(journal, 1)
            journal.idle(NOON)
    except JournalFull:
        before = flash.read_bytes
    at, count = 1, 0
    while at < journal.next_sequence:
        records, at = journal.read(at, 900)
        count += len(records)
    assert count > 2000
    assert flash.read_bytes - before < 6 * 64 * count


def test_restarts_alone_wear_no_sector_more():
    flash, journal = made_journal(6)
    dice = Dice(4)
    for _ in range(120):
        for _ in range(dice.below(30)):
            try:
                register(journal, dice.below(60000))
            except JournalFull:
                _acknowledge_all(journal)
                journal.close_shift(NOON)
        for _ in range(dice.below(4)):
            journal.idle(NOON)
        journal = mounted(flash, dice)
        assert max(flash.erases) - min(flash.erases) <= 1
    assert min(flash.erases) > 3


class _CutFinish(WeakFlash):
    """Power fails as the last slot of a sector is cleared: nothing is to be seen of it at first."""

    cut_block = None

    def writeblocks(self, block, data, offset):
        if self.cut_block is None and offset == 4032 and not any(data):
            self.cut_block = block
            raise PowerCut()
        WeakFlash.writeblocks(self, block, data, offset)

    def waver(self):
        self.unsteady[self.cut_block] = bytearray(4032) + b"\xff" * 64


def test_a_sector_that_was_being_finished_gets_no_record_at_its_end():
    use_cheap_hpke()
    flash = _CutFinish(8)
    journal = mounted(flash, Dice(1))
    settle(journal)
    register(journal, 1)
    _acknowledge_all(journal)
    try:
        journal.close_shift(NOON)
    except PowerCut:
        again = mounted(flash, Dice(2))
    flash.waver()
    numbers = [register(again, number) for number in range(100)]
    third = mounted(flash, Dice(3))
    assert [third.seen_subject(subject(number))[0] for number in range(100)] == numbers


def test_the_last_sector_is_not_spent_on_closing_a_shift_that_frees_none():
    _, journal = made_journal()
    numbers = []
    try:
        while True:
            numbers.append(register(journal, len(numbers)))
            journal.idle(NOON)
    except JournalFull:
        pass
    try:
        while True:
            journal.append(bodies.BOOT, NOON, [1, "0.1.0"])
    except JournalFull:
        pass
    early = numbers[0]
    journal.acknowledge(early, journal.chain_at(early), NOON)
    try:
        journal.close_shift(NOON)
    except JournalFull:
        assert journal.released == 0 and journal.seen_subject(subject(0)) is not None
    else:
        raise AssertionError("closed")
    _acknowledge_all(journal)
    assert journal.close_shift(NOON) >= numbers[-1]
    assert journal.remaining > 0


def test_what_the_index_gives_up_as_the_ring_fills_is_still_found():
    """The second bytes of tags lie where the ring is free, and give way as it comes to them."""
    for sectors in (8, 9, 70):
        flash, journal = made_journal(sectors)
        known = array("I")  # sequence numbers
        for shift in range(3):
            try:
                while True:
                    known.append(register(journal, len(known)))
                    journal.idle(NOON)
            except JournalFull:
                pass
            for one in (journal, mounted(flash, Dice(shift + 2))):
                for number in range(0, len(known), 7):
                    seen = one.seen_subject(subject(number))
                    if known[number] <= one.released:
                        assert seen is None
                    else:
                        assert seen is not None and seen[0] == known[number], (sectors, number)
                assert one.seen_subject(subject(1 << 20)) is None
            # Some stay, so that the next shift begins in a ring that is in use.
            last = known[len(known) - 100]
            journal.acknowledge(last, journal.chain_at(last), NOON)
            journal.close_shift(NOON)
            settle(journal)


def test_a_sector_that_could_not_be_entered_is_tried_again():
    class Reluctant(WeakFlash):
        is_refusing = False

        def readblocks(self, block, buffer, offset=0):
            if self.is_refusing and offset >= 2048:
                raise OSError(5)
            WeakFlash.readblocks(self, block, buffer, offset)

    use_cheap_hpke()
    flash = Reluctant(8)
    journal = mounted(flash, Dice(1))
    numbers = [register(journal, number) for number in range(200)]
    again = mounted(flash, Dice(2))
    flash.is_refusing = True
    for _ in range(2):
        try:
            again.seen_subject(subject(0))
        except OSError:
            continue
        raise AssertionError("answered without looking")
    flash.is_refusing = False
    assert [again.seen_subject(subject(number))[0] for number in range(200)] == numbers
