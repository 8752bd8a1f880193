"""The sealed journal where nothing goes wrong: what it writes, reads, finds and lets go."""

from journal import JournalFull, NoCollectionKey, bodies, layout
from journal.journal import Journal
from journal_torture import COLLECTION_KEY, mounted, use_cheap_hpke
from small_journal import NOON, fill, made_journal, register, settle, subject
from verify import cbor
from weak_flash import Dice, Identity, WeakFlash


def test_records_come_back_raw_and_in_order():
    flash, journal = made_journal()
    journal.append(bodies.BOOT, NOON, [3, "0.1.0"])
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    numbers = [register(journal, number, number + 1) for number in range(10)]
    again = mounted(flash, Dice(2))
    for reader in (journal, again):
        records, following = reader.read(1, 10000)
        assert following == reader.next_sequence
        headers = [layout.read_record_header(record) for record in records]
        assert [header[3] for header in headers] == list(range(1, 14))
        assert [header[1] for header in headers][:3] == [10, 5, 3]
        assert [header[3] for header in headers][3:] == numbers
        assert headers[3][4] == NOON // 60
    part, following = again.read(5, 150)
    assert [record[1] for record in part] == [1, 1] and following == 7
    # What comes after a restart keeps away from where a write might have been under way.
    assert again.next_sequence > journal.next_sequence


def test_a_registration_is_64_bytes_and_shows_nothing_of_its_person():
    flash, journal = made_journal()
    sequence = register(journal, 5)
    (record,), _ = journal.read(sequence, 1)
    assert len(record) == 64
    for secret in (subject(5), b"cti-8 by"):
        for sector in flash.cells:
            assert secret[:4] not in bytes(sector)
    # Twice the same person: only the tag is the same.
    (other,), _ = journal.read(register(journal, 5), 1)
    assert record[16:24] == other[16:24]
    assert record[24:60] != other[24:60]


def test_one_program_a_record_and_no_erase():
    flash, journal = made_journal(16)
    for number in range(600):
        operations, erases = flash.operations, sum(flash.erases)
        register(journal, number)
        assert flash.operations == operations + 1 and sum(flash.erases) == erases
        journal.idle(NOON)
    assert flash.crossings == 0


def test_full_refuses_but_can_still_be_emptied():
    flash, journal = made_journal()
    count = fill(journal)
    assert journal.remaining == 0
    assert count > journal.capacity * 0.85
    journal.append(bodies.BOOT, NOON, [1, "0.1.0"])
    for _ in range(400):  # whatever else happens at a full device
        try:
            journal.append(bodies.CLOCK_SET, NOON, [None, NOON, False, bytes(8)])
        except JournalFull:
            break
    last = journal.next_sequence - 1
    for _ in range(200):
        journal.acknowledge(last, journal.chain_at(last), NOON)
        last = journal.next_sequence - 1
    assert journal.seen_subject(subject(3)) is not None
    released = journal.close_shift(NOON)
    settle(journal)
    assert released > count
    assert journal.seen_subject(subject(3)) is None
    assert fill(journal) > count * 0.85
    again = mounted(flash, Dice(4))
    assert again.released == released


def test_acknowledged_records_stay_until_the_shift_is_closed():
    flash, journal = made_journal()
    for number in range(20):
        last = register(journal, number)
    journal.acknowledge(last, journal.chain_at(last), NOON)
    again = mounted(flash, Dice(3))
    assert again.acknowledged == last
    assert again.seen_subject(subject(7))[0] == last - 12
    assert len(again.read(1, 10000)[0]) == 22
    again.close_shift(NOON)
    assert again.seen_subject(subject(7)) is None


def test_an_acknowledgement_names_a_record_and_its_chain_value():
    _, journal = made_journal()
    last = register(journal, 1)
    for sequence, chain in ((last + 1, journal.chain_at(last)), (last, bytes(24)), (0, b"")):
        try:
            journal.acknowledge(sequence, chain, NOON)
        except ValueError:
            assert journal.acknowledged == 0
        else:
            raise AssertionError("taken")


def test_tubes_are_known_again():
    flash, journal = made_journal()
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    for number in range(80):  # on into the next sector
        register(journal, number, number + 1)
    for _ in range(70):
        journal.append(bodies.REFUSALS, NOON, [[["EXPIRED", 2]], 60])
    again = mounted(flash, Dice(3))
    assert again.open_tube == journal.open_tube == (3 - 1, "T1234567", 80)
    assert again.seen_tube("T1234567")[0] == 2 and again.seen_tube("T1234568") is None
    again.append(bodies.TUBE_CLOSED, NOON, [80, 77])
    assert again.open_tube is None and mounted(flash, Dice(3)).open_tube is None


