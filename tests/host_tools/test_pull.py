"""The pull: nothing twice, nothing missing, nothing acknowledged too early or by nobody."""

import pytest

from host_tools.client import Client
from host_tools.journal import records
from host_tools.journal.statement import StatementError
from host_tools.pull import pull
from host_tools.store import Store, StoreError
from host_tools.transport import open_transport
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed, subject
from tests.host_tools.loopback import Loopback
from tests.host_tools.sealed_device import SealedDevice


@pytest.fixture
def device(tmp_path):
    made = SealedDevice(tmp_path)
    made.sealed.shift()
    return made


@pytest.fixture
def store():
    return Store(":memory:")


def _pull(device, store, **options):
    options = {"keys": device.sealed.keys, "operator": device.operator, **options}
    with Loopback(device) as loopback:
        client = Client(open_transport(loopback.port))
        try:
            return pull(client, store, NOON, **options)
        finally:
            client.close()


def test_pulling_twice_brings_nothing_twice(device, store):
    first = _pull(device, store)
    assert (first.new, first.opened, first.acknowledged) == (10, 10, 10)
    assert first.problems == first.damages == first.elsewhere == []
    second = _pull(device, store)
    # the acknowledgement itself, which is not acknowledged in its turn
    assert (second.new, second.acknowledged) == (1, None)
    assert _pull(device, store).new == 0
    assert store.count(DEVICE) == 11 and len(store.registrations()) == 5


def test_new_records_after_a_pull(device, store):
    _pull(device, store)
    last = device.sealed.register(60)
    third = _pull(device, store)
    assert (third.new, third.acknowledged) == (2, last)
    assert store.registrations()[-1]["subject"] == subject(60)


def test_nothing_is_acknowledged_that_is_not_committed(device, store, monkeypatch):
    def broken(*_):
        raise StoreError("disk full")

    monkeypatch.setattr(store, "add", broken)
    with pytest.raises(StoreError, match="disk full"):
        _pull(device, store)
    assert device.journal.acknowledged == 0
    monkeypatch.undo()
    assert _pull(device, store).acknowledged == 10


def test_an_acknowledgement_that_was_cut_off_is_made_up_for(device, store):
    assert _pull(device, store, operator=None).acknowledged is None
    assert device.journal.acknowledged == 0
    again = _pull(device, store)
    assert (again.new, again.acknowledged) == (0, 10)


def test_a_shift_is_closed_and_the_next_one_goes_on(device, store):
    closed = _pull(device, store, close_shift=True)
    assert closed.released == closed.acknowledged == device.journal.released == 10
    device.sealed.restart()
    device.sealed.shift(people=2)
    later = _pull(device, store)
    assert later.problems == [] and len(store.registrations()) == 7


def test_without_the_key_records_are_kept_sealed(device, store):
    sealed = _pull(device, store, keys={})
    assert sealed.acknowledged == 10 and sealed.damaged == []
    assert {problem.sealed_to for problem in sealed.problems} == {device.sealed.kid}
    assert store.registrations() == []
    opened = _pull(device, store)
    assert opened.problems == [] and len(store.registrations()) == 5


def test_what_a_dishonest_device_alters_is_not_acknowledged(device, store):
    original = device.read_journal

    def without_one(from_sequence, max_bytes):
        raws, following = original(from_sequence, max_bytes)
        return [raw for raw in raws if records.parse(raw).sequence != 6], following

    device.read_journal = without_one
    with pytest.raises(StatementError, match="another chain"):
        _pull(device, store)
    assert device.journal.acknowledged == 0
    with pytest.raises(StatementError):
        _pull(device, store)
    accepted = _pull(device, store, accept_damage=True)
    assert accepted.acknowledged == 10 and accepted.problems == []
    device.read_journal = original
    device.sealed.register(60)
    assert _pull(device, store).problems == []


def test_a_statement_by_another_key_is_noticed(device, store):
    other = Sealed()
    other.shift()
    device.statement = lambda nonce, first, last: other.journal.statement(nonce, first, last, NOON)
    with pytest.raises(StatementError, match="not signed"):
        _pull(device, store)
    assert device.journal.acknowledged == 0


def test_records_that_the_device_no_longer_has_are_named(device, store):
    _pull(device, Store(":memory:"), close_shift=True)
    sealed = device.sealed
    sealed.settle()
    for number in range(300):
        sealed.register(number)
        sealed.settle()
        if number % 100 == 99:
            _pull(device, Store(":memory:"), close_shift=True)
    first = device.journal.first_sequence
    assert first > 11
    sealed.register(300)
    late = _pull(device, store)
    assert late.elsewhere == [(1, first - 1)] and late.acknowledged is not None


def test_an_erased_journal_is_noticed(device, store):
    _pull(device, store)
    identity = device.sealed.identity
    device.sealed = Sealed()
    device.sealed.identity = identity
    device.sealed.restart()
    device.sealed.register(1)
    with pytest.raises(StoreError, match="erased"):
        _pull(device, store)
    device.sealed.shift(people=20)
    with pytest.raises(StoreError, match="differs"):
        _pull(device, store)


def test_a_device_without_an_id(device, store):
    device.device_id = None
    with pytest.raises(StoreError, match="provision"):
        _pull(device, store)
