"""The commands as a technician types them, against the firmware's server behind a pty."""

import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from link_device import LinkDevice
from typer.testing import CliRunner

from host_tools import client as client_module
from host_tools.cli import app
from provisioning import revocation, settings, trust
from provisioning.keys import create_key
from provisioning.revocation import RevocationList
from provisioning.signed import seal
from tests.host_tools.loopback import Loopback
from tests.host_tools.sealed_device import SealedDevice


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
        )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["device"]["device"] == "0102030405060708"
    kinds = ["trust", "settings", "revoked", "revoked-table"]
    assert [kind for kind, _ in device.installed] == kinds
    assert device.installed[0][1] == (files / "trust.cbor").read_bytes()
    assert device.installed[3][1] == b"entry-of-12bentry-of-12c"
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
        (["--secret", "root.pem", "--root", "root.pem"], "no HMAC secret's file"),
    ],
)
def test_files_that_cannot_be_used_stop_it_before_the_device_is_touched(files, arguments, said):
    words = [word if word.startswith("-") else files / word for word in arguments]
    result = _run("provision", "--port", "/dev/absent", *words)
    assert result.exit_code == 3 and said in result.stderr


def test_secrets_are_signed_by_somebody(files):
    secret = ("provision", "--port", "/dev/absent", "--secret", files / "secret.json")
    result = _run(*secret)
    assert result.exit_code == 2 and "role provision" in result.stderr
    result = _run(*secret, "--operator", files / "root.pem")
    assert result.exit_code == 2 and "--credential" in result.stderr


def test_a_key_that_the_device_does_not_vouch_for_gets_no_secret(files):
    device = LinkDevice()
    with Loopback(device) as loopback:
        result = _run(
            *("provision", "--port", loopback.port, "--root-public", files / "root.pub.pem"),
            *("--secret", files / "secret.json", "--root", files / "root.pem"),
        )
    assert result.exit_code == 1 and "no key to seal secrets to" in result.stderr
    assert device.installed == []


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


@pytest.fixture
def sealed(tmp_path):
    """A device with a shift in its journal, and the collection key's file."""
    device = SealedDevice(tmp_path)
    device.sealed.shift()
    private = device.sealed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "lab.pem").write_bytes(private)
    return device


def test_status(sealed):
    with Loopback(sealed) as loopback:
        result = _run("status", "--port", loopback.port)
        assert result.exit_code == 0 and "10 records to pull" in result.stdout
        assert sealed.device_id.hex() in result.stdout and "full" not in result.stdout
        answer = json.loads(_run("status", "--port", loopback.port, "--json").stdout)
    assert answer["status"]["next"] == sealed.journal.next_sequence


def test_status_warns_when_the_journal_is_nearly_full():
    device = LinkDevice()
    status = device.status()
    device.status = lambda: {**status, "remaining": 100}
    with Loopback(device) as loopback:
        assert "over 90 % full" in _run("status", "--port", loopback.port).stdout


def test_no_device(monkeypatch):
    assert _run("status", "--port", "/dev/absent").exit_code == 4
    monkeypatch.setattr(client_module, "DEFAULT_TIMEOUT_S", 0.02)
    with Loopback(LinkDevice(), on_reply=lambda n, data: b"") as loopback:
        result = _run("status", "--port", loopback.port)
    assert result.exit_code == 4 and "does not answer" in result.stderr


def test_pull_and_tubes(sealed, tmp_path):
    db = tmp_path / "pulled.db"
    signer = ("--operator", tmp_path / "li.pem", "--credential", tmp_path / "li.cwt")
    key = ("--collection-key", tmp_path / "lab.pem")
    sealed.sealed.register(60)
    with Loopback(sealed) as loopback:
        first = _run("pull", "--port", loopback.port, "--db", db)
        again = _run("pull", "--port", loopback.port, "--db", db, *key, *signer, "--close-shift")
    assert first.exit_code == 0 and "11 new records" in first.stdout
    assert "sealed to collection key" in first.stdout
    assert again.exit_code == 0 and "The shift is closed" in again.stdout, again.output
    assert sealed.journal.released == sealed.journal.acknowledged > 10
    shown = _run("tubes", "--db", db, "--people").stdout
    assert "T1234567" in shown and "EXPIRED" in shown and "0003" * 8 in shown
    # each in one line, whole, and in words, also where nobody says how wide the terminal is
    assert re.search(
        r"T1234567 +\d +(?:0003){8} +(own|minor|elder|unable) +\d{4}-\d\d-\d\d \d\d:\d\d", shown
    )
    answer = json.loads(_run("tubes", "--db", db, "--json").stdout)
    assert answer["tubes"][0]["people"] == 5 and answer["refusals"]["EXPIRED"] == 3
    assert len(answer["registrations"]) == 6


