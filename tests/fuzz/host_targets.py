"""The host's decoders: of files, of passes, of what a device sends."""

import hashlib
import itertools
import json
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools import frames, replies, terminal
from host_tools.journal import image, records, statement
from host_tools.journal.opening import Opener
from host_tools.journal.records import RecordError
from host_tools.journal.statement import Statement, StatementError
from host_tools.people import read_people
from host_tools.vectors import VectorFile
from provisioning import base45, cose, encoding, keys, operators, passes, qr, sealing, signed
from provisioning.build.name_map import NameMap
from provisioning.collection import CollectionList, row_of
from provisioning.errors import FileProblem, Malformed, Mistyped, Problem, Refused
from provisioning.revocation import RevocationList, entry
from provisioning.settings import Settings
from provisioning.trust import Issuer, TrustList
from tests.fuzz.fuzzing import Target, with_crc
from tests.host_tools.hostile_device import IDENTITY, STATUS
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed

VECTOR_FILE = Path(__file__).parents[1] / "vectors" / "pass-vectors.json"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x05")
PUBLIC = keys.raw_public(KEY)
NONCE = bytes(16)
ANY = 1 << 62  # a sequence number that no record has
KINDS = {
    "trust": TrustList.from_body,
    "collection": CollectionList.from_body,
    "settings": Settings.from_body,
}


def _bodies():
    yield "trust", TrustList((Issuer(cose.kid_of(PUBLIC), -8, PUBLIC, 0, 1 << 31),)).body()
    yield "collection", CollectionList((row_of(bytes(31) + b"\x09", NOON, "lab"),)).body()
    yield "settings", Settings(site="Gate 3").body()


def _list_of(data):
    body = encoding.decode(data)
    refused = 0
    for read in KINDS.values():
        try:
            read(body)
        except Malformed:
            refused += 1
    if refused == len(KINDS):
        raise Malformed("none of them")


