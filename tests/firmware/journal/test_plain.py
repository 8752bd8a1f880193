"""The journal in the ring: order, wrap-around, full, and a power cut at every operation."""

from crc16 import crc16
from journal import Journal, JournalFull, records
from ram_flash import Cut, RamFlash


def _mounted(flash):
    journal = Journal(flash)
    seen = []
    journal.mount(lambda kind, sequence, unix_s, payload: seen.append((sequence, payload)))
    return journal, seen


def _fill(journal, count, size=60):
    for number in range(count):
        journal.append(records.TUBE_OPENED, 1000 + number, ["T" * size])


def test_crc_has_the_published_check_value():
    assert crc16(b"123456789") == 0x31C3


def test_records_come_back_in_order_after_a_restart():
    flash = RamFlash(4)
    journal, seen = _mounted(flash)
    assert seen == []
    assert journal.append(records.BOOT, 5, [1, "0.1.0"]) == 1
    assert journal.append(records.REGISTRATION, 7, [b"s" * 16, b"c" * 8, b"k" * 8, 0, "T1", 1]) == 2
    journal, seen = _mounted(flash)
    assert seen == [(1, [1, "0.1.0"]), (2, [b"s" * 16, b"c" * 8, b"k" * 8, 0, "T1", 1])]
    assert journal.next_sequence == 3


def test_read_gives_whole_records_and_the_next_number():
    flash = RamFlash(4)
    journal, _ = _mounted(flash)
    _fill(journal, 10)
    bodies, following = journal.read(1, 200)
    assert len(bodies) == 2 and following == 3
    assert records.unpack(bodies[0])[1] == 1
    bodies, following = journal.read(10, 1000)
    assert len(bodies) == 1 and following == 11
    assert journal.read(11, 1000) == ([], 11)


def test_full_refuses_and_never_overwrites():
    flash = RamFlash(5)
    journal, _ = _mounted(flash)
    written = 0
    try:
        while True:
            _fill(journal, 1)
            written += 1
    except JournalFull:
        pass_through = True
    assert pass_through
    journal, seen = _mounted(flash)
    assert len(seen) == written
    journal.acknowledge(written, 9)
    _fill(journal, 10)
    journal, seen = _mounted(flash)
    assert journal.next_sequence == written + 12
    assert journal.acknowledged == written


def test_only_written_records_can_be_acknowledged():
    journal, _ = _mounted(RamFlash(4))
    _fill(journal, 3)
    try:
        journal.acknowledge(4, 0)
        raise AssertionError("acknowledged what was never written")
    except ValueError as error:
        assert "not written" in str(error)
    journal.acknowledge(3, 0)
    journal.acknowledge(3, 0)
    assert journal.next_sequence == 5


def test_wear_is_spread_over_the_ring():
    flash = RamFlash(6)
    journal, _ = _mounted(flash)
    for _ in range(30):
        _fill(journal, 40)
        journal.acknowledge(journal.next_sequence - 1, 0)
    assert flash.erases > 12
    bodies, _ = journal.read(journal.next_sequence - 1, 1000)
    assert len(bodies) == 1


def _workload(flash, promised):
    """Appends and acknowledges; notes what `append` has returned for."""
    journal = Journal(flash)
    journal.mount()
    for number in range(120):
        sequence = journal.append(records.TUBE_OPENED, number, ["%03d" % number + "x" * 90])
        promised.append((sequence, number))
        if number % 25 == 24:
            journal.acknowledge(sequence - 10, number)
            promised.append((sequence + 1, None))


def test_a_cut_at_every_operation_loses_nothing_that_was_promised():
    whole = RamFlash(5)
    _workload(whole, [])
    for operation in range(1, whole.operations + 1):
        for done in (0, 1, 2, 4, 40):
            flash = RamFlash(5)
            flash.cut_at = (operation, done)
            promised = []
            try:
                _workload(flash, promised)
                raise AssertionError("was not cut")
            except Cut:
                flash.cut_at = None
            journal, seen = _mounted(flash)
            held = {}
            last = 0
            for sequence, payload in seen:
                assert sequence == last + 1 or last == 0, (operation, done)
                last = sequence
                held[sequence] = payload
            for sequence, number in promised:
                if sequence > journal.acknowledged:
                    assert sequence in held, (operation, done, sequence)
                    if number is not None:
                        assert held[sequence][0][:3] == "%03d" % number
            assert len(seen) == 0 or last <= len(promised) + 1
            journal.append(records.BOOT, 0, [1, "x"])
            assert _mounted(flash)[1][-1] == (journal.next_sequence - 1, [1, "x"])
