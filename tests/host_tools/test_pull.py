"""The pull: nothing twice, nothing missing, nothing acknowledged too early or by nobody."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from host_tools.cli import app
from host_tools.client import Client
from host_tools.journal import records
from host_tools.journal.damage import told
from host_tools.journal.statement import StatementError
from host_tools.pull import pull
from host_tools.store import Store, StoreError
from host_tools.transport import open_transport
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed, subject
from tests.host_tools.loopback import Loopback


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


def _flash(device):
    return device.sealed.flash.cells


def _slot_of(device, number):
    """(sector, byte) of a record."""
    ring = device.journal._ring
    for index in ring.kept():
        for slot, record in ring.records(index):
            if records.parse(bytes(record)).sequence == number:
                return index, slot * 64
    raise AssertionError(number)


def test_a_decayed_bit_is_put_right_before_anything_is_acknowledged(device, store):
    sector, at = _slot_of(device, 6)
    _flash(device)[sector][at + 20] ^= 4
    pulled = _pull(device, store)
    assert (pulled.new, pulled.opened, pulled.acknowledged) == (9, 10, 10)
    assert pulled.is_whole and len(store.registrations()) == 5
    (damage,) = pulled.damages
    assert told(damage) == f"sector {sector} is damaged: record 6 mended"
    (kept,) = store.damaged_sectors(DEVICE)
    assert kept.raw[at : at + 64] == bytes(_flash(device)[sector][at : at + 64])
    assert kept.raw[48:60] == b"\xff" * 12  # the tag key stays on the device
    assert _pull(device, store).problems == []


def test_a_device_that_restarts_over_a_decayed_bit_is_understood(device, store):
    sector, at = _slot_of(device, 6)
    _flash(device)[sector][at + 20] ^= 4
    device.sealed.restart()
    last = device.sealed.register(60)
    pulled = _pull(device, store)
    assert pulled.is_whole and pulled.problems == [] and pulled.acknowledged == last
    assert len(store.registrations()) == 6


def test_what_is_lost_is_told_in_numbers_and_accepted_by_a_person(device, store):
    sector, at = _slot_of(device, 6)
    _flash(device)[sector][at + 20] ^= 6
    pulled = _pull(device, store)
    assert not pulled.is_whole and pulled.problems == [] and pulled.acknowledged is None
    (damage,) = pulled.damages
    assert told(damage) == f"sector {sector} is damaged: record 6 is missing"
    assert len(store.registrations()) == 4 and store.gaps(DEVICE, False) == [(6, 6)]
    assert len(store.damaged_sectors(DEVICE)) == 1 and device.journal.acknowledged == 0
    accepted = _pull(device, store, accept_damage=True)
    assert accepted.acknowledged == 10 and accepted.is_whole


def test_a_lost_sector_costs_a_pull_its_own_records(device, store):
    sealed = device.sealed
    numbers = [sealed.register(number) for number in range(10, 200)]
    sector = device.journal._ring.head - 2
    own = [number for number in numbers if _slot_of(device, number)[0] == sector]
    _flash(device)[sector][:] = b"\xff" * 4096
    sealed.restart()
    pulled = _pull(device, store)
    assert pulled.problems == [] and not pulled.is_whole
    found = {row["sequence"] for row in store.registrations()}
    assert set(numbers) - found == set(own)
    (damage,) = pulled.damages
    assert damage.sector == sector and damage.header == "lost"
    assert damage.missing[0][0] <= own[0] and damage.missing[-1][1] >= own[-1]
    assert _pull(device, store, accept_damage=True).acknowledged is not None


def _another_station_empties(device, people):
    """Shift after shift, so that the sectors are used again."""
    sealed, journal = device.sealed, device.journal
    for shift in range(4):
        for number in people[shift::4]:
            sealed.register(number)
            sealed.settle()
        last = journal.next_sequence - 1
        journal.acknowledge(last, journal.chain_at(last), NOON)
        journal.close_shift(NOON)
        sealed.settle()


def test_two_stations_that_take_turns(device, store):
    _pull(device, store, close_shift=True)
    for turn in range(2):
        stored = store.next_sequence(DEVICE)
        _another_station_empties(device, range(1000 * turn + 100, 1000 * turn + 500))
        last = device.sealed.register(turn)
        first = device.journal.first_sequence
        pulled = _pull(device, store)
        assert pulled.problems == [] and pulled.is_whole and pulled.acknowledged == last
        assert pulled.elsewhere == [(stored, first - 1)] and first > stored
        assert store.registrations()[-1]["subject"] == subject(turn)
        assert _pull(device, store).elsewhere == []
    assert len(store.gaps(DEVICE, True)) == 2


def test_the_command_says_what_is_missing_and_ends_with_its_own_code(device, tmp_path):
    sector, at = _slot_of(device, 6)
    _flash(device)[sector][at + 20] ^= 6  # two bits: beyond mending
    _flash(device)[sector][at + 64 + 20] ^= 4
    with Loopback(device) as loopback:
        arguments = ["pull", "--port", loopback.port, "--db", str(tmp_path / "a.db")]
        key = tmp_path / "collection.pem"
        key.write_bytes(
            device.sealed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        done = CliRunner().invoke(app, [*arguments, "--collection-key", str(key)])
        assert done.exit_code == 5, done.output
        said = f"Sector {sector} is damaged: record 6 is missing, 7 mended."
        assert said in done.output and "altered" not in done.output
