"""Bytes made to harm: whatever a command is given by others, it says no and lives.

The first of them is a shared list that holds a set of itself: a crash of cbor2 before 6.2.
"""

import json
import random
import subprocess
import sys
import zlib

import click.testing
import pytest
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from host_tools import client as client_module
from host_tools import frames
from host_tools.cli import app
from host_tools.client import Client, NoAnswer
from host_tools.commands import connected as connected_module
from host_tools.journal import statement
from provisioning import base45, cose, encoding, keys, signed
from provisioning.errors import Malformed
from tests.host_tools.hostile_device import IDENTITY, STATUS, HostileDevice, replying
from tests.host_tools.journal.sealed import Sealed

HOSTILE = {
    "a shared list with a set of itself": "d81c81d90102d81d00",
    "a shared list with itself": "d81c81d81d00",
    "a shared map, itself its key": "d81ca1d81d0001",
    "string references": "d9010082656161616161d81900",
    "tags in tags": "d818" * 5000 + "00",
    "a set of sets": "d9010281" * 5000 + "80",
    "a tag at the end": "81d2",
    "a date": "c11bffffffffffffffff",
    "a decimal fraction of a huge exponent": "c4821b7fffffffffffffff01",
    "a number of 4 GB": "c25affffffff00",
    "a regular expression": "d8236828612b292b2b24",
    "a MIME message": "d824613a",
    "an embedded item": "d81849d81c81d90102d81d00",
    "an array without an end": "9f",
    "an array with an open end": "9f01ff",
    "a map with an open end": "bf0102ff",
    "bytes with an open end": "5f4101ff",
    "a text with an open end": "7f6161ff",
    "open ends in open ends": "9f" * 5000 + "ff" * 5000,
    "a break": "ff",
    "arrays in arrays": "81" * 20000 + "80",
    "maps in maps": "a100" * 10000 + "a0",
    "bytes of 16 EB": "5bffffffffffffffff",
    "a text of 4 GB": "7affffffff",
    "an array of 16 EB": "9bffffffffffffffff",
    "a map of 16 EB": "bbffffffffffffffff",
    "an array of 2 billion, begun": "9a7fffffff0000",
    "a reserved head": "1c",
    "a float": "fb7ff0000000000000",
    "not UTF-8": "62c328",
    "nothing": "",
    "more than any list": "00" * (encoding.MAX_BYTES + 1),
}
BYTES = {name: bytes.fromhex(text) for name, text in HOSTILE.items()}
every_kind = pytest.mark.parametrize("data", BYTES.values(), ids=BYTES)

ROOT = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01")
ROLE = ("--name=Li", "--role=clock")


def _head(major, size):
    if size < 24:
        return bytes([major << 5 | size])
    if size < 256:
        return bytes([major << 5 | 24, size])
    return bytes([major << 5 | 25]) + size.to_bytes(2, "big")


def _string(data):
    return _head(2, len(data)) + data


def _places(data):
    """The bytes by themselves and in every part of a COSE_Sign1; a signature is wrong at most."""
    if len(data) > 65000:  # there is no room around it
        return [data]
    good = encoding.encode({1: -8, 4: cose.kid_of(keys.raw_public(ROOT)), 16: "x"})
    sealed = cose.sign1({1: -8, 4: bytes(8)}, data, ROOT)
    return [
        data,
        b"\xd2\x84" + _string(data) + b"\xa0\x40\x58\x40" + bytes(64),
        b"\xd2\x84" + _string(good) + (data or b"\xa0") + b"\x40\x58\x40" + bytes(64),
        b"\xd2\x84" + _string(good) + b"\xa0" + _string(data) + b"\x58\x40" + bytes(64),
        b"\xd2\x84" + _string(good) + b"\xa0\x40" + data,
        sealed,
    ]


@every_kind
def test_nothing_of_it_is_decoded(data):
    with pytest.raises(Malformed):
        encoding.decode(data)
    with pytest.raises(Malformed):
        encoding.decode_tagged(b"\xd2" + data)


COMMAND = typer.main.get_command(app)  # made once, not at every call


def _run(*words, **more):
    """Ends with a message and a code of docs/cli.md, and without a traceback."""
    result = click.testing.CliRunner().invoke(COMMAND, [str(word) for word in words], **more)
    assert isinstance(result.exception, SystemExit), (words, result.exception)
    assert result.exit_code in (1, 2, 3, 4) and result.output.strip(), words
    return result


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    for words in (
        ("keys", "root", "root.pem"),
        ("keys", "issuer", "issuer.pem"),
        ("keys", "operator", "li.pem"),
        ("keys", "collection", "lab.pem"),
        ("trust", "new", "trust.cbor", "--root", "root.pem"),
        ("trust", "add", "trust.cbor", "issuer.pub.pem", "--root", "root.pem"),
        ("operator", "issue", "li.cwt", "li.pub.pem", "--root", "root.pem", *ROLE),
    ):
        given = [str(folder / word) if "." in word else word for word in words]
        result = CliRunner().invoke(app, given)
        assert result.exit_code == 0, result.output
    return folder


