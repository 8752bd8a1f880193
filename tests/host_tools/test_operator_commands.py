"""Collection keys, operators and the clock: the commands as people type them."""

import json
import stat
import time

import pytest
from typer.testing import CliRunner

from host_tools.cli import app
from host_tools.client import Client, DeviceError
from host_tools.operators import Operator
from host_tools.transport import open_transport
from provisioning import collection, cose, keys, operators, revocation, signed
from tests.host_tools.loopback import Loopback
from tests.host_tools.operated_device import OperatedDevice


def run(*arguments, **more):
    result = CliRunner().invoke(app, [str(each) for each in arguments], **more)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def good(*arguments, **more):
    result = run(*arguments, **more)
    assert result.exit_code == 0, result.output
    return result


def refused(code, words, *arguments, **more):
    result = run(*arguments, **more)
    assert result.exit_code == code, result.output
    assert words in " ".join(result.stderr.split()), result.stderr
    return result


ROOT = ("--root", "root.pem")
SIGNER = ("--operator", "li.pem", "--credential", "li.cwt")


def _issue(out="li.cwt", key="li.pub.pem", roles=("collect", "clock"), *more):
    roles = [word for role in roles for word in ("--role", role)]
    return ("operator", "issue", out, key, *ROOT, "--name", "Li", *roles, *more)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Keys and a credential, made once."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        good("keys", "root", "root.pem")
        good("keys", "root", "other.pem")
        good("keys", "operator", "li.pem")
        good("keys", "operator", "wu.pem")
        good("keys", "collection", "lab.pem")
        good(*_issue())
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    for path in made.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
        (tmp_path / path.name).chmod(path.stat().st_mode)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCANPOST_PASSPHRASE", raising=False)
    return tmp_path


def _root(here):
    return keys.load_public(here / "root.pub.pem")


def test_collection_keys_are_private_and_opened_by_their_passphrase(here, monkeypatch):
    assert stat.S_IMODE((here / "lab.pem").stat().st_mode) == 0o600
    refused(3, "is there already", "keys", "collection", "lab.pem")
    refused(3, "SCANPOST_PASSPHRASE", "keys", "collection", "safe.pem", "--passphrase")
    monkeypatch.setenv("SCANPOST_PASSPHRASE", "one")
    said = json.loads(good("keys", "collection", "safe.pem", "--passphrase", "--json").stdout)
    assert b"ENCRYPTED" in (here / "safe.pem").read_bytes()
    opened = keys.load_collection_private(here / "safe.pem", lambda path: b"one")
    raw = keys.raw_public(opened)
    assert raw == keys.load_collection_public(here / "safe.pub.pem")
    assert said["kid"] == cose.x25519_kid_of(raw).hex()
    for name in ("safe.pem", "safe.pub.pem"):
        shown = json.loads(good("keys", "show", name, "--json").stdout)
        assert shown == {"kid": said["kid"], "alg": None}
    assert "collection key" in good("keys", "show", "lab.pub.pem").stdout


def test_a_key_of_one_kind_is_no_key_of_another(here):
    good("collection", "new", "collection.cbor", *ROOT)
    refused(3, "no collection key", "collection", "add", "collection.cbor", "li.pub.pem", *ROOT)
    refused(3, "lab.pub.pem", "collection", "add", "collection.cbor", "lab.pem", *ROOT)
    refused(3, "not an Ed25519", *_issue("x.cwt", "lab.pub.pem"))
    refused(3, "not an Ed25519", *_issue("x.cwt"), "--root", "lab.pem")
    with pytest.raises(keys.FileProblem, match="no collection key"):
        keys.load_collection_private(here / "li.pem", lambda path: b"")


