"""Operators' credentials and commands: who may do what, when, and how often."""

import time

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from crypto import signing
from link.allowance import Allowance
from link.commands import CLOCK, COLLECT, Commands
from signing import sign1
from verify import cbor, cose
from verify.errors import Refused

ROOT_SEED = b"\x01" * 32
SEED = b"\x02" * 32
OTHER_SEED = b"\x03" * 32
ROOT = signing.public_key(ROOT_SEED)
KEY = signing.public_key(SEED)
DEVICE = b"DEVICE01"
NOW = 1700000000
CREDENTIAL = "application/scanpost-operator+cwt"
COMMAND = "application/scanpost-command+cbor"


class Identity:
    root = ROOT
    device_id = DEVICE


class Held:
    identity = Identity()
    newest_signed_at = NOW - 1000
    revoked = ()

    def is_revoked(self, kid, cti):
        assert kid == cose.kid_of(ROOT)
        return cti in self.revoked


class Clock:
    unix_s = NOW
    recorded = 0  # the minute of the journal's newest record

    def now(self):
        return self.unix_s


def _claims(**changed):
    claims = {
        "sub": "Li",
        "exp": NOW + 3600,
        "iat": NOW - 5,
        "cti": b"cti-0001",
        "cnf": {1: {1: 1, -1: 6, -2: KEY}},
        "scope": "collect clock",
    }
    claims.update(changed)
    labels = {"sub": 2, "exp": 4, "iat": 6, "cti": 7, "cnf": 8, "scope": 9}
    return {labels[name]: claims[name] for name in claims if claims[name] is not None}


def _credential(seed=ROOT_SEED, typ=CREDENTIAL, **changed):
    header = {1: -8, 4: cose.kid_of(signing.public_key(seed)), 16: typ}
    return sign1(seed, header, cbor.encode(_claims(**changed)))


def _command(nonce, operation="add", arguments=(1, 2), seed=SEED, device=DEVICE, typ=COMMAND):
    header = {1: -8, 4: cose.kid_of(signing.public_key(seed)), 16: typ}
    return sign1(seed, header, cbor.encode([device, nonce, operation, list(arguments)]))


def _setup():
    held, clock = Held(), Clock()
    counter = [0]

    def random(count):
        counter[0] += 1
        return bytes((counter[0],)) * count

    done = []

    def add(operator, arguments):
        done.append((operator.name, arguments))
        return sum(arguments)

    actions = {"add": (COLLECT, add), "set_clock": (CLOCK, add)}
    commands = Commands(held, clock, lambda: clock.recorded, random, Allowance(), actions)
    return held, clock, commands, done


def _code(call, *arguments):
    try:
        call(*arguments)
    except Refused as refused:
        return refused.reason
    return None


def test_a_signed_command_is_carried_out_once():
    _, _, commands, done = _setup()
    assert commands.present(_credential()) == cose.kid_of(KEY)
    nonce = commands.challenge()
    command = _command(nonce)
    assert commands.execute(command) == 3
    assert _code(commands.execute, command) == "NO_CHALLENGE"
    commands.challenge()
    assert _code(commands.execute, command) == "NO_CHALLENGE"
    assert done == [("Li", [1, 2])]


def test_credentials_that_are_not_taken():
    _, _, commands, _ = _setup()
    key = {1: 1, -1: 6, -2: KEY}
    for data, code in (
        (_credential(OTHER_SEED), "UNKNOWN_KEY"),
        (_credential(typ=COMMAND), "WRONG_TYPE"),
        (_credential()[:-1] + b"\x00", "BAD_SIGNATURE"),
        (b"junk", "MALFORMED"),
        (_credential(sub=None), "MALFORMED"),
        (_credential(exp=True), "MALFORMED"),
        (_credential(cti=b"short"), "MALFORMED"),
        (_credential(cnf={1: {1: 1, -1: 4, -2: KEY}}), "MALFORMED"),
        (_credential(cnf={3: b"kid"}), "MALFORMED"),
        (_credential(cnf={1: dict(key, **{})}, scope=7), "MALFORMED"),
        (_credential(cnf={1: {1: 1, -1: 6, -2: bytes(32)}}), "UNKNOWN_KEY"),
    ):
        assert _code(commands.present, data) == code, code
        commands.challenge()
        assert _code(commands.execute, _command(b"\x01" * 16)) == "NO_OPERATOR"


