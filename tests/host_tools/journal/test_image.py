"""Images of the journal's partition: all that is readable is read, whatever else is in there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.journal import image, records
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed, subject


def _image(sealed):
    return b"".join(bytes(sector) for sector in sealed.flash.cells)


def _open(sealed, data):
    found = image.read(data)
    key = sealed.identity.public_key
    return found, image.open_records(found, DEVICE, key, sealed.keys)


def _filled(people=150):
    sealed = Sealed()
    sealed.journal.append(records.TUBE_OPENED, NOON, ["T1234567", 77])
    for number in range(people):
        sealed.register(number, number % 99 + 1)
        if number % 20 == 19:
            sealed.settle()
    return sealed


def test_everything_is_read_and_verified():
    sealed = _filled()
    found, opened = _open(sealed, _image(sealed))
    assert [record.raw for record in found.records] == sealed.raws()
    assert found.damages == [] and len(found.sectors) == 3
    assert [one.problem for one in opened] == [None] * len(opened)
    assert all(one.is_verified for one in opened)
    people = [one.content for one in opened if one.record.type == records.REGISTRATION]
    assert [person.subject for person in people] == [subject(number) for number in range(150)]


def test_after_a_restart_and_wrapping_round():
    sealed = _filled(300)
    last = sealed.journal.next_sequence - 1
    sealed.journal.acknowledge(last, sealed.journal.chain_at(last), NOON)
    sealed.journal.close_shift(NOON)
    sealed.restart()
    for number in range(300, 500):
        sealed.register(number, number % 99 + 1)
    found, opened = _open(sealed, _image(sealed))
    kept = {records.parse(raw).sequence for raw in sealed.raws()}
    assert kept <= {record.sequence for record in found.records}
    assert [one.problem for one in opened if one.record.sequence in kept] == [None] * len(kept)


def test_damage_is_named_and_the_rest_is_read():
    sealed = _filled()
    data = bytearray(_image(sealed))
    whole = image.read(bytes(data))
    second = next(sector for sector in whole.sectors if sector.first > 1)
    at = second.sector * image.SECTOR_BYTES
    slot = next(slot for slot in range(4, 64) if data[at + slot * 64 + 1] == records.REGISTRATION)
    data[at + slot * 64 + 30] ^= 0x10  # a torn record
    data[at] ^= 0x01  # and its sector's header
    found, opened = _open(sealed, bytes(data))
    assert len(found.records) == len(whole.records) - 1
    places = {(damage.sector, damage.slot) for damage in found.damages}
    assert (second.sector, None) in places
    lost = {record.sequence for record in whole.records} - {
        record.sequence for record in found.records
    }
    # What was bound to the lost record cannot be verified, nor the signatures over it, up to the
    # next checkpoint; all else is.
    wrong = [one for one in opened if one.problem]
    assert wrong[0].record.sequence == max(lost) + 1
    assert {one.record.type for one in wrong[1:]} <= {records.EPOCH}
    following = next(sector.first for sector in whole.sectors if sector.first > max(lost))
    assert all(one.record.sequence < following for one in wrong)


def test_a_sector_put_back_is_found_by_its_checkpoint():
    sealed = _filled(40)
    early = _image(sealed)
    for number in range(40, 150):
        sealed.register(number, number % 99 + 1)
    data = bytearray(_image(sealed))
    size = image.SECTOR_BYTES
    data[:size] = early[:size]  # as it was: records since are gone from it
    _, opened = _open(sealed, bytes(data))
    wrong = [one for one in opened if one.problem]
    assert wrong and "checkpoint" in wrong[0].problem


def test_whose_journal_it_is():
    sealed, other = _filled(5), Sealed()
    found = image.read(_image(sealed))
    known = {b"DEVICE02": other.identity.public_key, DEVICE: sealed.identity.public_key}
    assert image.find_device(found, known) == DEVICE
    assert image.find_device(found, {DEVICE: other.identity.public_key}) is None


def test_a_cut_off_file():
    sealed = _filled()
    found, opened = _open(sealed, _image(sealed)[: 2 * 4096 + 700])
    assert found.damages[-1].what == "only a part of it is in the file"
    assert len(opened) > 100 and not any(one.problem for one in opened)


WHOLE = _filled(100)
BYTES = _image(WHOLE)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(BYTES) - 1), st.binary(min_size=1, max_size=80))))
def test_any_bytes_are_taken(changes):
    data = bytearray(BYTES)
    for at, put in changes:
        data[at : at + len(put)] = put
    found, opened = _open(WHOLE, bytes(data))
    true = {record.sequence: record.raw for record in image.read(BYTES).records}
    for one in opened:
        # Nothing is verified that the device did not write.
        assert not one.is_verified or true[one.record.sequence] == one.record.raw
    assert len(found.records) == len(opened)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=9000))
def test_noise_holds_no_record(noise):
    assert image.read(noise).records == []
