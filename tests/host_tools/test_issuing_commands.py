"""Keys, lists, passes: the commands as people type them, and every mistake told without a trace."""

import base64
import csv
import json
import stat
import time

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from host_tools.cli import app
from provisioning import keys, lettering, qr, revocation, settings, signed, trust
from tests.provisioning.small_font import font_with


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


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCANPOST_PASSPHRASE", raising=False)
    good("keys", "root", "root.pem")
    good("keys", "issuer", "issuer.pem")
    good("keys", "hmac", "hmac.json")
    good("trust", "new", "trust.cbor", "--root", "root.pem")
    for key in ("issuer.pub.pem", "hmac.json"):
        good("trust", "add", "trust.cbor", key, "--root", "root.pem", "--name", "City")
    return tmp_path


def answer(*arguments):
    return json.loads(run("verify", "--trust", "trust.cbor", "--json", *arguments).stdout)["answer"]


def test_private_files_are_private(here):
    for name in ("root.pem", "issuer.pem", "hmac.json"):
        assert stat.S_IMODE((here / name).stat().st_mode) == 0o600
    refused(3, "is there already", "keys", "root", "root.pem")
    refused(3, "is there already", "keys", "hmac", "hmac.json")


def test_a_passphrase(here, monkeypatch):
    refused(3, "SCANPOST_PASSPHRASE", "keys", "issuer", "safe.pem", "--passphrase")
    monkeypatch.setenv("SCANPOST_PASSPHRASE", "one")
    good("keys", "issuer", "safe.pem", "--passphrase")
    assert b"ENCRYPTED" in (here / "safe.pem").read_bytes()
    good("issue", "--key", "safe.pem", "--name", "Li")
    monkeypatch.setenv("SCANPOST_PASSPHRASE", "two")
    refused(3, "wrong passphrase", "issue", "--key", "safe.pem", "--name", "Li")
    monkeypatch.delenv("SCANPOST_PASSPHRASE")
    refused(3, "has a passphrase", "issue", "--key", "safe.pem", "--name", "Li")


def test_what_no_key_is(here):
    (here / "junk.pem").write_text("junk")
    (here / "deep.json").write_text('{"a":' * 5000)
    refused(3, "deep.json", "issue", "--key", "deep.json", "--name", "Li")
    for path in ("junk.pem", "root.pub.pem", "missing.pem", "hmac.json", "."):
        refused(3, path, "trust", "add", "trust.cbor", "issuer.pub.pem", "--root", path)
    refused(3, "issuer.pub.pem", "trust", "add", "trust.cbor", "issuer.pem", "--root", "root.pem")