def test_commands_that_are_not_carried_out():
    _, _, commands, done = _setup()
    commands.present(_credential(scope="collect"))
    for changed, code in (
        ({"seed": OTHER_SEED}, "UNKNOWN_KEY"),
        ({"device": b"DEVICE02"}, "WRONG_DEVICE"),
        ({"typ": CREDENTIAL}, "WRONG_TYPE"),
        ({"operation": "erase"}, "UNKNOWN_OP"),
        ({"operation": "set_clock", "arguments": (NOW,)}, "ROLE"),
        ({"nonce": b"\x00" * 16}, "NO_CHALLENGE"),
    ):
        arguments = {"nonce": commands.challenge()}
        arguments.update(changed)
        assert _code(commands.execute, _command(**arguments)) == code, code
    nonce = commands.challenge()
    assert _code(commands.execute, _command(nonce)[:-1]) == "MALFORMED"
    # A nonce is used up by whatever was made of it.
    assert _code(commands.execute, _command(nonce)) == "NO_CHALLENGE"
    assert done == []


def test_a_nonce_dies_after_a_minute():
    _, _, commands, done = _setup()
    commands.present(_credential())
    nonce = commands.challenge()
    commands._nonce_ms = time.ticks_add(commands._nonce_ms, -60000)
    assert _code(commands.execute, _command(nonce)) == "NO_CHALLENGE"
    assert done == []


def test_expiry_is_judged_at_the_clock_and_never_before_what_the_root_signed():
    _, clock, commands, _ = _setup()

    def outcome(expires_at, operation="add", arguments=(1,)):
        commands.present(_credential(exp=expires_at))
        command = _command(commands.challenge(), operation, arguments)
        return _code(commands.execute, command)

    assert outcome(NOW + 1) is None
    assert outcome(NOW) == "EXPIRED"
    clock.unix_s = NOW - 100000  # set back
    assert outcome(NOW - 1000) == "EXPIRED"
    assert outcome(NOW - 999) is None
    clock.unix_s = None
    assert outcome(NOW - 1000) == "EXPIRED"
    assert outcome(NOW - 999) is None
    # Where it is not set, the journal knows of a later time.
    clock.recorded = NOW // 60
    assert outcome(NOW // 60 * 60) == "EXPIRED"
    assert outcome(NOW // 60 * 60 + 1) is None
    # Never at the time that a command brings, also where that is the clock's own.
    clock.unix_s = NOW + 9 * 86400
    assert outcome(NOW + 3600, "set_clock", (NOW,)) == "EXPIRED"
    clock.unix_s = NOW
    assert outcome(NOW + 50, "set_clock", (NOW + 50,)) is None


def test_the_root_needs_no_credential_and_never_expires():
    _, clock, commands, done = _setup()
    clock.unix_s = NOW + 10 * 365 * 86400
    command = _command(commands.challenge(), "set_clock", (NOW,), seed=ROOT_SEED)
    assert commands.execute(command) == NOW
    assert _code(commands.execute, command) == "NO_CHALLENGE"
    forged = bytearray(_command(commands.challenge(), seed=ROOT_SEED))
    forged[-1] ^= 1
    assert _code(commands.execute, bytes(forged)) == "BAD_SIGNATURE"
    assert done == [("root", [NOW])]


def test_commands_are_limited_in_rate():
    _, _, commands, done = _setup()
    commands.present(_credential())
    for _ in range(20):
        assert commands.execute(_command(commands.challenge())) == 3
    assert _code(commands.execute, _command(commands.challenge())) == "TOO_OFTEN"
    # What is refused before uses none of it up.
    assert _code(commands.execute, _command(commands.challenge(), "erase")) == "UNKNOWN_OP"
    allowance = commands._allowance
    allowance._since_ms = time.ticks_add(allowance._since_ms, -241000)
    for code in (None, None, "TOO_OFTEN"):
        assert _code(commands.execute, _command(commands.challenge())) == code
    assert len(done) == 22


def test_a_revoked_operator_does_nothing_more():
    held, _, commands, done = _setup()
    commands.present(_credential())
    command = _command(commands.challenge())
    held.revoked = (b"cti-0001",)
    assert _code(commands.execute, command) == "REVOKED"
    assert _code(commands.present, _credential()) == "REVOKED"
    assert done == []