def _table(data):
    RevocationList.from_parts([len(data) // 12, hashlib.sha256(data).digest()], data)


def _signed_object(data):
    for typ in ("application/scanpost-trust+cbor", "application/scanpost-settings+cbor"):
        try:
            return signed.open_signed(data, typ, None)
        except Refused:
            continue
    return operators.open_credential(data, None)


def _pass(data):
    passes.read(data)


def _pass_of_bytes(data):
    passes.read("SP1:" + base45.encode(data))


def _cose(data):
    message = cose.Message.parse(data)
    message.header()


def _reply(data):
    _, _, _, result = replies.read_reply(encoding.decode(data))
    taken = 0
    for operation in replies.READERS:
        try:
            taken += replies.read_result(operation, result) is not result
        except Malformed:
            continue
    replies.read_detail(result)


def _frames(data):
    splitter = frames.Splitter()
    for start in range(0, len(data), 50):
        list(splitter.feed(data[start : start + 50]))
    assert len(splitter.all_noise()) <= frames.MAX_FRAME_BYTES


def _statement(data):
    header = {cose.LABEL_ALG: cose.ALG_EDDSA, cose.LABEL_TYP: statement.TYP}
    raw = cose.sign1(header, data, KEY)
    statement.verify(raw, PUBLIC, Statement(DEVICE, NONCE, 1, 9, None, 0))


def _sealing_key(data):
    header = {cose.LABEL_ALG: cose.ALG_EDDSA, cose.LABEL_TYP: sealing.SEALING_KEY_TYP}
    sealing.open_sealing_key(cose.sign1(header, data, KEY), DEVICE, PUBLIC)


class _Journal:
    """A shift as a device wrote it, opened with one record changed."""

    def __init__(self):
        self.sealed = Sealed(4)
        self.sealed.shift()
        self.raws = self.sealed.raws()
        self.image = b"".join(bytes(sector) for sector in self.sealed.flash.cells)
        self._turns = itertools.count()

    def record(self, data):
        record = records.parse(with_crc(data[:192]) if len(data) > 4 else data)
        for kind in records.TYPE_NAMES:
            try:
                records.content(kind, record.clear, record.sealed)
            except RecordError:
                continue
        records.clear_content(record)

    def opening(self, data):
        opener = Opener(DEVICE, self.sealed.identity.public_key, self.sealed.keys)
        at = next(self._turns) % len(self.raws)
        changed = with_crc(data[:192]) if len(data) > 4 else data
        for raw in (*self.raws[:at], changed, *self.raws[at:]):
            opener.take(records.parse(raw))

    def whole_image(self, data):
        found = image.read(data)
        opened = image.open_records(
            found, DEVICE, self.sealed.identity.public_key, self.sealed.keys
        )
        image.damaged_sectors(found, opened)


class _Files:
    """Readers that take a path."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="scanpost-fuzz-"))
        self.path = self.folder / "file"
        self.path.touch(mode=0o600)

    def of(self, read):
        def act(data):
            self.path.write_bytes(data)
            read(self.path)

        return act


def _no_passphrase(path):
    raise FileProblem("no passphrase")


def _vectors(path):
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FileProblem("no JSON") from error
    VectorFile.from_json(data)


def _names(path):
    known = NameMap.load(path)
    known.readable('  File "a.mpy", line 1, in x\n  File "/a.mpy", in y\nx: no\n')


def _printed(data):
    text = data.decode("utf-8", "replace")
    for shown in (terminal.printable(text), terminal.json_text(text, indent=2)):
        assert all(map(terminal.is_harmless, shown.replace("\n", "")))


def targets():
    """By name."""
    journal, files = _Journal(), _Files()
    keys.create_key(files.folder / "a.pem")
    keys.create_collection_key(files.folder / "b.pem", b"passphrase")
    keys.create_secret(files.folder / "c.json", 5)
    pem = [path.read_bytes() for path in sorted(files.folder.glob("*.pem"))]
    secret = [(files.folder / "c.json").read_bytes()]
    vectors = json.loads(VECTOR_FILE.read_bytes())
    texts = [vector["text"].encode() for vector in vectors["vectors"][:60]]
    raw_passes = [_decoded(text) for text in texts]
    bodies = [encoding.encode(body) for _, body in _bodies()]
    objects = [
        signed.seal(KEY, f"application/scanpost-{kind}+cbor", 1, NOON, body)
        for kind, body in _bodies()
    ]
    objects.append(operators.issue_credential(KEY, PUBLIC, "Li", ("clock",), NOON, NOON + 9))
    results = (IDENTITY, STATUS, 7, b"x" * 8, [9, [b"x" * 40, b"y"]], None)
    answers = [encoding.encode([1, 9, "OK", result]) for result in results]
    framed = [b"".join(frames.encode(answer) for answer in answers) + b"ets Jul 29\r\n"]
    said = encoding.encode([DEVICE, NONCE, 1, 9, bytes(24), NOON])
    small = {**vectors, "vectors": vectors["vectors"][:3]}
    names = {"files": {"a.mpy": [["a.py", 1]]}, "functions": {"a.mpy": {"x": [["a.py", "f", 3]]}}}
    names["names"] = {"x": "f"}
    people = "name,relation,id_number,birth,subject,file\n张三丰,own,,1960-05-17,,a\n".encode()
    problem = (FileProblem, Mistyped, Problem)
    refused = (Malformed, Refused)
    table = b"".join(sorted(entry(bytes(8), bytes([number] * 8)) for number in range(4)))
    text = [bytes(range(256)), "张\u202e\x1b[2J\x9b\U000e0041".encode()]
    return {
        "cbor": Target(encoding.decode, (Malformed,), [*bodies, *answers, said], 240),
        "tagged cbor": Target(encoding.decode_tagged, (Malformed,), objects, 60),
        "cose": Target(_cose, (Malformed,), [*objects, *filter(None, raw_passes)], 100),
        "pass": Target(_pass, refused, texts, 120),
        "pass behind base45": Target(_pass_of_bytes, refused, list(filter(None, raw_passes)), 120),
        "lists": Target(_list_of, (Malformed,), bodies, 120),
        "revocation table": Target(_table, (Malformed,), [table], 20),
        "signed objects": Target(_signed_object, refused, objects, 90),
        "replies": Target(_reply, (Malformed,), answers, 120),
        "frames": Target(_frames, (), framed, 40),
        "statement": Target(_statement, (StatementError,), [said], 30),
        "sealing key": Target(_sealing_key, (Problem,), [encoding.encode([DEVICE, bytes(32)])], 20),
        "record": Target(journal.record, (RecordError,), journal.raws, 120),
        "opening": Target(journal.opening, (RecordError,), journal.raws, 8),
        "image": Target(journal.whole_image, (), [journal.image], 1),
        "private key": Target(
            files.of(lambda path: keys.load_private(path, _no_passphrase)), problem, pem, 10
        ),
        "public key": Target(files.of(keys.load_public), problem, pem, 10),
        "secret": Target(files.of(keys.load_secret), problem, secret, 20),
        "people": Target(files.of(read_people), problem, [people], 30),
        "vectors": Target(files.of(_vectors), problem, [json.dumps(small).encode()], 4),
        "names": Target(files.of(_names), problem, [json.dumps(names).encode()], 10),
        "picture": Target(files.of(qr.decode_picture), problem, [_picture(texts[0])], 1),
        "terminal": Target(_printed, (), text, 20),
    }


def _decoded(text):
    try:
        return base45.decode(text.decode("ascii").removeprefix("SP1:"))
    except ValueError:
        return b""


def _picture(text):
    return qr.png(text.decode(), [], None)
