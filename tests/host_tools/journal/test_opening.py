"""Records of the firmware opened by the host; what was altered, removed or moved is found."""

import zlib

import pytest
from journal import bodies

from host_tools.journal import records, statement
from host_tools.journal.opening import (
    INTRUDER,
    NOT_GENUINE,
    Opener,
    Place,
    each_with_next,
    second_places,
)
from host_tools.journal.records import RecordError
from host_tools.journal.statement import Statement, StatementError
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed, subject

NONCE = bytes(range(16))


def _open(sealed, raws, keys=None, place=None):
    keys = sealed.keys if keys is None else keys
    found = [records.parse(raw) for raw in raws]
    second = second_places(found)
    opener = Opener(DEVICE, sealed.identity.public_key, keys, place, None, second)
    return opener, [opener.take(*pair) for pair in each_with_next(found)]


def _wrong(opened):
    return [one.record.sequence for one in opened if one.problem]


def test_all_records_of_a_shift_are_opened():
    sealed = Sealed()
    _, opened = _open(sealed, sealed.shift())
    assert _wrong(opened) == []
    epoch, boot, tube, *people, refusals, closed = (one.content for one in opened)
    assert epoch.kid == sealed.kid
    assert boot == (1, "0.1.0") and tube == ("T1234567", 77)
    for number, person in enumerate(people):
        assert (person.tube, person.position) == (3, number + 1)
        assert person.subject == subject(number) and person.cti == b"cti-8 by"
        assert (person.issuer, person.relation, person.staff) == (3, 1, 77)
    assert refusals == (500, {"EXPIRED": 3, "NO_TUBE": 1})
    assert closed == (3, 5, 77)
    assert opened[3].record.minute == NOON // 60


def test_every_type_has_its_layout():
    sealed = Sealed()
    chain = bytes(range(24))
    for kind, payload, expected in (
        (records.MANUAL, [2, "11010519491231002X", "张三丰", 4, 9], (None, 4, 2, 9)),
        (records.CLOCK_SET, [None, NOON, False, bytes(8)], (None, NOON, False, None)),
        (
            records.CLOCK_SET,
            [NOON - 9, NOON, True, b"operator"],
            (NOON - 9, NOON, True, b"operator"),
        ),
        (records.LIST_INSTALLED, ["trust", 7], ("trust", 7)),
        (records.PROMPT_OPENED, [b"operator"], (b"operator",)),
        (records.ACKNOWLEDGED, [1, chain, b"operator"], (1, chain, b"operator")),
        (records.SHIFT_CLOSED, [1, b"operator"], (1, b"operator")),
        (records.SHIFT_OPENED, [300], (300,)),
        (records.SCANNER, [["baud 9600", "tail"]], ("baud 9600,tail",)),
        (records.VOID, [5, 1, 77], (5, 1, 77)),
        (records.STAFF, [12, "B-77"], (12, "B-77")),
    ):
        sequence = sealed.journal.append(kind, NOON, payload)
        _, opened = _open(sealed, sealed.raws())
        (found,) = (one.content for one in opened if one.record.sequence == sequence)
        if kind == records.MANUAL:
            assert found.number == "11010519491231002X" and found.name == "张三丰"
            found = (found.tube, found.position, found.kind, found.staff)
        assert found == expected, records.TYPE_NAMES[kind]
    assert _wrong(opened) == []


def test_epochs_keys_and_restarts():
    sealed = Sealed()
    sealed.shift()
    first = sealed.keys
    sealed.use_new_key()
    sealed.restart()
    sealed.register(70)
    raws = sealed.raws()
    _, opened = _open(sealed, raws, {**first, **sealed.keys})
    assert _wrong(opened) == []
    _, opened = _open(sealed, raws)
    (old,) = first
    assert {one.sealed_to for one in opened if one.problem} == {old}
    assert opened[-1].content.subject == subject(70)
    _, opened = _open(sealed, raws, {})
    assert [one.record.type for one in opened if not one.problem] == [records.EPOCH] * 2


def test_going_on_from_a_stored_place():
    sealed = Sealed()
    raws = sealed.shift()
    whole, _ = _open(sealed, raws)
    half, _ = _open(sealed, raws[:5])
    epoch = records.parse(raws[0])
    opener = Opener(DEVICE, sealed.identity.public_key, sealed.keys, half.place, epoch)
    assert [opener.take(records.parse(raw)).problem for raw in raws[5:]] == [None] * len(raws[5:])
    assert opener.place == whole.place


def _recoded(raw, at, value):
    """A record with one byte changed and its check made right again: done on purpose."""
    changed = raw[:at] + bytes([raw[at] ^ value]) + raw[at + 1 : -4]
    return changed + zlib.crc32(changed).to_bytes(4, "big")


@pytest.mark.parametrize("at", [7, 12, 15, 20, 30, 55])
def test_an_altered_record_is_named(at):
    sealed = Sealed()
    raws = sealed.shift()
    raws[5] = _recoded(raws[5], at, 1)
    _, opened = _open(sealed, raws)
    # Its successor was bound to what it had been, and is proved by the one behind it.
    assert _wrong(opened) == [6] and opened[5].problem == NOT_GENUINE
    assert opened[6].is_verified and opened[6].hole is None


def test_a_removed_record_leaves_a_mark():
    sealed = Sealed()
    raws = sealed.shift()
    del raws[5]
    _, opened = _open(sealed, raws)
    assert _wrong(opened) == [] and all(one.is_verified for one in opened)
    assert [one.hole for one in opened if one.hole] == [(6, 6)] and opened[5].hole
    assert opened[5].content.subject == subject(3)