def _passes(data):
    texts = ["SP1:" + base45.encode(place) for place in _places(data)]
    return [text for text in texts if len(text) <= 4096]


@every_kind
def test_a_pass(office, data, tmp_path):
    for text in _passes(data):
        trust = ("--trust", office / "trust.cbor")
        answer = json.loads(_run("verify", text, *trust, "--json").output)["answer"]
        assert answer in ("MALFORMED", "UNSUPPORTED")
        _run("verify", "-", *trust, input=text)
        _run("revoke", tmp_path / "revoked.cbor", text, "--root", office / "root.pem")
    assert not (tmp_path / "revoked.cbor").exists()


@every_kind
def test_a_file_of_vectors(data, tmp_path):
    vectors = [
        {"name": f"{number}", "text": text, "now": 0, "expect": "ACCEPTED"}
        for number, text in enumerate(_passes(data))
    ] or [{"name": "none is short enough", "text": "SP1:", "now": 0, "expect": "ACCEPTED"}]
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps({"trust": [], "revoked": [], "vectors": vectors}))
    assert _run("conform", path).exit_code == 1


# All of them go through one decoder: a few of the kinds, in every place of every file.
SOME = ("a shared list with a set of itself", "tags in tags", "an array with an open end")
SOME += ("arrays in arrays", "bytes of 16 EB")


@pytest.mark.parametrize("data", [BYTES[name] for name in SOME], ids=SOME)
def test_every_file_that_a_command_reads(office, data, tmp_path):
    root = ("--root", office / "root.pem")
    root_public = ("--root-public", office / "root.pub.pem")
    port = ("--port", "/dev/null/none")
    pull = ("pull", *port, "--db", tmp_path / "db")
    for number, content in enumerate(_places(data)):
        bad = tmp_path / f"bad-{number}"
        bad.write_bytes(content)
        for words in (
            ("verify", "SP1:", "--trust", bad),
            ("verify", "SP1:", "--trust", office / "trust.cbor", "--revoked", bad),
            ("trust", "show", bad),
            ("trust", "add", bad, office / "issuer.pub.pem", *root),
            ("trust", "remove", bad, "00" * 8, *root),
            ("trust", "new", bad, "--replace", *root),
            ("collection", "show", bad),
            ("collection", "add", bad, office / "lab.pub.pem", *root),
            ("collection", "remove", bad, "00" * 8, *root),
            ("collection", "new", bad, "--replace", *root),
            ("operator", "show", bad),
            ("operator", "issue", tmp_path / "new.cwt", bad, *root, *ROLE),
            ("settings", bad, *root),
            ("revoke", bad, *root),
            ("revoke", tmp_path / "none", "--operator", bad, *root),
            ("provision", *port, "--root-public", bad),
            ("provision", *port, "--trust", bad),
            ("provision", *port, "--settings", bad, *root_public),
            ("provision", *port, "--collection", bad),
            ("provision", *port, "--revoked", bad),
            ("provision", *port, "--secret", bad),
            ("clock", *port, "--operator", office / "li.pem", "--credential", bad),
            (*pull, "--operator", office / "li.pem", "--credential", bad),
            (*pull, "--collection-key", bad),
            ("keys", "show", bad),
            ("issue", "--key", bad, "--name", "x"),
            ("journal", "verify", bad),
            ("journal", "show", bad),
            ("journal", "dump", bad),
        ):
            _run(*words)
        assert bad.read_bytes() == content


def _operations(client):
    yield "status", client.status
    yield "set_clock", lambda: client.set_clock(1)
    yield "install_root", lambda: client.install_root(bytes(32))
    yield "begin", lambda: client.send_object("trust", b"x")
    yield "read", lambda: client.read_journal(1)
    yield "statement", lambda: client.statement(bytes(16), 1, 1)
    yield "challenge", client.challenge
    yield "identify", client.identify


@every_kind
def test_a_devices_replies(data):
    if len(data) > frames.MAX_FRAME_BYTES:
        data = data[:1500]
    for operation in dict(_operations(Client(HostileDevice(None)))):
        for answer in (lambda *_: data or b"\x00", replying({operation: data})):
            client = Client(HostileDevice(answer))
            with pytest.raises(NoAnswer):
                dict(_operations(client))[operation]()


