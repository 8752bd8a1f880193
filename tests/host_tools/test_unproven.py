"""Nothing counts before the device has signed for it; a poisoned device finds its way out."""

import json
import stat
import zlib
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from host_tools.cli import app
from host_tools.client import Client, DeviceError, NoAnswer
from host_tools.commands import connected as connected_module
from host_tools.journal import opening, records
from host_tools.journal.opening import Opener
from host_tools.journal.statement import StatementError
from host_tools.pull import MAX_RECORDS, pull
from host_tools.store import Store, StoreError
from tests.host_tools.hostile_device import STATUS, HostileDevice, replying
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed, subject
from tests.host_tools.test_pull import _pull
from tests.host_tools.without_disk import full_disk

COUNTING = ("devices", "records", "registrations", "manual", "voids", "tubes", "refusals")
COUNTING += ("events", "statements")


def _counts(store):
    return {table: store._select(f"SELECT * FROM {table}") for table in COUNTING}


def identity_of(sealed, **more):
    told = {"device": DEVICE, "key": sealed.identity.public_key, "root": None}
    return told | {"board": "test", "version": "1", "name": "x"} | more


def reading(raws, first=1):
    """A journal's `read` that hands these out, some at a time."""

    def read(sequence):
        found = [raw for raw in raws if records.parse(raw).sequence >= sequence][:4]
        return [records.parse(found[-1]).sequence + 1 if found else sequence, found]

    return read


def gadget(sealed, raws, **more):
    """Names itself as the device of `sealed`; has no key to sign with unless told."""
    last = records.parse(raws[-1]).sequence
    results = {
        "identify": identity_of(sealed),
        "status": STATUS | {"next": last + 1},
        "read": reading(raws),
        "statement": lambda *_: b"no statement",
        "sectors": lambda *_: [],
    }
    return Client(HostileDevice(replying(results | more)))


def made_up(sequence=1):
    """A record that anyone can make: sealed to nobody, with a right check."""
    other = Sealed()
    other.shift()
    return next(raw for raw in other.raws() if records.parse(raw).sequence == sequence)


def test_a_gadget_with_another_devices_id_leaves_nothing_in_its_way(device, store):
    """It knows id and public key, as everyone does who has seen `identify`."""
    with pytest.raises(StatementError):
        pull(gadget(device.sealed, [made_up()]), store, NOON)
    assert not any(_counts(store).values())
    real = _pull(device, store)
    assert (real.new, real.acknowledged, real.problems) == (10, 10, [])
    before = _counts(store)
    for last in (renumbered(made_up(), 12), renumbered(made_up(), 4000), *device.sealed.raws()):
        with pytest.raises((StatementError, StoreError)):
            pull(gadget(device.sealed, [last]), store, NOON)
    assert _counts(store) == before
    device.sealed.register(60)
    assert _pull(device, store).problems == []
    assert store.registrations()[-1]["subject"] == subject(60)


def test_what_no_statement_covers_is_kept_apart(device, store):
    raws = [made_up(), made_up(2)]
    with pytest.raises(StatementError):
        pull(gadget(device.sealed, raws), store, NOON)
    (kept,) = store.unproven()
    assert (kept.device, kept.key) == (DEVICE, device.sealed.identity.public_key)
    assert (kept.unix_s, kept.records) == (NOON, 2) and "damaged" in kept.why
    assert store.unproven_records(kept.number) == raws
    with pytest.raises(StoreError, match="No pull"):
        store.unproven_records(99)
    for _ in range(9):  # a gadget does not fill the disk
        with pytest.raises(StatementError):
            pull(gadget(device.sealed, raws), store, NOON)
    assert len(store.unproven()) == 3
    assert store._select("SELECT count(*) FROM unproven_records") == [(6,)]


@pytest.mark.parametrize("refused", [DeviceError("NOT_WRITTEN"), NoAnswer("gone")], ids=str)
def test_a_device_that_does_not_sign(device, store, refused, monkeypatch):
    def statement(*_):
        raise refused

    monkeypatch.setattr(Client, "statement", statement)
    with pytest.raises(type(refused)):
        _pull(device, store)
    assert not any(_counts(store).values())
    (kept,) = store.unproven()
    assert kept.records == 10 and kept.why == str(refused)


@pytest.mark.parametrize("number", range(5))
def test_a_pull_that_is_killed_leaves_nothing_half_done(device, tmp_path, monkeypatch, number):
    """At any of the steps by which it is stored; the next pull brings everything."""

    class Killed(BaseException):
        pass

    path = tmp_path / "shift.db"
    store, steps = Store(path), []
    for name in ("add_device", "add", "open", "add_statement", "problems"):
        real = getattr(store, name)

        def step(*values, real=real, name=name):
            steps.append(name)
            if len(steps) == number + 1:
                raise Killed
            return real(*values)

        monkeypatch.setattr(store, name, step)
    with pytest.raises(Killed):
        _pull(device, store)
    store.close()
    counts = _counts(Store(path))
    assert any(counts.values()) == (steps[-1] == "problems"), steps
    assert device.journal.acknowledged == 0
    again = _pull(device, Store(path))
    assert again.acknowledged == 10 and len(Store(path).registrations()) == 5


