"""The commands as a technician types them, against the firmware's server behind a pty."""

import json

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from link_device import LinkDevice
from typer.testing import CliRunner

from host_tools import client as client_module
from host_tools.cli import app
from provisioning import revocation, settings, trust
from provisioning.keys import create_key
from provisioning.revocation import RevocationList
from provisioning.signed import seal
from tests.host_tools.journal_bodies import a_shift, body
from tests.host_tools.loopback import Loopback


def _run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def files(tmp_path):
    key = create_key(tmp_path / "root.pem")
    (tmp_path / "x25519.pem").write_bytes(_public_pem(X25519PrivateKey.generate()))
    revoked = RevocationList(frozenset([b"entry-of-12b", b"entry-of-12c"]))
    for name, typ, signed in (
        ("trust", trust.TYP, []),
        ("settings", settings.TYP, {}),
        ("revoked", revocation.TYP, revoked.body()),
    ):
        (tmp_path / f"{name}.cbor").write_bytes(seal(key, typ, 1, 1790000000, signed))
    (tmp_path / "revoked.table").write_bytes(revoked.table())
    (tmp_path / "secret.json").write_text(
        json.dumps({"kid": "01" * 8, "alg": 5, "secret": "02" * 32})
    )
    return tmp_path


def test_provisioning_everything(files):
    device = LinkDevice()
    with Loopback(device) as loopback:
        result = _run(
            *("provision", "--port", loopback.port, "--json"),
            *("--root-public", files / "root.pub.pem", "--trust", files / "trust.cbor"),
            *("--settings", files / "settings.cbor", "--revoked", files / "revoked.cbor"),
            *("--secret", files / "secret.json"),
        )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["device"]["device"] == "0102030405060708"
    kinds = ["trust", "settings", "revoked-table", "revoked", "secrets"]
    assert [kind for kind, _ in device.installed] == kinds
    assert device.installed[0][1] == (files / "trust.cbor").read_bytes()
    assert device.installed[2][1] == b"entry-of-12bentry-of-12c"
    assert cbor2.loads(device.installed[4][1]) == [[b"\x01" * 8, 5, b"\x02" * 32]]
    assert len(device.clock_sets) == 1 and len(device.root) == 32


def test_a_refusal_says_why(files):
    device = LinkDevice()
    device.root = b"another" + bytes(25)
    with Loopback(device) as loopback:
        result = _run("provision", "--port", loopback.port, "--root-public", files / "root.pub.pem")
    assert result.exit_code == 1
    assert "belongs to another root" in result.stderr and "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--root-public", "root.pem"], "root.pub.pem"),
        (["--root-public", "x25519.pem"], "not an Ed25519 key"),
        (["--root-public", "absent.pem"], "cannot be read"),
        (["--trust", "absent"], "cannot be read"),
        (["--trust", "settings.cbor"], "another kind"),
        (["--settings", "trust.cbor"], "another kind"),
        (["--revoked-table", "revoked.table"], "add --revoked"),
        (["--secret", "root.pem"], "no HMAC secret's file"),
    ],
)
def test_files_that_cannot_be_used_stop_it_before_the_device_is_touched(files, arguments, said):
    option, name = arguments
    result = _run("provision", "--port", "/dev/absent", option, files / name)
    assert result.exit_code == 3 and said in result.stderr


def test_another_roots_list_is_noticed_before_the_device_is_touched(files):
    other = create_key(files / "other.pem")
    (files / "trust.cbor").write_bytes(seal(other, trust.TYP, 1, 1790000000, []))
    result = _run(
        *("provision", "--port", "/dev/absent", "--trust", files / "trust.cbor"),
        *("--root-public", files / "root.pub.pem"),
    )
    assert result.exit_code == 3 and "another root" in result.stderr


def test_a_table_of_another_list_is_noticed(files):
    (files / "revoked.table").write_bytes(b"entry-of-12b")
    result = _run("provision", "--port", "/dev/absent", "--revoked", files / "revoked.cbor")
    assert result.exit_code == 3 and "vouches" in result.stderr


def test_status():
    with Loopback(LinkDevice(a_shift())) as loopback:
        result = _run("status", "--port", loopback.port)
        assert result.exit_code == 0 and "14 records to pull" in result.stdout
        assert "0102030405060708" in result.stdout and "not set" in result.stdout
    with Loopback(LinkDevice(a_shift())) as loopback:
        answer = json.loads(_run("status", "--port", loopback.port, "--json").stdout)
        assert answer["status"]["next"] == 15 and answer["device"]["root"] is None


def test_no_device(monkeypatch):
    assert _run("status", "--port", "/dev/absent").exit_code == 4
    monkeypatch.setattr(client_module, "DEFAULT_TIMEOUT_S", 0.02)
    with Loopback(LinkDevice(), on_reply=lambda n, data: b"") as loopback:
        result = _run("status", "--port", loopback.port)
    assert result.exit_code == 4 and "does not answer" in result.stderr


def test_pull_and_tubes(tmp_path):
    db = tmp_path / "pulled.db"
    device = LinkDevice(a_shift())
    with Loopback(device) as loopback:
        result = _run("pull", "--port", loopback.port, "--db", db)
    assert result.exit_code == 0 and "14 new records" in result.stdout
    assert device.acknowledged == 14
    shown = _run("tubes", "--db", db, "--people").stdout
    assert (
        "T0000001" in shown and "EXPIRED" in shown and "00000000000000000000000000000003" in shown
    )
    answer = json.loads(_run("tubes", "--db", db, "--json").stdout)
    assert answer["tubes"][0]["people"] == 2 and answer["refusals"]["EXPIRED"] == 3
    assert len(answer["registrations"]) == 4


def test_tubes_of_a_device_are_read_without_acknowledging():
    device = LinkDevice(a_shift())
    with Loopback(device) as loopback:
        result = _run("tubes", "--port", loopback.port, "--json")
    assert len(json.loads(result.stdout)["tubes"]) == 3 and device.acknowledged == 0


def test_missing_records_are_an_exit_code(tmp_path):
    device = LinkDevice([body(5, 9, [1, "0.1.0"])])
    device.first = 9
    with Loopback(device) as loopback:
        result = _run("pull", "--port", loopback.port, "--db", tmp_path / "x.db")
    assert result.exit_code == 1 and "records 1 to 8" in result.stdout


def test_tubes_without_a_database(tmp_path):
    assert _run("tubes").exit_code == 2
    result = _run("tubes", "--db", tmp_path / "absent.db")
    assert result.exit_code == 3 and "scanpost pull" in result.stderr
    assert not (tmp_path / "absent.db").exists()