WRONG = (None, True, -1, 1 << 40, "x", b"x", [], {}, [1], [None, None], [1, [1]], {"time": 1})


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_results_of_another_form(wrong):
    for operation in dict(_operations(Client(HostileDevice(None)))):
        client = Client(HostileDevice(replying({operation: encoding.encode(wrong)})))
        if operation == "statement" and isinstance(wrong, bytes):
            continue  # any bytes may be one, until it is opened
        with pytest.raises(NoAnswer, match=r"docs/link\.md"):
            dict(_operations(client))[operation]()


@every_kind
def test_commands_at_a_hostile_device(office, data, tmp_path, monkeypatch):
    if len(data) > frames.MAX_FRAME_BYTES:
        data = data[:1500]
    monkeypatch.setattr(client_module, "CONNECT_ATTEMPTS", 2)
    operator = ("--operator", office / "li.pem", "--credential", office / "li.cwt")
    for results in (
        {"identify": data},
        {"identify": IDENTITY, "status": data},
        {"identify": IDENTITY, "status": STATUS, "read": data, "begin": data},
        {"identify": IDENTITY, "status": STATUS, "read": [2, [data[:190]]], "begin": data},
    ):
        monkeypatch.setattr(
            connected_module,
            "open_transport",
            lambda port, results=results: HostileDevice(replying(results)),
        )
        port = ("--port", "hostile")
        _run("pull", *port, "--db", tmp_path / "db")
        _run("clock", *port, *operator)
        _run("tubes", *port)
        _run("provision", *port, "--trust", office / "trust.cbor")
        if "read" not in results:
            _run("status", *port)


@every_kind
def test_a_devices_statement(data):
    key = keys.raw_public(ROOT)
    expected = statement.Statement(bytes(8), bytes(16), 1, 1, None, 0)
    for place in (*_places(data), cose.sign1({1: -8, 16: statement.TYP}, data, ROOT)):
        with pytest.raises(statement.StatementError):
            statement.verify(place, key, expected)


@every_kind
def test_what_the_root_itself_signed(data, tmp_path):
    """A root's key in the wrong hands, or a later version's list."""
    path = tmp_path / "list"
    header = {1: -8, 4: cose.kid_of(keys.raw_public(ROOT)), 16: "application/scanpost-trust+cbor"}
    path.write_bytes(cose.sign1(header, data, ROOT))
    with pytest.raises(Malformed):
        signed.open_signed(path.read_bytes(), header[16], keys.raw_public(ROOT))
    _run("trust", "show", path)


def _images():
    noise = random.Random(1)
    sealed = Sealed(3)
    sealed.shift()
    good = b"".join(bytes(sector) for sector in sealed.flash.cells)
    yield noise.randbytes(65536)
    yield noise.randbytes(4096) + good + noise.randbytes(4095)
    yield good[:4096] * 3  # the same sector thrice
    yield good[4096:] + good[:4096]
    yield bytes(8192)
    yield b"\xff" * 8192
    yield good.replace(b"\xff", b"\x00")
    # Records that look whole, of every length and with the largest numbers there are.
    for length in range(15, 193, 16):
        for fill in (0x00, 0xFF):
            raw = bytes([length, 1, fill & 20]) + b"\xff" * 8 + bytes([fill]) * (length - 15)
            raw += zlib.crc32(raw).to_bytes(4, "big")
            yield good[:4096] + (raw.ljust(256, b"\xff") * 16)


@pytest.mark.parametrize("words", [("verify",), ("show",), ("dump",)], ids=" ".join)
def test_images_of_anything(tmp_path, words):
    path = tmp_path / "journal.bin"
    for data in _images():
        path.write_bytes(data)
        for more in ((), ("--device", "44" * 8), ("--device", "44" * 8, "--device-key", "55" * 32)):
            result = click.testing.CliRunner().invoke(
                COMMAND, ["journal", *words, str(path), *more]
            )
            assert result.exception is None or isinstance(result.exception, SystemExit), (
                data[:64],
                result.exception,
            )


@pytest.mark.parametrize("words", [("--version",), ("keys", "show", "{}"), ("--help",)])
def test_output_that_has_no_room(tmp_path, words):
    keys.create_key(tmp_path / "root.pem")
    words = [word.format(tmp_path / "root.pem") for word in words]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "host_tools.cli", *words], stdout=full, stderr=subprocess.PIPE
        )
    said = done.stderr.decode()
    assert done.returncode == 3 and "No space left" in said and "Traceback" not in said, said