def test_a_list_of_collection_keys(here):
    good("collection", "new", "collection.cbor", *ROOT)
    refused(3, "is there already", "collection", "new", "collection.cbor", *ROOT)
    add = ("collection", "add", "collection.cbor", "lab.pub.pem", *ROOT)
    before = int(time.time())
    said = json.loads(good(*add, "--name", "City lab", "--json").stdout)
    assert said["sequence"] == 2
    opened = signed.open_signed(
        (here / "collection.cbor").read_bytes(), collection.TYP, _root(here)
    )
    (row,) = collection.CollectionList.from_body(opened.body).keys
    assert row.kid.hex() == said["kid"] and row.name == "City lab"
    assert before <= row.valid_from <= opened.signed_at
    good("keys", "collection", "next.pem")
    later = ("collection", "add", "collection.cbor", "next.pub.pem", *ROOT, "--from", "2100-01-01")
    good(*later)
    show = ("collection", "show", "collection.cbor")
    shown = json.loads(good(*show, "--json", "--root-public", "root.pub.pem").stdout)
    assert shown["in_use"] == said["kid"] and len(shown["keys"]) == 2
    assert shown["signature_checked"] and shown["sequence"] == 3
    assert "City lab" in good(*show).stdout
    refused(3, "another root", *show, "--root-public", "other.pub.pem")
    refused(1, "32 bytes", *add, "--name", "x" * 33)
    refused(2, "", *add, "--from", "soon")
    good("collection", "remove", "collection.cbor", shown["keys"][1]["kid"], *ROOT)
    refused(1, "No collection key", "collection", "remove", "collection.cbor", "00" * 8, *ROOT)
    good("collection", "new", "collection.cbor", *ROOT, "--replace")
    assert json.loads(good(*show, "--json").stdout)["sequence"] == 5
    refused(3, "another kind", "trust", "show", "collection.cbor")


def test_a_credential_and_its_mistakes(here):
    show = ("operator", "show", "li.cwt")
    shown = json.loads(good(*show, "--root-public", "root.pub.pem", "--json").stdout)
    assert shown["name"] == "Li" and shown["roles"] == ["collect", "clock"]
    assert shown["expires_at"] - shown["issued_at"] == 30 * 86400
    assert shown["signature_checked"] and len(shown["cti"]) == 16
    assert "to revoke" in good(*show).stdout
    refused(3, "another root", *show, "--root-public", "other.pub.pem")
    refused(3, "no operator's credential", "operator", "show", "li.pub.pem")
    good("trust", "new", "trust.cbor", *ROOT)
    refused(3, "no operator's credential", "operator", "show", "trust.cbor")
    refused(3, "is there already", *_issue())
    refused(1, "collect, clock", *_issue("x.cwt", roles=("erase",)))
    refused(1, "has a name", *_issue("x.cwt"), "--name", "")
    assert run(*_issue("x.cwt"), "--days", "0").exit_code == 2
    assert not (here / "x.cwt").exists()
    made = json.loads(good(*_issue("x.cwt", "wu.pub.pem", ("clock",)), "--json").stdout)
    assert made["roles"] == ["clock"] and made["file"] == "x.cwt"


def test_an_operator_is_revoked_in_the_passes_table(here):
    good("revoke", "revoked.cbor", *ROOT, "--operator", "li.cwt")
    credential = operators.open_credential((here / "li.cwt").read_bytes(), _root(here))
    entry = revocation.entry(cose.kid_of(_root(here)), credential.cti)
    assert (here / "revoked.table").read_bytes() == entry
    pair = f"{credential.root_kid.hex()}:{credential.cti.hex()}"
    again = good("revoke", "revoked.cbor", *ROOT, "--id", pair, "--json")
    assert json.loads(again.stdout) == {"sequence": 2, "added": 0, "revoked": 1}
    other = ("revoke", "more.cbor", "--root", "other.pem", "--operator", "li.cwt")
    refused(3, "another root", *other)
    assert not (here / "more.cbor").exists()


