"""Images of the journal's partition: all that is readable is read, whatever else is in there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.journal import image, mending, records
from host_tools.journal.damage import told
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
    slot = next(slot for slot in range(10, 64) if data[at + slot * 64 + 1] == records.REGISTRATION)
    data[at + slot * 64 + 30] ^= 0x11  # a record that is wrong in more than a bit
    data[at] ^= 0x03  # and its sector's header
    found, opened = _open(sealed, bytes(data))
    assert len(found.records) == len(whole.records) - 1
    places = {(damage.sector, damage.slot) for damage in found.damages}
    assert (second.sector, None) in places
    lost = {record.sequence for record in whole.records} - {
        record.sequence for record in found.records
    }
    # What was bound to the lost record is proved by the one behind it.
    (number,) = lost
    assert not [one for one in opened if one.problem]
    assert [one.hole for one in opened if one.hole] == [(number, number)]
    (damage,) = image.damaged_sectors(found, opened)
    assert told(damage) == (
        f"sector {second.sector} is damaged: record {number} is missing, its header is lost"
    )


def test_every_bit_of_a_record_is_put_right():
    sealed = _filled(20)
    data = _image(sealed)
    whole = image.read(data)
    for record in whole.records[:4]:
        place = whole.places[record.sequence]
        at = place.sector * image.SECTOR_BYTES + place.slot * image.SLOT_BYTES
        for bit in range(8 * len(record.raw)):
            decayed = bytearray(data)
            decayed[at + bit // 8] ^= 1 << bit % 8
            found = image.read(bytes(decayed))
            assert [one.raw for one in found.records] == [one.raw for one in whole.records], bit
            assert found.places[record.sequence].is_mended
    _, opened = _open(sealed, bytes(decayed))
    assert all(one.is_verified for one in opened) and not any(one.hole for one in opened)
    (damage,) = image.damaged_sectors(found, opened)
    assert told(damage) == f"sector 0 is damaged: record {record.sequence} mended"


def test_two_wrong_bits_are_never_taken_for_one():
    sealed = _filled(4)
    record = image.read(_image(sealed)).records[-1]
    bits = 8 * len(record.raw)
    for first in range(bits):
        second = (first * 7 + 5) % bits
        if first == second:
            continue
        wrong = bytearray(record.raw)
        for bit in (first, second):
            wrong[bit // 8] ^= 1 << bit % 8
        assert mending.mended(bytes(wrong) + bytes(128)) is None


def test_every_bit_of_a_header_is_put_right():
    sealed = _filled(80)
    data = _image(sealed)
    whole = image.read(data)
    for bit in range(8 * image.SLOT_BYTES):
        decayed = bytearray(data)
        decayed[image.SECTOR_BYTES + bit // 8] ^= 1 << bit % 8
        found = image.read(bytes(decayed))
        assert found.sectors == whole.sectors and found.mended_headers == {1}


def test_a_lost_sector_costs_its_own_records_and_no_others():
    sealed = _filled(150)
    sealed.restart()  # another epoch, in the third sector
    for number in range(150, 330):
        sealed.register(number, number % 99 + 1)
    data = _image(sealed)
    whole = image.read(data)
    for sector in range(6):
        decayed = bytearray(data)
        start = sector * image.SECTOR_BYTES
        decayed[start : start + image.SECTOR_BYTES] = b"\xff" * image.SECTOR_BYTES
        found, opened = _open(sealed, bytes(decayed))
        own = {number for number, place in whole.places.items() if place.sector == sector}
        told_of = {one.record.sequence for one in opened if one.content is not None}
        assert told_of == whole.places.keys() - own
        assert not [one.problem for one in opened if one.problem]
        holes = [one.hole for one in opened if one.hole]
        if sector in range(1, 5):
            assert holes == [(min(own), max(own))] or holes[0][0] == min(own)
            (damage,) = image.damaged_sectors(found, opened)
            assert damage.sector == sector and damage.missing == tuple(holes)


def test_a_record_lost_before_an_epoch_costs_only_itself():
    sealed = _filled(20)
    sealed.restart()
    for number in range(20, 30):
        sealed.register(number)
    data = bytearray(_image(sealed))
    whole = image.read(bytes(data))
    epochs = [one.sequence for one in whole.records if one.type == records.EPOCH]
    last = max(one.sequence for one in whole.records if one.sequence < epochs[1])
    for lost in (last, last - 1):
        decayed = bytearray(data)
        decayed[whole.places[lost].slot * image.SLOT_BYTES + 20] ^= 0x41
        _, opened = _open(sealed, bytes(decayed))
        told_of = {one.record.sequence for one in opened if one.content is not None}
        # One that lies alone between a hole and an epoch has nothing that proves its key.
        assert len(whole.places.keys() - told_of) == (1 if lost == last else 2)
        assert next(one.hole for one in opened if one.hole)[0] == lost


def test_a_sector_put_back_is_found_by_its_checkpoint():
    sealed = _filled(40)
    early = _image(sealed)
    whole = image.read(early)
    for number in range(40, 150):
        sealed.register(number, number % 99 + 1)
    data = bytearray(_image(sealed))
    size = image.SECTOR_BYTES
    data[:size] = early[:size]  # as it was: records since are gone from it
    _, opened = _open(sealed, bytes(data))
    wrong = [one for one in opened if one.problem]
    assert not wrong
    kept = [number for number, place in whole.places.items() if place.sector == 0]
    (hole,) = [one.hole for one in opened if one.hole]
    assert hole == (max(kept) + 1, image.read(bytes(data)).sectors[1].first - 1)


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