def test_duplicates_are_found_before_and_after_the_index_is_filled():
    flash, journal = made_journal(16)
    numbers = {}
    for number in range(500):
        numbers[number] = register(journal, number)
    journal.append(bodies.VOID, NOON, [numbers[400], 1, 77])
    for entered in (0, 1, 3, 100):
        again = mounted(flash, Dice(3))
        for _ in range(entered):
            again._seen.fill_next()
        for number in range(0, 500, 37):
            assert again.seen_subject(subject(number)) == (numbers[number], NOON // 60)
        assert again.seen_subject(subject(999)) is None
        assert again.seen_subject(subject(400)) is None
    assert not again._seen.fill_next()
    manual = [1, "11010519491231002X", "Zhang", 1, 77]
    again.append(bodies.MANUAL, NOON, manual)
    assert again.seen_document(1, "11010519491231002X") is not None
    assert again.seen_document(2, "11010519491231002X") is None


def test_without_a_collection_key_nothing_is_written():
    flash = WeakFlash(8)
    journal = Journal(flash, Identity(), lambda: None, Dice(1).bytes)
    journal.mount()
    try:
        register(journal, 1)
    except NoCollectionKey:
        assert flash.programs == 0
    else:
        raise AssertionError("sealed to nobody")


def test_a_flash_that_refuses_costs_the_number_and_the_key():
    flash, journal = made_journal()
    first = register(journal, 1)
    key = bytes(journal._writer.epoch._state[:32])
    flash.failing = range(flash.operations + 1, flash.operations + 2)
    try:
        register(journal, 2)
    except OSError:
        assert bytes(journal._writer.epoch._state[:32]) != key
    else:
        raise AssertionError("promised what was not written")
    assert register(journal, 2) == first + 2
    again = mounted(flash, Dice(3))
    assert [record[1] for record in again.read(first, 1000)[0]] == [1, 1]


def test_another_flash_content_is_taken_for_empty():
    flash = WeakFlash(8)
    for sector in flash.cells:
        sector[:] = Dice(5).bytes(512) * 8
    use_cheap_hpke()
    journal = mounted(flash, Dice(1))
    register(journal, 1)
    assert mounted(flash, Dice(1)).seen_subject(subject(1)) is not None


def test_boot_reads_little_of_a_full_megabyte():
    flash, journal = made_journal(256)
    journal.append(bodies.TUBE_OPENED, NOON, ["T1234567", 77])
    count = fill(journal)
    assert count > 15000
    records = 64 * count
    assert flash.programmed < 1.1 * records
    assert max(flash.erases) - min(flash.erases) <= 1
    before = flash.read_bytes
    again = mounted(flash, Dice(2))
    assert flash.read_bytes - before <= 0.03 * 4096 * 256
    assert again.seen_subject(subject(0)) is not None


def test_an_epoch_names_its_collection_key_and_is_signed():
    _, journal = made_journal()
    register(journal, 1)
    (record,), _ = journal.read(1, 1)
    assert record[1] == bodies.EPOCH and record[11:19] == b"collect1"
    (message,) = journal._identity.signed
    kind, protected, external, payload = cbor.decode(message)
    assert kind == "Signature1"
    assert cbor.decode(protected) == {1: -8, 16: "application/scanpost-epoch"}
    assert external[:8] == b"DEVICE01" and len(external) == 32
    assert payload == record[:51]
    assert COLLECTION_KEY not in record


def test_a_pull_ends_with_a_signed_statement():
    _, journal = made_journal()
    last = register(journal, 1)
    nonce = bytes(range(16))
    message = cbor.decode(journal.statement(nonce, 1, last, NOON), tagged=True)
    protected, unprotected, payload, signature = message.value
    assert message.tag == 18 and unprotected == {} and signature == b"S" * 64
    assert cbor.decode(protected) == {1: -8, 16: "application/scanpost-pull+cbor"}
    expected = [b"DEVICE01", nonce, 1, last, journal.chain_at(last), NOON]
    assert cbor.decode(payload) == expected
    assert cbor.decode(journal._identity.signed[-1])[3] == payload
    try:
        journal.statement(nonce, 1, last + 1, NOON)
    except ValueError:
        return
    raise AssertionError("signed for what is not written")
