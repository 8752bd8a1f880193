"""The database and the pull: nothing twice, nothing missing, nothing acknowledged too early."""

import sqlite3

import pytest
from link_device import LinkDevice

from host_tools import records
from host_tools.client import Client
from host_tools.pull import pull
from host_tools.store import Added, Store, StoreError
from host_tools.transport import open_transport
from tests.host_tools.journal_bodies import NOW_S, a_shift, body, registration
from tests.host_tools.loopback import Loopback

DEVICE = LinkDevice().device_id
IDENTITY = LinkDevice().identify()


def _store(path=":memory:") -> Store:
    store = Store(path)
    store.add_device(IDENTITY, NOW_S)
    return store


def test_a_shift_is_decoded():
    store = _store()
    assert store.add(DEVICE, a_shift()) == Added(14, 0, 0)
    found = {tube.tube: tube for tube in store.tubes()}
    assert list(found) == ["T0000001", "T0000002", None]
    assert found["T0000001"].people == found["T0000001"].closed_people == 2
    assert found["T0000001"].opened_time == found["T0000001"].closed_time == NOW_S
    assert found["T0000002"].people == 1 and found["T0000002"].closed_time is None
    assert found[None].people == 1
    assert store.refusals_by_reason() == {"EXPIRED": 3, "DUPLICATE": 1}
    people = store.registrations()
    assert [row["subject"][-1] for row in people] == [1, 2, 3, 4]
    assert people[3]["tube"] is None and people[3]["position"] is None
    assert store.next_sequence(DEVICE) == 15 and store.missing(DEVICE) == []


def test_the_same_again_changes_nothing():
    store = _store()
    store.add(DEVICE, a_shift())
    assert store.add(DEVICE, a_shift()) == Added(0, 14, 0)
    assert store.count(DEVICE) == 14 and len(store.registrations()) == 4


def test_another_record_under_the_same_number_is_refused_with_its_whole_batch():
    store = _store()
    store.add(DEVICE, a_shift())
    with pytest.raises(StoreError, match="differs"):
        store.add(DEVICE, [body(3, 15, ["T0000009"]), registration(6, "T0000001", 1, 9)])
    assert store.next_sequence(DEVICE) == 15


def test_what_is_not_understood_is_kept_raw():
    store = _store()
    odd = [
        body(77, 1, ["of a later version"]),
        body(1, 2, [b"short"]),
        body(1, 3, [b"s" * 16, b"c" * 8, b"k" * 8, 9, "T", 1]),
        body(2, 4, [5, 5]),
        b"\x03\x00\x00\x00\x05\x00\x00\x00\x00\xff",
        b"\x03\x00\x00\x00\x06\x00\x00\x00\x00",
    ]
    assert store.add(DEVICE, odd) == Added(6, 0, 5)
    assert store.add(DEVICE, odd) == Added(0, 6, 0)
    assert store.registrations() == [] and store.tubes() == []


def test_no_record_at_all_is_refused():
    with pytest.raises(StoreError, match="no record"):
        _store().add(DEVICE, [b"\x01\x02"])


def test_missing_ranges():
    store = _store()
    store.add(DEVICE, [body(3, number, [f"T{number}"]) for number in (4, 5, 9, 10, 12)])
    assert store.missing(DEVICE) == [(1, 3), (6, 8), (11, 11)]


def test_a_clock_that_was_not_set_is_null():
    assert records.header(body(5, 1, [1, "x"], unix_s=0)).unix_s is None


def test_the_file_outlives_the_program(tmp_path):
    path = tmp_path / "pulled.db"
    store = _store(path)
    store.add(DEVICE, a_shift())
    store.close()
    store = Store(path)
    assert store.count(DEVICE) == 14
    store.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    assert [row[0] for row in db.execute("SELECT raw FROM records")] == a_shift()


def test_files_that_are_no_database_of_ours(tmp_path):
    other = tmp_path / "other.db"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE t (x)")
    db.close()
    with pytest.raises(StoreError, match="another program"):
        Store(other)
    newer = tmp_path / "newer.db"
    db = sqlite3.connect(newer)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="newer"):
        Store(newer)
    text = tmp_path / "text.db"
    text.write_text("no database" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(text)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "no" / "such.db")


class _Journal(LinkDevice):
    """Writes a record of each acknowledgement, as a device does."""

    def __init__(self, bodies):
        LinkDevice.__init__(self, bodies)
        self.after_acknowledge = lambda up_to: self.records.append(
            body(8, self.first + len(self.records), [up_to])
        )


def _pull(device, store, **options):
    with Loopback(device) as loopback:
        client = Client(open_transport(loopback.port))
        try:
            return pull(client, store, NOW_S, **options)
        finally:
            client.close()


def test_pulling_twice_brings_nothing_twice():
    store = _store()
    device = _Journal(a_shift())
    first = _pull(device, store)
    assert (first.new, first.acknowledged, first.missing) == (14, 14, [])
    second = _pull(device, store)
    # the acknowledgement itself, which is not acknowledged in its turn
    assert (second.new, second.acknowledged) == (1, None)
    assert _pull(device, store).new == 0
    assert store.count(DEVICE) == 15 and len(device.records) == 15


def test_new_records_after_a_pull():
    store = _store()
    device = _Journal(a_shift())
    _pull(device, store)
    device.records.append(registration(16, "T0000002", 2, 5))
    third = _pull(device, store)
    assert (third.new, third.acknowledged) == (2, 16)
    assert len(store.registrations()) == 5


def test_nothing_is_acknowledged_that_is_not_committed(monkeypatch):
    store = _store()
    device = _Journal(a_shift())

    def broken(*_):
        raise StoreError("disk full")

    monkeypatch.setattr(store, "add", broken)
    with pytest.raises(StoreError, match="disk full"):
        _pull(device, store)
    assert device.acknowledged == 0
    monkeypatch.undo()
    assert _pull(device, store).acknowledged == 14


def test_an_acknowledgement_that_was_cut_off_is_made_up_for():
    store = _store()
    device = _Journal(a_shift())
    _pull(device, store, acknowledge=False)
    assert device.acknowledged == 0
    again = _pull(device, store)
    assert (again.new, again.acknowledged) == (0, 14)


def test_records_that_the_device_no_longer_has_are_named():
    device = _Journal([body(3, number, [f"T{number}"]) for number in range(50, 60)])
    device.first = 50
    pulled = _pull(device, _store())
    assert (pulled.new, pulled.missing) == (10, [(1, 49)])


def test_an_erased_journal_is_noticed():
    store = _store()
    _pull(_Journal(a_shift()), store)
    with pytest.raises(StoreError, match="erased"):
        _pull(_Journal(a_shift()[:5]), store)
    with pytest.raises(StoreError, match="differs"):
        _pull(_Journal([body(3, number, [f"T{number}"]) for number in range(1, 30)]), store)


def test_a_device_without_an_id():
    device = _Journal([])
    device.device_id = None
    with pytest.raises(StoreError, match="provision"):
        _pull(device, _store())
