"""What others wrote reaches a terminal as text, and as nothing else."""

import ast
import json
import sys
import unicodedata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import client as client_module
from host_tools import terminal
from host_tools.cli import app
from host_tools.commands import connected as connected_module
from provisioning import encoding
from tests.host_tools.hostile_device import IDENTITY, STATUS, HostileDevice, replying
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed

ROOT = Path(__file__).parents[2]
EVERY = [chr(number) for number in range(sys.maxunicode + 1)]
# Cursor, title, what is typed next, C1's form of the same, hidden, the other way round, a new line.
HOSTILE = "\x1b[2J\x1b]0;x\x07\x9b31m\x85‮⁦‏​﻿ \x00\x7f\r\n󠁁"
SHORT = "\x1b[2J\x9b1m‮\r\n"


def test_every_character_is_harmless_or_becomes_its_code():
    for character in EVERY:
        shown = terminal.printable(character)
        if shown != character:
            assert shown.isascii() and shown.isprintable() and shown.startswith("\\")
            continue
        assert unicodedata.category(character)[0] in "LMNPSZ", hex(ord(character))
    for kept in ("Gate 3, 3号门", "张三丰　李", "é", "á", "😀"):
        assert terminal.printable(kept) == kept
    assert terminal.printable("a\nb‮\U000e0041") == "a\\x0ab\\u202e\\U000e0041"


def test_json_says_the_same_and_is_harmless():
    value = {"all": "".join(EVERY[:0x3100] + EVERY[0xD700::99]), "in": [HOSTILE, {HOSTILE: 1}]}
    text = terminal.json_text(value, indent=2)
    assert json.loads(text) == json.loads(json.dumps(value))
    _assert_harmless(text)


def _assert_harmless(text):
    bad = {each for each in text if each != "\n" and not terminal.is_harmless(each)}
    assert not bad, sorted(map(hex, map(ord, bad)))


