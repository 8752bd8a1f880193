"""The owner's files: whole or not at all, together or not at all, nobody's change lost, private."""

import json
import os
import stat
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools.cli import app
from host_tools.commands import trust
from provisioning import files, keys, local_time
from provisioning.errors import FileProblem
from provisioning.signed_files import read_revoked
from tests.host_tools.without_disk import full_disk

ROOT = ("--root", "root.pem")
PAIR = "00" * 8 + ":" + "11" * 8
PERSON = "name,id_number\n张三丰,11010519491231002X\n"


def run(*words, code=0, **more):
    result = CliRunner().invoke(app, [str(word) for word in words], **more)
    assert result.exit_code == code, (words, result.output, result.exception)
    assert code == 0 or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def office(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("keys", "root", "root.pem")
    run("keys", "issuer", "issuer.pem")
    run("keys", "collection", "lab.pem")
    run("trust", "new", "trust.cbor", *ROOT)
    run("revoke", "revoked.cbor", *ROOT)
    run("settings", "settings.cbor", *ROOT)
    return tmp_path


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


WRITING = (
    ("keys", "root", "new.pem"),
    ("keys", "collection", "new.pem"),
    ("keys", "hmac", "new.json"),
    ("trust", "new", "new.cbor", *ROOT),
    ("trust", "add", "trust.cbor", "issuer.pub.pem", *ROOT),
    ("collection", "new", "new.cbor", *ROOT),
    ("settings", "settings.cbor", "--site", "Gate 3", *ROOT),
    ("revoke", "revoked.cbor", "--id", PAIR, *ROOT),
    ("revoke", "new.cbor", "--id", PAIR, *ROOT),
    ("operator", "issue", "new.cwt", "issuer.pub.pem", "--name=L", "--role=clock", *ROOT),
    ("issue", "--key", "issuer.pem", "--name", "李", "--out", "new.txt"),
    ("issue", "--key", "issuer.pem", "--name", "李", "--out", "new.png"),
    ("issue", "--key", "issuer.pem", "--csv", "people.csv", "--out", "passes"),
)


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_on_a_full_disk_nothing_is_changed_and_a_sentence_says_why(office, words):
    Path("people.csv").write_text(PERSON)
    before = _contents(office)
    with full_disk():
        said = run(*words, code=3).stderr
    assert "larger than you may write" in said
    assert _contents(office) == before
    assert not list(office.glob("passes/*"))


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_where_nothing_may_be_written_a_sentence_says_so(office, words, monkeypatch):
    Path("people.csv").write_text(PERSON)
    before = _contents(office)

    def refused(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", refused)
    monkeypatch.setattr(files.tempfile, "mkstemp", refused)
    assert "not to be written" in run(*words, code=3).stderr
    assert _contents(office) == before


def test_a_name_that_no_file_can_have(office):
    for act in (files.read, lambda path: files.replace(path, b""), keys.create_key):
        with pytest.raises(FileProblem, match="no file can have"):
            act(Path("a\0b"))
    assert "too long" in run("keys", "root", "x" * 300, code=3).stderr


def test_of_a_pair_of_keys_none_is_left_without_the_other(office, monkeypatch):
    real = files.create

    def fails_for_the_public_one(path, data, mode=files.PRIVATE):
        if mode == files.PUBLIC:
            raise FileProblem("no room")
        real(path, data, mode)

    monkeypatch.setattr(files, "create", fails_for_the_public_one)
    with pytest.raises(FileProblem):
        keys.create_key(office / "new.pem")
    assert not (office / "new.pem").exists()


def test_a_new_file_where_the_disk_knows_no_links(office, monkeypatch):
    def refused(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    run("keys", "root", "new.pem")
    assert stat.S_IMODE(Path("new.pem").stat().st_mode) == 0o600
    before = _contents(office)
    assert "is there already" in run("keys", "root", "new.pem", code=3).stderr
    with pytest.raises(FileProblem), full_disk():
        files.create(office / "other.pem", b"key")
    assert _contents(office) == before


class Cut(BaseException):
    """The computer's power fails."""


@contextmanager
def _cut_at(monkeypatch, step):
    """The step-th time that a file gets its place, it does not any more."""
    real = os.replace
    done = []

    def replace(*places):
        if len(done) == step:
            raise Cut
        done.append(places)
        real(*places)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        yield done


@pytest.mark.parametrize("kind", [(), ("--table", "elsewhere.bin")], ids=["beside", "elsewhere"])
def test_list_and_table_are_replaced_together_or_not_at_all(office, monkeypatch, kind):
    path, table = office / "revoked.cbor", Path(kind[1]) if kind else None
    if kind:
        Path("revoked.table").rename(table)
    root = keys.load_public(office / "root.pub.pem")
    cuts = 0
    for step in range(9):
        number, found = read_revoked(path, table, root)
        pair = f"{step:016x}:{'22' * 8}"
        with _cut_at(monkeypatch, step):
            try:
                run("revoke", "revoked.cbor", "--id", pair, *kind, *ROOT)
                break
            except Cut:
                cuts += 1
        after, now = read_revoked(path, table, root)
        assert after.sequence - number.sequence in (0, 1)
        assert len(now.entries) - len(found.entries) == after.sequence - number.sequence
    assert cuts == 4
    run("revoke", "revoked.cbor", "--id", PAIR, *kind, *ROOT)
    assert len(read_revoked(path, table, root)[1].entries) >= 2
    assert not list(office.glob("*.new"))


def test_after_a_cut_the_next_one_may_be_cut_too(office, monkeypatch):
    """The table that counts lies under its other name when the next command begins."""
    path = office / "revoked.cbor"
    root = keys.load_public(office / "root.pub.pem")
    with pytest.raises(Cut), _cut_at(monkeypatch, 2):
        run("revoke", "revoked.cbor", "--id", PAIR, *ROOT)
    for step in range(4):
        before = len(read_revoked(path, None, root)[1].entries)
        assert before >= 1
        with _cut_at(monkeypatch, step):
            try:
                run("revoke", "revoked.cbor", "--id", f"{step:016x}:{'33' * 8}", *ROOT)
            except Cut:
                continue
    assert len(read_revoked(path, None, root)[1].entries) >= 2


def test_a_pair_that_does_not_fit_says_how_to_go_on(office):
    Path("revoked.table").write_bytes(bytes(12))
    said = run("revoke", "revoked.cbor", "--id", PAIR, *ROOT, code=3).stderr
    assert "--sequence 2" in said and "another name" in said


def test_two_who_add_to_a_list_at_once_lose_nobody(office):
    """The second one begins while the first has read the list and not yet written it."""
    keys.create_key(office / "other.pem")
    errors, begun = [], threading.Event()

    def issuer(name):
        raw = keys.load_public(office / f"{name}.pub.pem")
        return trust.Issuer(trust.cose.kid_of(raw), -8, raw, 0, 1, 86400, name)

    def second():
        try:
            trust.KIND.change(
                office / "trust.cbor",
                office / "root.pem",
                lambda found: begun.set() or found.with_issuer(issuer("other")),
            )
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=second)

    def first(found):
        thread.start()
        begun.wait(0.5)  # as long as the other one is kept out, this ends by itself
        return found.with_issuer(issuer("issuer"))

    trust.KIND.change(office / "trust.cbor", office / "root.pem", first)
    thread.join()
    assert errors == []
    shown = json.loads(run("trust", "show", "trust.cbor", "--json").stdout)
    assert {each["name"] for each in shown["issuers"]} == {"issuer", "other"}
    assert shown["sequence"] == 3


def test_who_waits_too_long_for_a_list_is_told(office, monkeypatch):
    monkeypatch.setattr(files, "LOCK_S", 0.0)
    with files.locked(office / "trust.cbor"):
        for words in (
            ("trust", "add", "trust.cbor", "issuer.pub.pem", *ROOT),
            ("revoke", "revoked.cbor", *ROOT),
            ("settings", "settings.cbor", *ROOT),
            ("trust", "new", "trust.cbor", "--replace", *ROOT),
        ):
            assert "Another program" in run(*words, code=3).stderr
    run("trust", "add", "trust.cbor", "issuer.pub.pem", *ROOT)


def test_passes_and_what_was_issued_are_for_their_owner_only(office):
    os.umask(0o022)
    Path("people.csv").write_text(PERSON)
    run("issue", "--key", "issuer.pem", "--name", "李", "--out", "one.txt")
    run("issue", "--key", "issuer.pem", "--name", "李", "--out", "one.svg")
    run("issue", "--key", "issuer.pem", "--csv", "people.csv", "--out", "passes")
    made = [Path("one.txt"), Path("one.svg"), *Path("passes").iterdir()]
    assert len(made) == 4
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(Path("passes").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["issuer.pem", "hmac.json"])
def test_a_private_key_that_others_may_read_is_remarked_on(office, name):
    run("keys", "hmac", "hmac.json")
    issue = ("issue", "--key", name, "--name", "李", "--out", "pass.txt")
    assert "chmod" not in run(*issue).stderr
    for mode in (0o644, 0o640, 0o604):
        Path(name).chmod(mode)
        assert f"chmod 600 {name}" in run(*issue).stderr.replace("\n", "")


def test_a_persons_name_and_number_need_not_stand_on_the_command_line(office):
    issue = ("issue", "--key", "issuer.pem", "--json")
    expected = {"name_hint": "*三*", "id_hint": "002X"}
    by_name = json.loads(
        run(*issue, "--name", "张三丰", "--id-number", "11010519491231002X").stdout
    )
    expected = {key: by_name[key] for key in expected}
    Path("person.csv").write_text(PERSON)
    for words, more in (
        (("--person", "person.csv"), {}),
        (("--person", "-"), {"input": PERSON}),
        (("--csv", "-", "--out", "many"), {"input": PERSON}),
    ):
        found = json.loads(run(*issue, *words, **more).stdout)
        found = found[0] if isinstance(found, list) else found
        assert {key: found[key] for key in expected} == expected
    two = PERSON + "李,\n"
    assert "2 people" in run(*issue, "--person", "-", input=two, code=3).stderr
    assert "from a file" in run(*issue, "--person", "-", "--name", "x", code=2).stderr


def test_the_name_is_asked_for_on_a_terminal(office, monkeypatch):
    monkeypatch.setattr("host_tools.commands.issue.sys", _Terminal())
    done = run("issue", "--key", "issuer.pem", "--json", input="张三丰\n11010519491231002X\n")
    assert json.loads(done.stdout[done.stdout.index("{") :])["id_hint"] == "002X"


class _Terminal:
    class stdin:
        isatty = staticmethod(lambda: True)


@pytest.mark.parametrize("unix_s", [1_000_000_000, 0, 1 << 32, 1 << 40])
def test_a_computer_whose_clock_is_wrong_signs_nothing(office, monkeypatch, unix_s):
    operator = ("--operator", "issuer.pem", "--credential", "li.cwt")
    run("operator", "issue", "li.cwt", "issuer.pub.pem", "--name=L", "--role=clock", *ROOT)
    before = _contents(office)
    monkeypatch.setattr(local_time.time, "time", lambda: unix_s)
    for words in (
        *(words for words in WRITING if words[0] not in ("keys", "issue")),
        ("collection", "add", "collection.cbor", "lab.pub.pem", *ROOT),
        ("clock", "--port", "/dev/null/none", *operator),
        ("provision", "--port", "/dev/null/none"),
    ):
        said = run(*words, code=1).stderr
        assert "computer's clock" in said, words
    assert _contents(office) == before
    assert (
        "is not there" in run("provision", "--port", "/dev/ttyNOSUCH", "--no-clock", code=4).stderr
    )


def test_a_lock_is_let_go_with_its_program(office):
    """As after a kill: the handle is closed by the system, and nothing is left behind."""
    before = _contents(office)
    with pytest.raises(Cut), files.locked(office / "trust.cbor"):
        raise Cut
    with files.locked(office / "trust.cbor"):
        pass
    assert _contents(office) == before
