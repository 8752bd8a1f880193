"""A device that answers what no device answers: refused with a sentence, soon, nothing kept."""

import itertools
import re
from pathlib import Path

import click.testing
import pytest
import typer
from typer.testing import CliRunner

from host_tools import client as client_module
from host_tools import frames, replies
from host_tools.cli import app
from host_tools.client import Client, NoAnswer
from host_tools.commands import connected as connected_module
from provisioning import encoding, keys
from provisioning.errors import Malformed
from tests.host_tools.hostile_device import IDENTITY, STATUS, HostileDevice, replying

PAGE = (Path(__file__).parents[2] / "docs/link.md").read_text(encoding="utf-8")
BIG = 1 << 63
WRONG = (None, True, -1, -BIG, 1 << 32, BIG, (1 << 64) - 1, "x", "x" * 300, b"", b"x" * 33, [], {})
WRONG += (
    [[]],
    {"x": 1},
    [1, [1]],
    [1, [b""]],
    [1, [b"x" * 193]],
    [-1, []],
    [BIG, [b"x"]],
    "../../x",
)
LISTS = (
    {1: 1},
    {"trust": -1},
    {"trust": BIG},
    {"x" * 40: 1},
    dict.fromkeys(map(str, range(17)), 1),
)

# Every field of every map, and every result, with everything that it cannot be.
MALFORMED = [
    ("identify", IDENTITY | {key: value}) for key in IDENTITY for value in (BIG, [], {}, -1)
]
MALFORMED += [("identify", {k: v for k, v in IDENTITY.items() if k != key}) for key in IDENTITY]
MALFORMED += [("identify", IDENTITY | {"key": None})]
MALFORMED += [("status", STATUS | {key: value}) for key in STATUS for value in (BIG, -1, [1])]
MALFORMED += [("status", {k: v for k, v in STATUS.items() if k != key}) for key in STATUS]
MALFORMED += [("status", STATUS | {"lists": value}) for value in LISTS]
MALFORMED += [("status", STATUS | {"damaged": value}) for value in ("x", [1], ["x"] * 17)]
MALFORMED += [("status", STATUS | {"time_kept": 1}), ("status", STATUS | {"missing": ["x"]})]
MALFORMED += [(operation, value) for operation in ("read", "statement") for value in WRONG]
MALFORMED += [
    (operation, value) for operation in ("begin", "set_clock") for value in (-1, BIG, b"x")
]
ARGUMENTS = {"set_clock": [1], "begin": ["trust", 1, bytes(32)], "piece": [0, b""], "read": [1]}
ARGUMENTS |= {"statement": [bytes(16), 1, 1], "install_root": [bytes(32)], "add_seed": [bytes(32)]}


PORT = ("--port", "x")
SENDING = ("begin", "piece", "commit")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(client_module, "CONNECT_ATTEMPTS", 2)


def _call(operation, answer):
    device = HostileDevice(answer)
    return Client(device).call(operation, *ARGUMENTS.get(operation, []))


def test_there_is_a_reader_for_every_operation():
    table = PAGE.split("## Operations")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(replies.READERS)


@pytest.mark.parametrize("operation", sorted(replies.READERS))
def test_what_an_operation_cannot_answer(operation):
    refused = 0
    for wrong in WRONG:
        try:
            replies.read_result(operation, wrong)
        except Malformed as error:
            assert str(error).startswith(f"not what {operation} answers: ")
            refused += 1
            with pytest.raises(NoAnswer, match=r"docs/link\.md"):
                _call(operation, replying({operation: encoding.encode(wrong)}))
    assert refused >= len(WRONG) - 3


def test_what_is_not_known_is_left_out():
    more = {"new": 1, "x" * 100: [[]]}
    assert replies.read_result("identify", IDENTITY | more) == IDENTITY
    assert replies.read_result("status", STATUS | more) == STATUS
    later = {"micropython": "1.26.0"}
    assert replies.read_result("identify", IDENTITY | later | more) == IDENTITY | later


def test_replies_that_are_none():
    for reply in (
        *(
            [1, 1, "OK"],
            [1, 1, "OK", 1, 1],
            ["1", 1, "OK", 1],
            [1, -1, "OK", 1],
            [1, None, "OK", 1],
        ),
        *([1, 1, "ok", 1], [1, 1, "", 1], [1, 1, "A" * 33, 1], [1, 1, "A B", 1], [1, 1, "A\n", 1]),
        *([1, 1, b"OK", 1], [BIG, 1, "OK", 1], {}, None, [[1]], "x"),
    ):
        with pytest.raises(Malformed):
            replies.read_reply(reply)


