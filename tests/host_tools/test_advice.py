"""What can go wrong on a computer: a person is told what to do, and nothing is changed."""

import json
import re
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from link_device import LinkDevice
from typer.testing import CliRunner

from host_tools.cli import app
from host_tools.journal import records
from host_tools.journal.statement import Statement
from host_tools.store import Store, StoreError, database
from provisioning import base45, files, keys, passes
from provisioning.deploy import BOARDS, board_names
from provisioning.errors import FileProblem, Refused
from provisioning.trust import TrustList
from simulator import partitions
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed
from tests.host_tools.loopback import Loopback
from tests.host_tools.test_store import identity


def _run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


# -- the database -----------------------------------------------------------------------


@pytest.fixture
def sealed():
    return Sealed()


@pytest.fixture
def path(sealed, tmp_path):
    store = Store(tmp_path / "pulled.db")
    store.add_device(identity(sealed), NOON)
    store.add(DEVICE, sealed.shift())
    store.open(DEVICE, sealed.keys)
    store.close()
    return tmp_path / "pulled.db"


def test_a_database_that_another_program_writes(sealed, path, monkeypatch):
    sealed.register(60)
    monkeypatch.setattr(database, "BUSY_S", 0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = Store(path)
    for write in (
        lambda: store.note_acknowledged(DEVICE, 1),
        lambda: store.add(DEVICE, sealed.raws()[-1:]),
        lambda: store.adopt_chain(DEVICE, bytes(24)),
    ):
        with pytest.raises(StoreError, match="another program has it open"):
            write()
    assert len(store.registrations()) == 5  # reading goes on
    other.execute("ROLLBACK")
    store.note_acknowledged(DEVICE, 1)


def test_a_database_that_is_locked_altogether(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    result = _run("tubes", "--db", path)
    assert result.exit_code == 3 and "another program has it open" in result.stderr


def test_a_database_that_may_not_be_written(path):
    store = Store(path)
    # As SQLite answers where file or folder are read-only; root, who runs this in CI, may all.
    store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="folder must be writable"):
        store.note_acknowledged(DEVICE, 1)


def test_a_full_disk_loses_nothing(sealed, path):
    store = Store(path)
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    before = store.count(DEVICE)
    sealed.shift(people=200)
    with pytest.raises(StoreError, match="disk is full"):
        store.add(DEVICE, sealed.raws()[before:])
    assert store.count(DEVICE) == before


def test_rows_get_into_their_columns_whatever_the_order_of_a_table(monkeypatch):
    def turned(found):
        columns = found[2].split(",\n")
        return found[1] + ",\n".join([*reversed(columns[:-1]), columns[-1]]) + found[3]

    # devices apart: all tables end with the line of their key
    tables = re.compile(r"(CREATE TABLE (?!devices)\w+ \(\n)(.*?)(\n\) WITHOUT)", re.DOTALL)
    schemas = (database._SCHEMA, tables.sub(turned, database._SCHEMA))
    assert schemas[0] != schemas[1]
    sealed = Sealed()
    sealed.shift()
    sealed.journal.append(records.TUBE_CLOSED, NOON, [5, 0])
    sealed.journal.append(records.VOID, NOON, [5, 1, 77])
    statement = Statement(DEVICE, bytes(16), 1, 5, bytes(24), NOON)
    found = []
    for schema in schemas:
        monkeypatch.setattr(database, "_SCHEMA", schema)
        store = Store(":memory:")
        store.add_device(identity(sealed), NOON)
        store.add(DEVICE, sealed.raws())
        store.open(DEVICE, sealed.keys)
        store.add_statement(statement, b"raw", NOON)
        store._db.row_factory = sqlite3.Row
        found.append(
            {
                table: [dict(row) for row in store._select(f"SELECT * FROM {table}")]
                for table in ("registrations", "tubes", "voids", "refusals", "events", "statements")
            }
        )
    assert found[0] == found[1] and all(found[0].values())


# -- files and ports --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("/none/root.pem", "its folder is not"),
        ("/dev/null/root.pem", "its folder is a file"),
        pytest.param(
            "/sys/root.pem",  # which not even root may write
            "look at the permissions",
            marks=pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="Linux only"),
        ),
    ],
)
def test_a_file_that_cannot_be_written(path, advice, tmp_path):
    result = _run("keys", "root", path)
    assert result.exit_code == 3 and advice in result.stderr
    with pytest.raises(FileProblem, match=advice):
        files.replace(Path(path), b"")
    root = tmp_path / "root.pem"
    keys.create_key(root)
    assert advice in _run("trust", "new", path, "--root", root).stderr