def test_no_command_has_another_way_to_the_terminal():
    """`console` is the one module that writes; it does so through `terminal`."""
    for path in sorted((ROOT / "host_tools/commands").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert name not in ("print", "typer.echo", "typer.secho", "Table"), (path, name)
            # a bar says what kind of object it is about, and those are ours
            allowed = path.name in ("progress.py", "issue.py")
            assert name != "Console" or allowed, path
            assert not name.startswith(("sys.stdout", "sys.stderr")), path


def _run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    _assert_harmless(result.stdout + result.stderr)
    return result


LIST_KINDS = {SHORT: 3}
SAYING = {
    "identify": IDENTITY | dict.fromkeys(("board", "version", "name"), HOSTILE),
    "status": STATUS
    | {"site": HOSTILE, "tube": HOSTILE, "missing": HOSTILE, "damaged": [SHORT]}
    | {"lists": LIST_KINDS, "time": None},
}


@pytest.fixture
def at_device(monkeypatch):
    def at(answer):
        monkeypatch.setattr(client_module, "CONNECT_ATTEMPTS", 2)
        monkeypatch.setattr(connected_module, "open_transport", lambda port: HostileDevice(answer))

    return at


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_devices_texts(at_device, form, tmp_path):
    at_device(replying(SAYING))
    said = _run("status", "--port", "x", *form)
    assert said.exit_code == 0 and "202e" in said.stdout
    if form:
        assert json.loads(said.stdout)["device"]["name"] == HOSTILE
    _run("provision", "--port", "x", "--no-clock", *form)
    _run("pull", "--port", "x", "--db", tmp_path / "db", *form)
    _run("tubes", "--port", "x", *form)


def test_a_devices_error_word(at_device):
    at_device(replying({}, status=SHORT))
    assert _run("status", "--port", "x").exit_code == 4
    at_device(replying({}, status="A_NEW_WORD"))
    said = _run("status", "--port", "x")
    assert said.exit_code == 1 and "A_NEW_WORD" in said.stderr


def test_what_a_device_prints(at_device, monkeypatch):
    noise = b"Traceback (most\r\n" + HOSTILE.encode("utf-8", "replace").replace(b"\0", b"") + b"\0"

    class Printing(HostileDevice):
        def write(self, data):
            self._waiting += noise
            return len(data)

    monkeypatch.setattr(client_module, "CONNECT_ATTEMPTS", 2)
    monkeypatch.setattr(connected_module, "open_transport", lambda port: Printing(None))
    assert _run("status", "--port", "x").exit_code == 4


def test_texts_in_a_journal(tmp_path):
    sealed = Sealed()
    sealed.shift()
    for kind, payload in ((12, [2, SHORT, HOSTILE[:20], 4, 9]), (13, [1, SHORT]), (7, [SHORT, 7])):
        sealed.journal.append(kind, NOON, payload)
    path, key = tmp_path / "journal.bin", tmp_path / "lab.pem"
    path.write_bytes(b"".join(bytes(sector) for sector in sealed.flash.cells))
    key.write_bytes(_pem(sealed.key))
    key.chmod(0o600)
    opened = ("--collection-key", key, "--device", DEVICE.hex())
    assert "202e" in _run("journal", "show", path, *opened).stdout
    for line in _run("journal", "dump", path, *opened).stdout.splitlines():
        json.loads(line)
    _run("journal", "verify", path, *opened)


def _pem(key):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("minute", [0, 1, (1 << 32) - 1])
def test_a_time_of_no_calendar(minute):
    assert connected_module.local(minute * 60)
    assert connected_module.local(1 << 63) == f"{1 << 63} s after 1970"


def test_names_in_files_that_others_signed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _run("keys", "root", "root.pem")
    _run("keys", "issuer", "issuer.pem")
    _run("keys", "collection", "lab.pem")
    root, name = ("--root", "root.pem"), ("--name", SHORT)
    issue = ("issue", "--key", "issuer.pem")
    _run("trust", "new", "trust.cbor", *root)
    _run("trust", "add", "trust.cbor", "issuer.pub.pem", *name, *root)
    _run("collection", "new", "collection.cbor", *root)
    _run("collection", "add", "collection.cbor", "lab.pub.pem", *name, *root)
    _run("operator", "issue", "li.cwt", "issuer.pub.pem", *name, "--role=clock", *root)
    for words in (
        ("trust", "show", "trust.cbor"),
        ("collection", "show", "collection.cbor"),
        ("operator", "show", "li.cwt"),
        ("settings", "settings.cbor", "--site", SHORT, *root),
        (*issue, "--name", "李", "--issuer-name", SHORT, "--out", "p.txt"),
        ("verify", "--trust", "trust.cbor", "p.txt"),
    ):
        for form in ((), ("--json",)):
            assert _run(*words, *form).exit_code == 0, words
    Path("output.txt").write_text(HOSTILE, encoding="utf-8")
    Path("names.json").write_text("{}")
    _run("trace", "output.txt", "--map", "names.json")
    Path("people.csv").write_text(f'name,relation\n李,"x{SHORT}Nothing was wrong."\n')
    said = _run("issue", "--key", "issuer.pem", "--csv", "people.csv", "--out", "passes")
    assert "\nNothing was wrong" not in said.stderr
    vectors = {"trust": [], "vectors": [{"name": HOSTILE, "text": "SP1:", "expect": HOSTILE}]}
    Path("vectors.json").write_text(json.dumps(vectors))
    assert "202e" in _run("conform", "vectors.json").stdout


def test_an_object_of_10_mb(tmp_path):
    """A frame takes 2 KB, a file 16 MB, a list 64 KB: the rest is a sentence."""
    path = tmp_path / "huge"
    path.write_bytes(encoding.encode([0] * 10_000_000)[:10_000_000])
    assert _run("trust", "show", path).exit_code == 3
    path.write_bytes(bytes(17 * 1024 * 1024))
    assert "too large" in _run("trust", "show", path).stderr


def test_a_reply_of_10_mb():
    class Flood(HostileDevice):
        def write(self, data):
            self._waiting += b"\0" + bytes([0x9A]) * 10_000_000 + b"\0"

    device = Flood(None)
    with pytest.raises(client_module.NoAnswer):
        client_module.Client(device, attempts=1).status()
    assert len(device._waiting) > 9_000_000