def test_a_journal_that_never_ends(store):
    sealed = Sealed()
    sealed.shift()
    one = sealed.raws()[1]
    calls = []

    def read(sequence):
        calls.append(sequence)
        return [sequence + 1, [one] * 16]

    with pytest.raises(StoreError, match="does not end"):
        pull(gadget(sealed, [one], read=read), store, NOON)
    assert len(calls) == MAX_RECORDS // 16 + 1
    assert not any(_counts(store).values()) and store.unproven() == []


def test_a_journal_that_stands_still(store):
    sealed = Sealed()
    one = sealed.shift()[1]
    for following in (1, 0):
        with pytest.raises(StoreError, match="does not get on"):
            pull(gadget(sealed, [one], read=lambda _, f=following: [f, [one]]), store, NOON)
    assert not any(_counts(store).values())


def test_records_that_are_none(store):
    sealed = Sealed()
    for raw in (b"x", bytes(192), made_up()[:-1] + b"\0"):
        with pytest.raises(StoreError, match="no record"):
            pull(gadget(sealed, [made_up()], read=lambda _, raw=raw: [2, [raw]]), store, NOON)
    assert not any(_counts(store).values())


def renumbered(raw, sequence):
    raw = raw[:3] + sequence.to_bytes(4, "big") + raw[7:-4]
    return raw + zlib.crc32(raw).to_bytes(4, "big")


# -- the way out ---------------------------------------------------------------------------


def _run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def _poisoned(device, path):
    """A gadget with a key of its own took the device's id before the device was pulled."""
    other = Sealed()
    other.shift(people=2)
    raws = other.raws()

    def statement(nonce, first, last):
        return other.journal.statement(nonce, first, last, NOON)

    store = Store(path)
    pull(gadget(other, raws, statement=statement), store, NOON, other.keys)
    store.close()
    return other


def test_a_device_whose_id_another_one_took_is_pulled_after_that_is_set_apart(device, tmp_path):
    path, aside = tmp_path / "shift.db", tmp_path / "aside.db"
    other = _poisoned(device, path)
    with pytest.raises(StoreError, match="another key") as refused:
        _pull(device, Store(path))
    said = str(refused.value)
    assert other.identity.public_key.hex() in said
    assert device.sealed.identity.public_key.hex() in said
    command = f"devices set-apart {DEVICE.hex()} --db {path} --into OTHER.db"
    assert f"scanpost {command}" in said
    before = _counts(Store(path))
    _run(*command.replace("OTHER.db", str(aside)).split())
    assert not any(_counts(Store(path)).values())
    assert _counts(Store(aside)) == before
    assert _pull(device, Store(path)).acknowledged == 10
    assert len(Store(path).registrations()) == 5 and len(Store(aside).registrations()) == 2
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600


def test_a_record_that_differs_names_the_same_way_out(device, tmp_path):
    path = tmp_path / "shift.db"
    store = Store(path)
    store.add_device(identity_of(device.sealed), NOON)
    store.add(DEVICE, [made_up()])  # as a program of before would have left it
    with pytest.raises(StoreError, match="devices set-apart"):
        _pull(device, store)


def test_what_was_set_apart_comes_back(device, tmp_path):
    path, aside = tmp_path / "shift.db", tmp_path / "aside.db"
    _pull(device, Store(path))
    before = _counts(Store(path))
    apart = ("devices", "set-apart", DEVICE.hex())
    told = json.loads(_run(*apart, "--db", path, "--into", aside, "--json").stdout)
    assert told == {"device": DEVICE.hex(), "records": 10, "into": str(aside)}
    _run(*apart, "--db", aside, "--into", path)
    assert _counts(Store(path)) == before and not any(_counts(Store(aside)).values())
    assert _pull(device, Store(path)).problems == []