@pytest.mark.parametrize("number", [b"\x00\x00\x40\x00", b"\x7f\xff\xff\xff"])
def test_a_forged_number_does_not_count(number):
    sealed = Sealed()
    raws = sealed.shift()
    forged = raws[5][:3] + number + raws[5][7:-4]
    raws[5] = forged + zlib.crc32(forged).to_bytes(4, "big")
    _, opened = _open(sealed, raws)
    assert len(_wrong(opened)) == 1 and opened[5].problem
    assert opened[6].is_verified and opened[7].is_verified


def test_an_epoch_whose_secret_is_forged_opens_nothing():
    sealed = Sealed()
    raws = sealed.shift()
    forged = raws[0][:19] + bytes(32) + raws[0][51:-4]
    raws[0] = forged + zlib.crc32(forged).to_bytes(4, "big")
    _, opened = _open(sealed, raws)
    assert all("forged" in one.problem for one in opened)


def test_records_in_another_order_are_found():
    sealed = Sealed()
    raws = sealed.shift()
    raws[5], raws[6] = raws[6], raws[5]
    _, opened = _open(sealed, raws)
    # 7 was written behind 6 and before 8, neither of which it lies beside.
    assert _wrong(opened) == [7] and opened[5].problem == INTRUDER
    assert opened[6].is_verified and opened[7].hole == (7, 7)


def test_what_was_removed_before_an_epoch_breaks_its_signature():
    sealed = Sealed()
    sealed.shift()
    sealed.restart()
    sealed.register(70)
    raws = sealed.raws()
    (begin,) = (index for index, raw in enumerate(raws) if index and raw[1] == records.EPOCH)
    del raws[begin - 1]
    _, opened = _open(sealed, raws)
    assert _wrong(opened) == [records.parse(raws[begin - 1]).sequence]
    assert "signature" in opened[begin - 1].problem


def test_an_epoch_of_another_device_is_found():
    sealed, other = Sealed(), Sealed()
    raws = sealed.shift()
    opener = Opener(DEVICE, other.identity.public_key, sealed.keys)
    assert "signature" in opener.take(records.parse(raws[0])).problem
    opener = Opener(b"DEVICE02", sealed.identity.public_key, sealed.keys)
    assert [opener.take(records.parse(raw)).problem is None for raw in raws] == [False] * len(raws)


def test_records_whose_beginning_is_lost():
    sealed = Sealed()
    raws = sealed.shift()
    _, opened = _open(sealed, raws[3:], place=Place(0, None, None))
    assert _wrong(opened) == [one.record.sequence for one in opened]
    sealed.restart()
    sealed.register(70)
    raws = sealed.raws()
    _, opened = _open(sealed, raws[3:], place=Place(0, None, None))
    assert opened[-1].problem is None and opened[-1].content.subject == subject(70)


def test_what_is_no_record():
    sealed = Sealed()
    raw = sealed.shift()[3]
    for bad in (b"", raw[:-1], raw + b"\0", raw[:20] + b"\0" + raw[21:], bytes(64), b"\xff" * 64):
        with pytest.raises(RecordError):
            records.parse(bad)


@pytest.mark.parametrize("kind", sorted(records.TYPE_NAMES))
@pytest.mark.parametrize("clear", [b"", b"x" * 7, b"x" * 39, b"x" * 60])
def test_a_forged_layout_is_no_record_or_a_problem(kind, clear):
    rest = bytes(64 if kind == records.EPOCH else 30)
    head = bytes([11 + len(clear) + len(rest) + 4, kind, len(clear)]) + bytes([0, 0, 0, 1] * 2)
    forged = head + clear + rest
    forged += zlib.crc32(forged).to_bytes(4, "big")
    try:
        record = records.parse(forged)
    except RecordError:
        return
    records.clear_content(record)
    assert Opener(DEVICE, None, {}).take(record).problem


def test_both_sides_have_the_same_codes():
    assert records.REASONS == bodies.REASONS
    types = {name: getattr(bodies, name) for name in vars(records) if hasattr(bodies, name)}
    assert len(records.TYPE_NAMES) == 17
    assert {name for name in types if isinstance(types[name], int) and name.isupper()} >= {
        *("REGISTRATION", "REFUSALS", "EPOCH", "SHIFT_OPENED", "VOID", "MANUAL")
    }
    for name, value in types.items():
        if isinstance(value, int):
            assert getattr(records, name) == value, name


def test_the_statement_of_a_pull():
    sealed = Sealed()
    raws = sealed.shift()
    opener, _ = _open(sealed, raws)
    data = sealed.journal.statement(NONCE, 1, opener.last, NOON)
    expected = Statement(DEVICE, NONCE, 1, opener.last, opener.chain, 0)
    key = sealed.identity.public_key
    assert statement.verify(data, key, expected) == expected._replace(unix_s=NOON)
    assert statement.verify(data, key, expected._replace(chain=None)).chain == opener.chain
    for changed, word in (
        (expected._replace(chain=bytes(24)), "chain"),
        (expected._replace(nonce=bytes(16)), "nonce"),
        (expected._replace(last=4), "last"),
        (expected._replace(device=b"DEVICE02"), "device"),
    ):
        with pytest.raises(StatementError, match=word):
            statement.verify(data, key, changed)
    with pytest.raises(StatementError, match="not signed"):
        statement.verify(data, Sealed().identity.public_key, expected)
    for bad in (b"", b"junk", data[:-1], data + b"\0"):
        with pytest.raises(StatementError):
            statement.verify(bad, key, expected)
