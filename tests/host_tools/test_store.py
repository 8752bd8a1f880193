"""The database: nothing twice, nothing missing, what was opened beside what was sealed."""

import sqlite3

import pytest

from host_tools.journal import records
from host_tools.journal.statement import Statement
from host_tools.store import SCHEMA_VERSION, Added, Store, StoreError
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed, subject


def identity(sealed):
    return {
        "device": DEVICE,
        "key": sealed.identity.public_key,
        "name": "T1",
        "board": "test",
        "version": "0.1.0",
    }


def _store(sealed, path=":memory:"):
    store = Store(path)
    store.add_device(identity(sealed), NOON)
    return store


def test_a_shift_is_opened():
    sealed = Sealed()
    store = _store(sealed)
    raws = sealed.shift(people=2)
    sealed.journal.append(records.TUBE_OPENED, NOON, ["T0000002", 0])
    sealed.register(7, 1)
    sealed.journal.append(records.TUBE_CLOSED, NOON, [1, 0])
    sealed.register(8)
    assert len(raws) == 7
    assert store.add(DEVICE, sealed.raws()) == Added(11, 0)
    assert store.open(DEVICE, sealed.keys) == 11
    assert store.problems(DEVICE) == [] and store.gaps(DEVICE, True) == []
    found = {tube.tube: tube for tube in store.tubes()}
    assert list(found) == ["T1234567", "T0000002", None]
    first = found["T1234567"]
    assert first.people == first.closed_people == 2
    assert first.opened_time == NOON // 60 * 60 and first.closed_time == (NOON + 660) // 60 * 60
    assert found["T0000002"].people == found[None].people == 1
    assert store.refusals_by_reason() == {"EXPIRED": 3, "NO_TUBE": 1}
    people = store.registrations()
    assert [row["subject"] for row in people] == [subject(n) for n in (0, 1, 7, 8)]
    assert [row["tube"] for row in people] == ["T1234567", "T1234567", "T0000002", None]
    assert [row["position"] for row in people] == [1, 2, 1, None]
    assert store.chain(DEVICE) == sealed.journal.chain_at(sealed.journal.next_sequence - 1)


def test_the_same_again_changes_nothing():
    sealed = Sealed()
    store = _store(sealed)
    raws = sealed.shift()
    assert store.add(DEVICE, raws).new == len(raws)
    store.open(DEVICE, sealed.keys)
    assert store.add(DEVICE, raws) == Added(0, len(raws))
    assert store.open(DEVICE, sealed.keys) == 0
    assert store.count(DEVICE) == len(raws) and len(store.registrations()) == 5


def test_in_pieces_as_in_one():
    sealed = Sealed()
    whole, pieces = _store(sealed), _store(sealed)
    sealed.shift()
    sealed.restart()
    raws = sealed.shift(people=9)
    whole.add(DEVICE, raws)
    whole.open(DEVICE, sealed.keys)
    for raw in raws:
        pieces.add(DEVICE, [raw])
        pieces.open(DEVICE, sealed.keys)
    assert whole.registrations() == pieces.registrations()
    assert whole.chain(DEVICE) == pieces.chain(DEVICE)
    assert pieces.problems(DEVICE) == []


def test_records_wait_for_their_key():
    sealed = Sealed()
    store = _store(sealed)
    sealed.shift()
    first = sealed.keys
    sealed.use_new_key()
    sealed.restart()
    sealed.register(70)
    store.add(DEVICE, sealed.raws())
    store.open(DEVICE, {})
    assert store.registrations() == []
    waiting = {problem.sealed_to for problem in store.problems(DEVICE)}
    assert waiting == {*first, *sealed.keys}
    assert store.chain(DEVICE) == sealed.journal.chain_at(sealed.journal.next_sequence - 1)
    store.open(DEVICE, sealed.keys)
    assert [row["subject"] for row in store.registrations()] == [subject(70)]
    sealed.register(71)
    store.add(DEVICE, sealed.raws())
    store.open(DEVICE, {**first, **sealed.keys})
    assert len(store.registrations()) == 7 and store.problems(DEVICE) == []


