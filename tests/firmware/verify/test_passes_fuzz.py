"""Any bytes give a pass or a reason, never another error. Bounded, with a fixed seed."""

from signing import BASE45, base45
from vectors import pass_world
from verify import passes
from verify.errors import Refused

_HMAC_256_256 = "0a1ef22660c16c80"


class Random:
    """A linear congruential generator (ANSI C's numbers): the same on both runtimes."""

    def __init__(self, seed):
        self._state = seed

    def below(self, limit):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % limit


def unbase45(text):
    out = b""
    for at in range(0, len(text), 3):
        digits = [BASE45.index(bytes([c])) for c in text[at : at + 3]]
        value = 0
        for digit in reversed(digits):
            value = value * 45 + digit
        out += value.to_bytes(len(digits) - 1, "big")
    return out


def _start():
    """An accepted HMAC pass (for speed) as CBOR, its time, and what it is verified with."""
    vectors, trust, secrets, _ = pass_world()
    for vector in vectors:
        message = unbase45(vector["text"].encode()[4:]) if "hmac" in vector["name"] else b""
        if vector["expect"] == "ACCEPTED" and bytes.fromhex(_HMAC_256_256) in message:
            return message, vector["now"], trust, secrets
    raise AssertionError("no HMAC pass among the vectors")


def _answer(line, now, trust, secrets):
    try:
        passes.verify(line, trust, secrets, lambda kid, cti: False, now)
    except Refused as refused:
        return refused.reason
    return "ACCEPTED"


def test_changed_characters():
    message, now, trust, secrets = _start()
    random = Random(1)
    text = b"SP1:" + base45(message)
    assert _answer(text, now, trust, secrets) == "ACCEPTED"
    seen = {}
    for _ in range(400):
        broken = bytearray(text)
        at = random.below(len(broken))
        broken[at] = BASE45[random.below(45)]
        if bytes(broken) == text:
            continue
        answer = _answer(bytes(broken), now, trust, secrets)
        seen[answer] = seen.get(answer, 0) + 1
    assert "ACCEPTED" not in seen, seen
    assert seen["MALFORMED"] > 20 and seen["BAD_SIGNATURE"] > 20, seen


def test_changed_bytes_of_the_message():
    message, now, trust, secrets = _start()
    random = Random(2)
    seen = {}
    for _ in range(600):
        broken = bytearray(message)
        for _ in range(1 + random.below(3)):
            broken[random.below(len(broken))] ^= 1 + random.below(255)
        if bytes(broken) == message:
            continue
        cut = random.below(8)
        if cut == 0:
            broken = broken[: random.below(len(broken))]
        elif cut == 1:
            at = random.below(len(broken))
            broken = broken[:at] + bytearray([random.below(256)]) + broken[at:]
        answer = _answer(b"SP1:" + base45(broken), now, trust, secrets)
        seen[answer] = seen.get(answer, 0) + 1
    assert "ACCEPTED" not in seen, seen
    for reason in ("MALFORMED", "BAD_SIGNATURE", "UNKNOWN_KEY", "UNSUPPORTED"):
        assert seen.get(reason, 0) > 0, seen


def test_random_bytes():
    _, now, trust, secrets = _start()
    random = Random(3)
    for _ in range(300):
        data = bytes([random.below(256) for _ in range(random.below(120))])
        assert _answer(data, now, trust, secrets) == "MALFORMED"
        line = b"SP1:" + base45(data)
        assert _answer(line, now, trust, secrets) in ("MALFORMED", "UNSUPPORTED")


def test_extreme_lines():
    _, now, trust, secrets = _start()
    lines = (b"", b"\r\n", b"SP1:", b"SP1:\xff\xfe", b"SP1:" + b"0" * 4000, bytes(300))
    deep = [b"SP1:" + base45(byte * 300) for byte in (b"\x81", b"\xa1", b"\xd2", b"\x9f")]
    long = [b"SP1:" + base45(bytes([kind | 27]) + b"\xff" * 8) for kind in range(0, 256, 32)]
    for line in list(lines) + deep + long:
        assert _answer(line, now, trust, secrets) == "MALFORMED"