@pytest.mark.parametrize(
    ("port", "advice"),
    [
        ("/dev/null", "is no serial port"),
        (__file__, "is no serial port"),
        ("/tmp", "is no serial port"),
        ("/dev/none", "is not there"),
        ("usb://x", "is no kind of port"),
        ("socket://127.0.0.1:1", "nobody answers there"),
    ],
)
def test_a_port_that_is_none(port, advice):
    result = _run("status", "--port", port)
    assert result.exit_code == 4 and advice in result.stderr


# -- what is said of a device, and of a journal -------------------------------------------


def test_a_device_without_the_time_is_not_provisioned(tmp_path):
    """As after a provisioning that was cut off once the root was installed."""
    root = keys.raw_public(keys.create_key(tmp_path / "root.pem"))
    device = LinkDevice()
    device.root = root  # so only an operator may set its clock
    words = ("--root-public", tmp_path / "root.pub.pem")
    with Loopback(device) as loopback:
        told = _run("provision", "--port", loopback.port, *words)
        answer = json.loads(_run("provision", "--port", loopback.port, *words, "--json").stdout)
        assert device.clock_sets == []
        assert "is provisioned" not in told.stdout and "scanpost clock" in told.stdout
        assert answer["needs"] == ["the time (scanpost clock)"]
        device.clock_sets.append(NOON)
        assert "is provisioned" in _run("provision", "--port", loopback.port, *words).stdout


@pytest.mark.parametrize("board", board_names())
def test_the_help_reads_the_whole_journal_of_every_board(board):
    table = partitions.parse((BOARDS / board / "partitions.csv").read_text(encoding="utf-8"))
    (part,) = [part for part in table if part.label == "journal"]
    command = f"esptool read-flash {part.offset:#x} {part.size:#x} journal.bin"
    assert command in " ".join(_run("journal", "--help").stdout.split())
    page = Path(__file__).parents[2] / "docs" / "technician.md"
    assert command in page.read_text(encoding="utf-8")


def test_malformed_says_which_rule():
    trust_list = TrustList(())
    for text, rule in (
        ("XX1:", "does not begin with SP1:"),
        ("SP1:" + "0" * 509, "longer than 512"),
        ("SP1:abc", "base45: no group of it, at character 0"),
        ("SP1:" + base45.encode(bytes.fromhex("d2844001a040")), "cose: protected"),
        ("SP1:" + base45.encode(bytes.fromhex("d81c81d90102d81d00")), "a tag, at byte 3"),
        ("SP1:" + base45.encode(bytes.fromhex("d28443a10127a040581f") + bytes(31)), "alg no num"),
    ):
        with pytest.raises(Refused) as refused:
            passes.verify(text, trust_list, {}, lambda kid, cti: False, NOON)
        assert refused.value.reason == "MALFORMED" and rule in refused.value.rule, refused.value


def test_commands_tell_the_rule(tmp_path):
    keys.create_key(tmp_path / "root.pem")
    root = ("--root", tmp_path / "root.pem")
    _run("trust", "new", tmp_path / "trust.cbor", *root)
    verify = ("verify", "SP1:abc", "--trust", tmp_path / "trust.cbor")
    assert "at character 0" in _run(*verify).stdout
    assert "at character 0" in json.loads(_run(*verify, "--json").stdout)["rule"]
    assert "at character 0" in _run("revoke", tmp_path / "revoked", "SP1:abc", *root).stderr
    (tmp_path / "bad").write_bytes(bytes.fromhex("9f"))
    assert "no tag around it" not in _run("trust", "show", tmp_path / "bad").stdout
    assert "indefinite" in _run("trust", "show", tmp_path / "bad").stderr
    vectors = {"trust": [], "revoked": []}
    vectors["vectors"] = [{"name": "n", "text": "SP1:abc", "now": 1, "expect": "ACCEPTED"}]
    (tmp_path / "vectors.json").write_text(json.dumps(vectors))
    assert "at character 0" in _run("conform", tmp_path / "vectors.json").stdout


def test_a_void_in_a_dump_keeps_its_own_number(sealed, tmp_path):
    sealed.shift()
    number = sealed.journal.append(records.VOID, NOON, [4, 1, 77])
    path, key = tmp_path / "journal.bin", tmp_path / "lab.pem"
    path.write_bytes(b"".join(bytes(sector) for sector in sealed.flash.cells))
    key.write_bytes(sealed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    opened = ("--collection-key", key, "--device", DEVICE.hex())
    for words in ((), opened):
        last = json.loads(_run("journal", "dump", path, *words).stdout.splitlines()[-1])
        assert (last["sequence"], last["type"], last["registration"]) == (number, "void", 4)