def test_the_clock_is_set_by_a_signed_command(here):
    with Loopback(device := OperatedDevice(_root(here))) as loopback:
        said = json.loads(good("clock", "--port", loopback.port, *SIGNER, "--json").stdout)
    assert said["before"] is None and said["after"] == device.unix_s
    assert abs(device.unix_s - time.time()) < 5
    with Loopback(device := OperatedDevice(_root(here), 1700000001)) as loopback:
        assert "2023-11-1" in good("clock", "--port", loopback.port, *SIGNER).stdout
    assert abs(device.unix_s - time.time()) < 5


def test_clocks_that_are_not_set(here):
    good(*_issue("collector.cwt", roles=("collect",)))
    good("revoke", "revoked.cbor", *ROOT, "--operator", "li.cwt")
    wrong = ("--operator", "wu.pem", "--credential", "li.cwt")
    refused(3, "of another key", "clock", "--port", "/dev/absent", *wrong)
    missing = ("--operator", "li.pem", "--credential", "absent.cwt")
    refused(3, "cannot be read", "clock", "--port", "/dev/absent", *missing)
    refused(4, "", "clock", "--port", "/dev/absent", *SIGNER)
    device = OperatedDevice(_root(here))
    with Loopback(device) as loopback:
        collector = ("--operator", "li.pem", "--credential", "collector.cwt")
        refused(1, "does not allow", "clock", "--port", loopback.port, *collector)
    with Loopback(device) as loopback:
        device.revoked = (here / "revoked.table").read_bytes()
        refused(1, "revoked", "clock", "--port", loopback.port, *SIGNER)
    with Loopback(OperatedDevice(keys.load_public(here / "other.pub.pem"))) as loopback:
        refused(1, "another root", "clock", "--port", loopback.port, *SIGNER)
    with Loopback(ownerless := OperatedDevice(None)) as loopback:
        ownerless.device_id = None
        refused(1, "no owner yet", "clock", "--port", loopback.port, *SIGNER)
    assert device.unix_s is None


def test_a_command_needs_no_more_than_the_key_and_the_credential(here):
    operator = Operator.load(here / "li.pem", here / "li.cwt", lambda path: b"")
    with Loopback(device := OperatedDevice(_root(here), 1700000001)) as loopback:
        client = Client(open_transport(loopback.port))
        assert operator.run(client, device.device_id, "close_shift", []) == 7
        with pytest.raises(DeviceError, match="WRONG_DEVICE"):
            operator.run(client, bytes(8), "close_shift", [])
        client.close()


def test_provisioning_collection_keys(here):
    good("collection", "new", "collection.cbor", *ROOT)
    provision = ("provision", "--collection", "collection.cbor")
    refused(3, "no keys yet", *provision, "--port", "/dev/absent")
    good("collection", "add", "collection.cbor", "lab.pub.pem", *ROOT)
    owned = ("--root-public", "other.pub.pem")
    refused(3, "another root", *provision, "--port", "/dev/absent", *owned)
    good("trust", "new", "trust.cbor", *ROOT)
    refused(3, "another kind", "provision", "--port", "/dev/absent", "--collection", "trust.cbor")
    with Loopback(device := OperatedDevice(_root(here), int(time.time()))) as loopback:
        result = good(*provision, "--port", loopback.port, "--root-public", "root.pub.pem")
    assert device.installed == [("collection", (here / "collection.cbor").read_bytes())]
    assert "clock" not in result.stderr


@pytest.mark.parametrize(
    ("off_s", "said"), [(None, "is not set"), (60, "s ahead of"), (-60, "s behind")]
)
def test_provisioning_says_what_to_do_about_a_clock_that_it_left_alone(here, off_s, said):
    good("trust", "new", "trust.cbor", *ROOT)
    unix_s = None if off_s is None else int(time.time()) + off_s
    command = ("provision", "--trust", "trust.cbor")
    with Loopback(device := OperatedDevice(_root(here), unix_s)) as loopback:
        result = good(*command, "--port", loopback.port)
        words = " ".join(result.stderr.split())
        assert said in words and "scanpost clock" in words
        assert "clock" not in good(*command, "--port", loopback.port, "--no-clock").stderr
    assert device.clock_sets == [] and device.unix_s == unix_s