def test_a_void_takes_a_registration_out():
    sealed = Sealed()
    store = _store(sealed)
    sealed.shift()
    sealed.journal.append(records.VOID, NOON, [5, 1, 77])
    store.add(DEVICE, sealed.raws())
    store.open(DEVICE, sealed.keys)
    assert [row["sequence"] for row in store.registrations()] == [4, 6, 7, 8]
    assert store.tubes()[0].people == 4


def test_another_record_under_the_same_number_is_refused_with_its_whole_batch():
    sealed, other = Sealed(), Sealed()
    store = _store(sealed)
    raws = sealed.shift()
    store.add(DEVICE, raws)
    with pytest.raises(StoreError, match="differs"):
        store.add(DEVICE, [sealed.journal.read(sealed.register(9), 1)[0][0], other.shift()[3]])
    assert store.count(DEVICE) == len(raws)


def test_another_key_is_another_device():
    sealed = Sealed()
    store = _store(sealed)
    with pytest.raises(StoreError, match="another key"):
        store.add_device(identity(Sealed()), NOON)


def test_what_was_removed_is_a_problem_that_no_key_mends():
    sealed = Sealed()
    store = _store(sealed)
    raws = sealed.shift()
    store.add(DEVICE, raws[:5] + raws[6:])
    store.open(DEVICE, sealed.keys)
    assert store.problems(DEVICE) == [] and store.gaps(DEVICE, False) == [(6, 6)]
    assert len(store.registrations()) == 4


def test_a_database_that_begins_late_says_so():
    sealed = Sealed()
    sealed.shift()
    sealed.restart()
    raws = sealed.shift(people=2)
    begin = next(index for index, raw in enumerate(raws) if index and raw[1] == records.EPOCH)
    store = _store(sealed)
    store.add(DEVICE, raws[begin:])
    store.open(DEVICE, sealed.keys)
    first = records.parse(raws[begin]).sequence
    assert store.gaps(DEVICE, True) == [(1, first - 1)]
    assert store.problems(DEVICE) == [] and len(store.registrations()) == 2
    assert store.chain(DEVICE) is None
    store.adopt_chain(DEVICE, bytes(24))
    assert store.chain(DEVICE) == bytes(24)


def test_no_record_at_all_is_refused():
    with pytest.raises(StoreError, match="no record"):
        _store(Sealed()).add(DEVICE, [b"\x01\x02"])


def test_statements_are_kept():
    sealed = Sealed()
    store = _store(sealed)
    store.add_statement(Statement(DEVICE, bytes(16), 1, 5, bytes(24), NOON), b"raw", NOON + 1)
    with pytest.raises(StoreError, match="UNIQUE"):
        store.add_statement(Statement(DEVICE, bytes(16), 1, 5, bytes(24), NOON), b"raw", NOON + 1)


def test_the_file_outlives_the_program(tmp_path):
    path = tmp_path / "pulled.db"
    sealed = Sealed()
    store = _store(sealed, path)
    raws = sealed.shift()
    store.add(DEVICE, raws[:4])
    store.open(DEVICE, sealed.keys)
    store.close()
    store = Store(path)
    store.add(DEVICE, raws[4:])
    store.open(DEVICE, sealed.keys)
    assert store.problems(DEVICE) == [] and len(store.registrations()) == 5
    store.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert [row[0] for row in db.execute("SELECT raw FROM records")] == raws


@pytest.mark.filterwarnings("ignore::provisioning.files.OpenToOthers")
def test_files_that_are_no_database_of_ours(tmp_path):
    for version, said in ((99, "newer"), (1, "older")):
        path = tmp_path / f"{version}.db"
        db = sqlite3.connect(path)
        db.execute(f"PRAGMA user_version = {version}")
        db.close()
        with pytest.raises(StoreError, match=said):
            Store(path)
    other = tmp_path / "other.db"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE t (x)")
    db.close()
    with pytest.raises(StoreError, match="another program"):
        Store(other)
    text = tmp_path / "text.db"
    text.write_text("no database" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(text)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "no" / "such.db")