def test_what_comes_with_an_error_is_a_number_or_nothing():
    for detail in WRONG:
        with pytest.raises(client_module.DeviceError) as refused:
            _call("status", replying({"status": encoding.encode(detail)}, status="FAULT"))
        assert refused.value.detail is None


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    keys.create_key(folder / "root.pem")
    keys.create_key(folder / "li.pem")
    runs = [("trust", "new", "trust.cbor"), ("operator", "issue", "li.cwt", "li.pub.pem")]
    for words in runs:
        words = [str(folder / word) if "." in word else word for word in words]
        more = ["--name=L", "--role=clock"] if words[0] == "operator" else []
        words += ["--root", str(folder / "root.pem"), *more]
        assert CliRunner().invoke(app, words).exit_code == 0
    return folder


def test_no_malformed_reply_is_a_traceback(office, tmp_path, monkeypatch):
    assert len(MALFORMED) > 78
    command = typer.main.get_command(app)  # made once, not at every call
    operator = ("--operator", office / "li.pem", "--credential", office / "li.cwt")
    for operation, wrong in MALFORMED:
        answer = replying({"identify": IDENTITY, "status": STATUS, operation: wrong})
        monkeypatch.setattr(
            connected_module, "open_transport", lambda port, answer=answer: HostileDevice(answer)
        )
        for words in (
            ("pull", *PORT, "--db", tmp_path / "db"),
            *[("clock", *PORT, *operator)] * (operation == "status"),
            *[("provision", *PORT, "--trust", office / "trust.cbor")] * (operation in SENDING),
            *[("status", *PORT)] * (operation in ("identify", "status")),
        ):
            result = click.testing.CliRunner().invoke(command, [str(word) for word in words])
            assert result.exception is None or isinstance(result.exception, SystemExit), (
                *(operation, wrong, words),
                result.exception,
            )
            assert result.exit_code in (0, 1, 3, 4) and result.output.strip()
            assert result.exit_code or words[0] != "pull"


# -- devices that keep a host busy ---------------------------------------------------------


def _counted(answer):
    device = HostileDevice(answer)
    return device, Client(device)


@pytest.mark.parametrize(
    "next_offset",
    [
        lambda offset, size: offset,  # the same piece again and again
        lambda offset, size: 0,
        lambda offset, size: (offset + 192) % size,
        lambda offset, size: max(0, offset - 192),
        lambda offset, size: size + 1,
        lambda offset, size: (1 << 32) - 1,
    ],
    ids=["stays", "begins anew", "in circles", "goes back", "beyond", "far beyond"],
)
@pytest.mark.parametrize("way", ["reply", "error"])
def test_an_object_that_a_device_never_has(next_offset, way):
    data = bytes(2000)

    def answer(number, operation, arguments):
        if operation == "begin":
            return encoding.encode([1, number, "OK", 0])
        if operation == "piece":
            offset = next_offset(arguments[0], len(data))
            return encoding.encode([1, number, "OK" if way == "reply" else "OFFSET", offset])
        return encoding.encode([1, number, "OK", 1])

    device, client = _counted(answer)
    with pytest.raises(NoAnswer, match="does not get on"):
        client.send_object("trust", data)
    assert device.requests < 40


def test_an_object_that_is_lost_again_and_again():
    def answer(number, operation, arguments):
        status = {"begin": "OK", "piece": "NOT_BEGUN", "commit": "INCOMPLETE"}[operation]
        return encoding.encode([1, number, status, 0])

    device, client = _counted(answer)
    with pytest.raises(client_module.DeviceError):
        client.send_object("trust", bytes(2000))
    assert device.requests < 40


def test_begin_that_says_it_has_all_of_it_already():
    _, client = _counted(replying({"begin": 2000, "commit": 7}))
    assert client.send_object("trust", bytes(2000)) == 7
    _, client = _counted(replying({"begin": 2001, "commit": 7}))
    with pytest.raises(NoAnswer, match="does not get on"):
        client.send_object("trust", bytes(2000))


class Dripping:
    """Says a byte whenever it is asked, each of them late; never a whole frame."""

    def __init__(self):
        self.timeout = 1.0
        self.in_waiting = 0
        self.now = 0.0

    def write(self, data):
        return len(data)

    def read(self, size=1):
        self.now += 0.9
        return b"x"

    def close(self):
        pass


def test_a_device_that_drips(monkeypatch):
    device = Dripping()
    monkeypatch.setattr(client_module.time, "monotonic", lambda: device.now)
    with pytest.raises(NoAnswer):
        Client(device).status()
    assert device.now < 5 * 40


def test_a_device_that_prints_without_end(monkeypatch):
    device = Dripping()
    device.read = lambda size=1: b"x" * 1024
    with pytest.raises(NoAnswer):
        Client(device).status()


def test_a_device_that_answers_others_only(monkeypatch):
    numbers = itertools.count()

    def answer(number, operation, arguments):
        return frames.encode(encoding.encode([1, next(numbers), "OK", 1])) * 3

    with pytest.raises(NoAnswer):
        Client(HostileDevice(answer)).status()
