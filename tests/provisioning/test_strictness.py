"""Where the libraries are lax, and agreement with the device's own decoders on any bytes."""

import random

import pytest
from crypto import ed25519 as device_ed25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from verify import base45 as device_base45
from verify import cbor as device_cbor
from verify import cose as device_cose
from verify import passes as device_passes
from verify.errors import Malformed as DeviceMalformed
from verify.errors import Refused as DeviceRefused
from verify.trust import TrustList as DeviceTrust

from provisioning import base45, cose, encoding, key_checks, passes
from provisioning.cose import Message
from provisioning.errors import Malformed, Refused


@pytest.mark.parametrize(
    "text",
    [
        "a10101ff",  # bytes after it
        "a201010102",  # a key twice
        "1801",  # long form
        "9f01ff",  # indefinite
        "a1410101",  # bytes as a key
        "a1f501",  # true as a key
        "a1800101",  # an array as a key
        "f93c00",  # a float
        "f7",  # undefined
        "e0",  # a simple value
        "c24101",  # bignum tags
        "c2490100000000000000ff",
        "c11a514b67b0",  # a date
        "c0740000",
        "d9d9f700",  # self-described
        "d81c8101",  # shared
        "d90102820102",  # a set
        "c4821b7fffffffffffffff01",  # a decimal fraction with a huge exponent
        "c5821b7fffffffffffffff01",
        "d9d9d1d864a2cbf4d7824461626364a0d7d82580d836d8235f4161ff",  # a tag as a key, holding it
        "62c328",  # not UTF-8
        "818181818181" + "80",  # seven deep
        "",
    ],
)
def test_what_cbor2_would_take(text):
    with pytest.raises(Malformed):
        encoding.decode(bytes.fromhex(text))
    with pytest.raises(DeviceMalformed):
        device_cbor.decode(bytes.fromhex(text))


@pytest.mark.parametrize("text", ["3bffffffffffffffff", "1bffffffffffffffff", "818181818180"])
def test_what_is_right(text):
    assert encoding.decode(bytes.fromhex(text)) == device_cbor.decode(bytes.fromhex(text))


def _host(data):
    try:
        return encoding.decode(data)
    except Malformed:
        return Malformed


def _device(data):
    try:
        return device_cbor.decode(data)
    except DeviceMalformed:
        return Malformed


_HEADS = [0x00, 0x17, 0x18, 0x20, 0x38, 0x41, 0x61, 0x80, 0x81, 0x82, 0xA0, 0xA1, 0xF4, 0xF6, 0xC2]


def test_both_decoders_agree_on_noise():
    chance = random.Random(45)
    taken = 0
    for _ in range(20_000):
        size = chance.randrange(1, 12)
        data = bytes(
            chance.choice(_HEADS) if chance.random() < 0.8 else chance.randrange(256)
            for _ in range(size)
        )
        host, device = _host(data), _device(data)
        assert host == device and type(host) is type(device), data.hex()
        taken += host is not Malformed
    assert taken > 500


@pytest.mark.parametrize(
    "head", ["d2", "d1", "c0", "c2", "c4", "d812", "d83d", "d862", "d9d9f7", "db" + "ff" * 8, "dc"]
)
def test_both_take_any_tag_alike(head):
    data = bytes.fromhex(head) + bytes.fromhex("8441a0a041a040")
    try:
        host = Message.parse(data).tag
    except Malformed:
        host = None
    try:
        device = device_cose.Message(data).tag
    except DeviceMalformed:
        device = None
    assert host == device


def test_base45():
    # RFC 9285 section 4.3
    assert base45.encode(b"AB") == "BB8"
    assert base45.encode(b"Hello!!") == "%69 VD92EX0"
    assert base45.encode(b"base-45") == "UJCLQE7W581"
    assert base45.decode("QED8WEX0") == b"ietf!"
    for size in range(40):
        data = bytes(range(200, 200 + size))
        assert base45.decode(base45.encode(data)) == data
        out = bytearray(64)
        text = base45.encode(data).encode()
        assert device_base45.decode_into(out, text, 0, len(text)) == size
        assert out[:size] == data
    for text in ("GGW", "::", "A", "ab8", "BB8A", "ÄB8"):
        with pytest.raises(Malformed):
            base45.decode(text)


def test_a_base45_text_never_ends_in_a_space():
    ends = {base45.encode(pair.to_bytes(2, "big"))[-1] for pair in range(1 << 16)}
    ends |= {base45.encode(bytes([byte]))[-1] for byte in range(256)}
    assert "0" in ends and " " not in ends


def test_the_precise_name_of_ed25519_is_unsupported():
    """RFC 9864's -19; docs/pass.md says so, for some newer libraries write it."""
    header = {cose.LABEL_ALG: -19, cose.LABEL_KID: bytes(8)}
    message = cose.sign1(header, encoding.encode({}), Ed25519PrivateKey.generate())
    text = passes.PREFIX + base45.encode(message)
    with pytest.raises(Refused) as host:
        passes.read(text)
    with pytest.raises(DeviceRefused) as device:
        device_passes.verify(text.encode(), DeviceTrust.from_body([]), {}, None, None)
    assert host.value.reason == device.value.reason == "UNSUPPORTED"


def test_keys_both_take_and_refuse():
    p = key_checks.P
    chance = random.Random(25519)
    numbers = [*range(20), p - 1, p, p + 1, p + 18, 2**255 - 1]
    numbers += [n | 1 << 255 for n in numbers] + [chance.getrandbits(256) for _ in range(20)]
    for text in ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",):
        numbers.append(int.from_bytes(bytes.fromhex(text), "little"))
        numbers.append(p - numbers[-1])
    answers = set()
    for number in numbers:
        key = number.to_bytes(32, "little")
        answer = device_ed25519.is_acceptable_key(key)
        assert key_checks.is_acceptable_key(key) == answer, key.hex()
        answers.add(answer)
    assert answers == {True, False}