def test_a_pull_is_typed_whole(tmp_path):
    for words in (["--operator", "x"], ["--credential", "x"], ["--close-shift"]):
        result = _run("pull", "--port", "/dev/absent", "--db", tmp_path / "x.db", *words)
        assert result.exit_code == 2, words
    assert not (tmp_path / "x.db").exists()


def test_tubes_of_a_device_are_read_without_acknowledging(sealed, tmp_path):
    key = ("--collection-key", tmp_path / "lab.pem")
    sealed.sealed.shift(people=2)
    with Loopback(sealed) as loopback:
        result = _run("tubes", "--port", loopback.port, *key, "--json")
    assert len(json.loads(result.stdout)["tubes"]) == 2
    assert sealed.journal.acknowledged == 0


def test_altered_records_are_an_exit_code(sealed, tmp_path):
    original = sealed.read_journal

    def without_one(from_sequence, max_bytes):
        raws, following = original(from_sequence, max_bytes)
        return [raw for raw in raws if raw[6] != 5], following

    sealed.read_journal = without_one
    with Loopback(sealed) as loopback:
        result = _run("pull", "--port", loopback.port, "--db", tmp_path / "x.db")
    assert result.exit_code == 1 and "--accept-damage" in result.stderr
    assert sealed.journal.acknowledged == 0


def test_an_image_of_the_partition(sealed, tmp_path):
    path = tmp_path / "journal.bin"
    sealed.sealed.register(60)
    path.write_bytes(b"".join(bytes(sector) for sector in sealed.sealed.flash.cells))
    device = ("--device", sealed.device_id.hex())
    keyed = (*device, "--device-key", sealed.sealed.identity.public_key.hex())
    assert _run("journal", "verify", path).exit_code == 2
    assert _run("journal", "verify", path, "--device", "xyz").exit_code == 2
    told = _run("journal", "verify", path, *keyed)
    assert told.exit_code == 0 and "sealed to collection key" in told.stdout, told.output
    key = ("--collection-key", tmp_path / "lab.pem")
    answer = json.loads(_run("journal", "verify", path, *keyed, *key, "--json").stdout)
    assert (
        answer["records"] == answer["verified"] == 11
        and answer["problems"] == answer["damages"] == []
    )
    assert "T1234567" in _run("journal", "show", path).stdout
    lines = [
        json.loads(line) for line in _run("journal", "dump", path, *keyed, *key).stdout.splitlines()
    ]
    assert len(lines) == 11
    (tmp_path / "noise.bin").write_bytes(bytes(8192))
    result = _run("journal", "show", tmp_path / "noise.bin")
    assert result.exit_code == 3 and "holds no record" in result.stderr


def test_tubes_without_a_database(tmp_path):
    assert _run("tubes").exit_code == 2
    result = _run("tubes", "--db", tmp_path / "absent.db")
    assert result.exit_code == 3 and "scanpost pull" in result.stderr
    assert not (tmp_path / "absent.db").exists()


def test_what_a_device_lacks_is_told(files):
    device = LinkDevice()
    healthy = device.status()
    trouble = {"missing": "trust list", "damaged": ["trust"], "time": 1790000000}
    device.status = lambda: {**healthy, **trouble, "time_kept": False}
    with Loopback(device) as loopback:
        shown = _run("status", "--port", loopback.port).stdout
        given = _run(
            "provision",
            "--port",
            loopback.port,
            "--no-clock",
            "--settings",
            files / "settings.cbor",
        )
    assert "missing: trust list" in shown and "clock chip does not answer" in shown
    assert "damaged" in shown
    assert given.exit_code == 0 and "needs: trust list" in given.stdout