def test_setting_apart_that_cannot_be(device, tmp_path):
    path, aside = tmp_path / "shift.db", tmp_path / "aside.db"
    for name in (path, aside):
        _pull(device, Store(name), operator=None)
    before = [_counts(Store(name)) for name in (path, aside)]
    apart = ("devices", "set-apart")
    for words, said in (
        ((DEVICE.hex(), "--db", path, "--into", aside), "already"),
        ((DEVICE.hex(), "--db", path, "--into", path), "same database"),
        (("00" * 8, "--db", path, "--into", tmp_path / "new.db"), "does not know"),
        ((DEVICE.hex(), "--db", tmp_path / "none.db", "--into", aside), "is not there"),
        ((DEVICE.hex(), "--db", path, "--into", tmp_path / "none" / "x.db"), "its folder is not"),
    ):
        assert said in _run(*apart, *words, code=3).stderr.replace("\n", " ")
    assert "hex digits" in _run(*apart, "x", "--db", path, "--into", aside, code=2).stderr
    assert [_counts(Store(name)) for name in (path, aside)] == before


def test_setting_apart_on_a_full_disk(device, tmp_path):
    path, aside = tmp_path / "shift.db", tmp_path / "aside.db"
    _pull(device, Store(path))
    before = _counts(Store(path))
    Store(aside).close()
    with full_disk():
        _run("devices", "set-apart", DEVICE.hex(), "--db", path, "--into", aside, code=3)
    assert _counts(Store(path)) == before and not any(_counts(Store(aside)).values())


def test_devices_are_listed(device, tmp_path):
    path = tmp_path / "shift.db"
    _pull(device, Store(path))
    with pytest.raises(StatementError):
        pull(gadget(device.sealed, device.sealed.raws()), Store(path), NOON)
    told = json.loads(_run("devices", "list", "--db", path, "--json").stdout)
    assert told["devices"][0]["key"] == device.sealed.identity.public_key.hex()
    assert told["devices"][0]["records"] == 10 and told["devices"][0]["statements"] == 1
    assert told["unproven"][0]["records"] == 2
    assert "Apart, number 1: 2 records" in _run("devices", "list", "--db", path).stdout
    lines = _run("devices", "unproven", "1", "--db", path).stdout.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [10, 11]


# -- the file ------------------------------------------------------------------------------


@pytest.fixture
def at(monkeypatch):
    def at(client):
        monkeypatch.setattr(connected_module, "open_transport", lambda port: client._transport)

    return at


def test_the_database_is_for_its_owner_only(device, tmp_path, at):
    path = tmp_path / "shift.db"
    store = Store(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    _pull(device, store)
    store.close()
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("*.db*")} == {0o600}
    assert "chmod" not in _run("tubes", "--db", path).stderr
    path.chmod(0o644)
    assert f"chmod 600 {path}" in _run("tubes", "--db", path).stderr.replace("\n", "")


def test_a_full_disk_at_a_pull(device, tmp_path, at):
    path = tmp_path / "shift.db"
    at(gadget(device.sealed, device.sealed.raws()))
    pulling = ("pull", "--port", "x", "--db", path)
    with full_disk():
        said = _run(*pulling, code=3).stderr
    assert "disk" in said and not path.exists()
    Store(path).close()
    before = path.read_bytes()
    with full_disk():
        said = _run(*pulling, code=3).stderr
    assert "disk" in said and path.read_bytes() == before


def test_a_folder_that_may_not_be_written(device, tmp_path, monkeypatch):
    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("provisioning.files.os.open", refused)
    with pytest.raises(StoreError, match="not to be written"):
        Store(tmp_path / "shift.db")
    monkeypatch.undo()
    with pytest.raises(StoreError, match="its folder is not"):
        Store(tmp_path / "none" / "shift.db")
    with pytest.raises(StoreError, match="no file can"):
        Store(tmp_path / "a\0b")


def test_numbers_that_were_made_up_do_not_keep_the_host_busy():
    """Each of them far behind the epoch: a device may have sealed none of them."""
    sealed = Sealed()
    raws = sealed.shift()
    opener = Opener(DEVICE, sealed.identity.public_key, sealed.keys)
    steps = []
    ratcheted = opener._ratcheted

    def counted(sequence):
        steps.append(sequence - opener._at)
        return ratcheted(sequence)

    opener._ratcheted = counted
    assert all(opener.take(records.parse(raw)).problem is None for raw in raws)
    forged = [records.parse(renumbered(raws[3], 60_000 + 7 * number)) for number in range(300)]
    opened = [opener.take(one, after) for one, after in pairwise(forged)]
    assert all(one.content is None and one.problem for one in opened)
    assert sum(steps) <= opening.MAX_STEPS_IN_ALL


def test_a_number_before_that_of_its_epoch():
    """An epoch's record says a number that it has not; fuzzing found it."""
    sealed = Sealed()
    raws = sealed.shift()
    opener = Opener(DEVICE, sealed.identity.public_key, sealed.keys)
    forged = [renumbered(raws[0], 900), *(renumbered(raws[3], n) for n in (1, 5, 899, 900, 901))]
    opened = [opener.take(records.parse(raw)) for raw in forged]
    assert [one.record.sequence for one in opened if not one.problem] == []