def _write_spki(path, raw):
    header = bytes.fromhex("302a300506032b6570032100")
    body = base64.encodebytes(header + raw).decode()
    path.write_text(f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n")


def test_keys_that_a_trust_list_refuses(here):
    bad = here / "bad.pem"
    add = ("trust", "add", "trust.cbor", "bad.pem", "--root", "root.pem")
    rsa_key = rsa.generate_private_key(65537, 2048).public_key()
    bad.write_bytes(rsa_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    refused(3, "not an Ed25519 key", *add)
    _write_spki(bad, bytes(32))
    refused(1, "small order", *add)
    _write_spki(bad, b"\x01" + bytes(31))
    refused(1, "small order", *add)
    _write_spki(bad, b"\xee" + b"\xff" * 30 + b"\x7f")  # p + 1
    refused(1, "not canonical", *add)
    _write_spki(bad, b"\x02" + bytes(31))
    refused(1, "no point", *add)


def test_trust_lists(here):
    refused(3, "is there already", "trust", "new", "trust.cbor", "--root", "root.pem")
    shown = json.loads(good("trust", "show", "trust.cbor", "--json").stdout)
    assert shown["sequence"] == 3 and len(shown["issuers"]) == 2
    assert "secret" not in shown["issuers"][1] and shown["issuers"][1]["public_key"] is None
    good("trust", "show", "trust.cbor", "--root-public", "root.pub.pem")
    refused(3, "another root", "trust", "show", "trust.cbor", "--root-public", "issuer.pub.pem")
    kid = shown["issuers"][0]["kid"]
    good("trust", "remove", "trust.cbor", kid, "--root", "root.pem")
    refused(1, "No issuer", "trust", "remove", "trust.cbor", kid, "--root", "root.pem")
    refused(2, "hex digits", "trust", "remove", "trust.cbor", "xyz", "--root", "root.pem")
    good("trust", "new", "trust.cbor", "--root", "root.pem", "--replace")
    shown = json.loads(good("trust", "show", "trust.cbor", "--json").stdout)
    assert shown["sequence"] == 5 and shown["issuers"] == []
    for options in (
        ("--from", "2030-01-01", "--until", "2029-01-01"),
        ("--name", "x" * 33),
        ("--name", "\udcff"),
    ):
        refused(1, "", "trust", "add", "trust.cbor", "hmac.json", "--root", "root.pem", *options)
    for options in (("--from", "soon"), ("--from", "1" * 5000), ("--zone", "Nowhere/At/All")):
        refused(2, "", "trust", "add", "trust.cbor", "hmac.json", "--root", "root.pem", *options)


def test_a_list_of_another_kind_or_damaged(here):
    good("revoke", "revoked.cbor", "--root", "root.pem")
    refused(3, "another kind", "trust", "show", "revoked.cbor")
    data = bytearray((here / "trust.cbor").read_bytes())
    data[-1] ^= 1
    (here / "trust.cbor").write_bytes(data)
    refused(3, "altered", "trust", "show", "trust.cbor", "--root-public", "root.pub.pem")
    (here / "trust.cbor").write_bytes(data[:50])
    refused(3, "damaged", "trust", "show", "trust.cbor")


def test_what_devices_get_is_what_the_page_says(here):
    root = keys.load_public(here / "root.pub.pem")
    tag = cbor2.loads((here / "trust.cbor").read_bytes())
    assert tag.tag == 18 and cbor2.loads(tag.value[0])[16] == trust.TYP
    good("revoke", "revoked.cbor", "--root", "root.pem", "--id", f"{'01' * 8}:{'02' * 8}")
    opened = signed.open_signed((here / "revoked.cbor").read_bytes(), revocation.TYP, root)
    table = (here / "revoked.table").read_bytes()
    assert opened.sequence == 1 and opened.body[0] == 1 and len(table) == 12
    good("settings", "settings.cbor", "--root", "root.pem", "--site", "社区", "--tube-size", "20")
    good("settings", "settings.cbor", "--root", "root.pem", "--utc-offset", "+06:00")
    opened = signed.open_signed((here / "settings.cbor").read_bytes(), settings.TYP, root)
    assert opened.sequence == 2
    assert opened.body == {
        1: "社区",
        2: 360,
        3: 20,
        4: "",
        5: "T#######",
        6: False,
        7: [2],
        8: False,
        9: False,
    }
    for option in (
        ("--site", "x" * 33),
        ("--site", "\udcff"),
        ("--device-name", "x" * 17),
        ("--tube-pattern", "T*#"),
    ):
        refused(1, "", "settings", "settings.cbor", "--root", "root.pem", *option)
    refused(2, "", "settings", "settings.cbor", "--root", "root.pem", "--utc-offset", "six")


@pytest.mark.parametrize("ending", ["txt", "png"])
def test_a_pass_from_issue_to_revocation(here, ending):
    path = f"pass.{ending}"
    good("issue", "--key", "issuer.pem", "--name", "张三丰", "--out", path)
    assert answer(path, "--root-public", "root.pub.pem") == "ACCEPTED"
    assert answer(path, "--at", "unset") == "CLOCK_UNSET"
    assert answer(path, "--at", "2001-01-01") == "NOT_YET"
    assert answer(path, "--at", "2100-01-01") == "EXPIRED"
    good("revoke", "revoked.cbor", path, "--root", "root.pem")
    assert answer(path, "--revoked", "revoked.cbor") == "REVOKED"
    (here / "revoked.table").write_bytes(bytes(12))
    refused(3, "vouches", "verify", "--trust", "trust.cbor", path, "--revoked", "revoked.cbor")


def test_a_pass_by_hmac(here):
    text = good("issue", "--key", "hmac.json", "--name", "李四").stdout.strip()
    assert text.startswith("SP1:")
    assert answer(text) == "UNKNOWN_KEY"
    assert answer(text, "--secrets", "hmac.json") == "ACCEPTED"
    assert answer("SP1:" + text[4:].lower(), "--secrets", "hmac.json") == "MALFORMED"


def test_other_texts_and_pictures(here):
    assert answer("https://example.org/") == "MALFORMED"
    assert answer("x" * 5000) == "MALFORMED"
    assert answer("\udcff") == "MALFORMED"  # an argument that is not in UTF-8
    assert answer("SP1:\udcff") == "MALFORMED"
    refused(3, "cannot be read", "verify", "--trust", "trust.cbor", "missing.png")
    (here / "empty.png").write_bytes(b"")
    refused(3, "as a picture", "verify", "--trust", "trust.cbor", "empty.png")
    result = run("verify", "--trust", "trust.cbor", "-", input="SP1:\n")
    assert result.exit_code == 1 and "MALFORMED" in result.stdout


def test_rules_of_claiming(here):
    def claim(*options):
        return run("issue", "--key", "issuer.pem", "--name", "Li", *options).exit_code

    assert claim("--relation", "minor") == 1  # no age
    assert claim("--relation", "minor", "--birth", "1990-01-01") == 1
    assert claim("--relation", "elder", "--birth", "1990-01-01") == 1
    assert claim("--relation", "elder", "--birth", "1950-01-01") == 0
    assert claim("--relation", "unable") == 0
    assert claim("--days", "30.01") == 1
    assert claim("--days", "0") == 1
    assert claim("--days", "nan") == 1
    assert claim("--until", "2001-01-01") == 1
    assert claim("--until", "2100-01-01") == 1
    assert claim("--from", "2001-01-01") == 1
    assert claim("--id-number", "11010519491231002X") == 0
    assert claim("--id-number", "110105194912310021") == 1
    assert claim("--id-number", "11010519491231002X", "--birth", "1950-01-01") == 1
    assert claim("--issuer-name", "\udcff") == 1
    assert claim("--birth", "yesterday") == 2
    assert claim("--subject", "12") == 1
    assert claim("--subject", "xyz") == 2
    assert claim("--out", "pass.pdf") == 2
    assert claim("--format", "png") == 2
    assert run("issue", "--key", "issuer.pem", "--name", "").exit_code == 1


def _people(path, *rows):
    header = "name,relation,id_number,birth,subject,file"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")


def test_many_from_a_csv(here):
    people = here / "people.csv"
    _people(people, f"张三,own,11010519491231002X,,{'ab' * 16},zhang", "Li,minor,,2020-01-01,,")
    many = ("issue", "--key", "issuer.pem", "--csv", "people.csv", "--out", "made")
    good(*many)
    with (here / "made" / "issued.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["made/zhang.png", "made/pass-0003.png"]
    assert rows[0]["subject"] == "ab" * 16 and rows[0]["id_hint"] == "002X"
    assert stat.S_IMODE((here / "made" / "issued.csv").stat().st_mode) == 0o600
    for row in rows:
        assert qr.decode_picture(here / row["file"]).decode() == row["text"]
        assert answer(row["file"]) == "ACCEPTED"
    refused(3, "issued.csv", *many)
    many = (*many[:-1], "more")
    _people(people, "Li,own,,,,a", "Wu,elder,,2000-01-01,,b", "Xu,own,1,,,c")
    result = refused(1, "line 3", *many)
    assert "line 4" in result.stderr and not (here / "more").exists()
    _people(people, "Li,own,,,,../a")
    refused(3, "line 2", *many)
    for files in (("a", "a"), ("a", "A"), ("pass-0003", "")):
        _people(people, *(f"Li,own,,,,{file}" for file in files))
        refused(3, "twice", *many)
    _people(people, "Li,own")
    refused(3, "line 2", *many)
    for text in ("nom\nLi\n", "name,name\nLi,Wu\n"):
        people.write_text(text)
        refused(3, "Columns:", *many)
    people.write_bytes("name\n张\n".encode("gb18030"))
    refused(3, "--encoding gb18030", *many)
    refused(3, "not in ascii", *many, "--encoding", "ascii")
    for unknown in ("gbx", "zlib"):
        refused(2, "No encoding", *many, "--encoding", unknown)
    assert run(*many[:-2]).exit_code == 2


def test_a_csv_as_excel_in_china_saves_it(here):
    text = (
        "姓名,申领关系,身份证号,出生日期,文件名\r\n"
        "张三丰,本人,11010519491231002X,,zhang\r\n"
        "王小明,未成年人,,2020/5/1,wang\r\n"
        "\ue123秀英,老年人,,1950/12/31,rare\r\n"
    )
    (here / "people.csv").write_bytes(text.encode("gb18030"))
    many = ("issue", "--key", "issuer.pem", "--csv", "people.csv", "--out", "made")
    rows = json.loads(good(*many, "--encoding", "gb18030", "--format", "text", "--json").stdout)
    assert [row["name_hint"] for row in rows] == ["张*丰", "王*明", "\ue123*英"]
    assert [row["relation"] for row in rows] == [0, 1, 2]
    for row in rows:
        assert answer((here / row["file"]).read_text().strip()) == "ACCEPTED"
    (here / "people.csv").write_text(text, encoding="utf-8-sig")
    good(*many[:-1], "marked", "--encoding", "UTF-8", "--format", "text")
    (here / "people.csv").write_bytes("姓名,name\n张,张\n".encode("gbk"))
    refused(3, "Columns: name (姓名)", *many[:-1], "other", "--encoding", "gbk")
    (here / "people.csv").write_bytes("姓名,申领关系\n张,邻居\n".encode("gbk"))
    refused(1, "未成年人", *many[:-1], "other", "--encoding", "gbk")


def test_pictures_name_the_letters_they_lack(here, monkeypatch):
    with_chinese = here / "chinese.ttf"
    lines = "张三李四本人申领亲属代领未满周岁：有效期至（不含）及以上无法"
    with_chinese.write_bytes(font_with(set(lines)))
    one = ("issue", "--key", "issuer.pem", "--font", with_chinese, "--out", "pass.png")
    monkeypatch.setattr(lettering, "_PATHS", ())
    assert "no font" not in good(*one, "--name", "张三").stderr.lower()
    assert "U+E123" in good(*one, "--name", "\ue123张三").stderr
    no_font = ("issue", "--key", "issuer.pem", "--name", "张三", "--out", "pass.png")
    assert "No font with Chinese" in good(*no_font).stderr
    (here / "people.csv").write_text("name,file\n\ue123张三,rare\n李四,usual\n", encoding="utf-8")
    many = ("issue", "--key", "issuer.pem", "--font", with_chinese, "--csv", "people.csv")
    told = good(*many, "--out", "made").stderr
    assert "rare.png" in told and "usual.png" not in told
    refused(3, "as a font", *one[:-4], "--font", "people.csv", "--out", "pass.png", "--name", "Li")


def test_many_passes_have_a_progress_bar_on_a_terminal(here, monkeypatch):
    (here / "people.csv").write_text("name\n" + "Li\n" * 3)
    many = ("issue", "--key", "issuer.pem", "--csv", "people.csv", "--format", "text", "--json")
    assert good(*many, "--out", "quiet").stderr == ""
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take any stream for a terminal
    monkeypatch.setenv("TERM", "xterm")
    told = good(*many, "--out", "shown")
    assert "Writing passes" in told.stderr and len(json.loads(told.stdout)) == 3


def test_a_clock_that_is_certainly_wrong(here, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1335830400.0)  # a board whose clock was lost
    refused(1, "2012-05-01", "issue", "--key", "issuer.pem", "--name", "Li", "--out", "pass.txt")
    assert not (here / "pass.txt").exists()


def test_a_drawing_tells_its_holder(here):
    options = ("--relation", "elder", "--birth", "1950-01-01", "--out", "pass.svg")
    good("issue", "--key", "issuer.pem", "--name", "<A&B>", *options)
    text = (here / "pass.svg").read_text()
    assert "60 or older" in text and "60周岁" in text and "&lt;***&gt;" in text


def test_a_key_that_signs_elsewhere_verifies_here(here):
    """Any Ed25519 key in SPKI form will do."""
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (here / "other.pem").write_bytes(pem)
    made = good("trust", "add", "trust.cbor", "other.pem", "--root", "root.pem", "--json")
    shown = good("keys", "show", "other.pem", "--json")
    assert json.loads(made.stdout)["kid"] == json.loads(shown.stdout)["kid"]


def test_a_new_key_of_the_same_office_names_the_same_people(here):
    good("keys", "issuer", "next.pem")
    add = ("trust", "add", "trust.cbor", "next.pub.pem", "--root", "root.pem")
    before = json.loads(good("keys", "show", "issuer.pub.pem", "--json").stdout)["kid"]
    refused(1, "No issuer has the kid", *add, "--same-register", "00" * 8)
    refused(2, "hex", *add, "--same-register", "zz")
    kid = json.loads(good(*add, "--same-register", before, "--json").stdout)["kid"]

    def registers():
        shown = json.loads(good("trust", "show", "trust.cbor", "--json").stdout)["issuers"]
        return {one["kid"]: one["register"] for one in shown}

    assert registers()[kid] == registers()[before] == before
    # It stays so when the row is changed, and when the key before has gone.
    good(*add, "--name", "City Health")
    good("trust", "remove", "trust.cbor", before, "--root", "root.pem")
    assert registers()[kid] == before
