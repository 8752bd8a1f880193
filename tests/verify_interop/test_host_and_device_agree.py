"""The host's reader and the device's are two implementations: on any input they say the same."""

import json
import random
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from vectors import pass_world
from verify import base45, cbor, cose, items, passes, revocation
from verify.errors import Malformed, Refused
from verify.trust import TrustList

from provisioning import base45 as host_base45
from provisioning import encoding, keys
from provisioning import passes as host_passes
from provisioning import revocation as host_revocation
from provisioning import signed as host_signed
from provisioning import trust as host_trust
from provisioning.errors import Malformed as HostMalformed
from provisioning.errors import Refused as HostRefused
from tests.verify_interop import pass_page

VECTORS, TRUST, SECRETS, IS_REVOKED = pass_world()
VECTOR_FILE = Path(__file__).parents[1] / "vectors" / "pass-vectors.json"
ROWS = [
    [
        bytes.fromhex(row["kid"]),
        row["alg"],
        bytes.fromhex(row["public_key"]) if "public_key" in row else None,
        row["from"],
        row["until"],
        row["max_lifetime"],
        "issuer",
    ]
    for row in json.loads(VECTOR_FILE.read_text(encoding="utf-8"))["trust"]
]
HOST_TRUST = host_trust.TrustList.from_body(ROWS)


def on_device(line, now):
    try:
        found = passes.verify(line, TRUST, SECRETS, IS_REVOKED, now)
    except Refused as refused:
        return refused.reason
    read = found.relation, found.name_hint, found.id_hint
    return bytes(found.subject), bytes(found.cti), *read


def on_host(line, now):
    try:
        found = host_passes.verify(line, HOST_TRUST, SECRETS, IS_REVOKED, now).claims
    except HostRefused as refused:
        return refused.reason
    return found.subject, found.cti, found.relation, found.name_hint, found.id_hint


def unbase45(text):
    out = bytearray(2 * len(text))
    size = base45.decode_into(out, text, 0, len(text))
    return None if size < 0 else bytes(out[:size])


def decoded(module, malformed, data, *arguments):
    """(value, its types) or None; 1 == True and 0 == False must not pass for agreement."""
    try:
        value = module.decode(data, *arguments)
    except malformed:
        return None
    return repr(value)


def is_in_place(data):
    """What the reader without a tree says of an item; what is around it must not matter."""
    if len(data) > items.MAX_BYTES - 6:
        return decoded(cbor, Malformed, data) is not None
    return items.note(b"\xa1\x00\xff" + data + b"\x00\x61\x80", 3, 3 + len(data), 1) >= 0


def changed(data, rng):
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data))
        choice = rng.randrange(5)
        if choice == 0:
            data[at] = rng.randrange(256)
        elif choice == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif choice == 2:
            data.insert(at, rng.choice(b"\x00\x18\x20\x40\x60\x80\xa0\xc0\xf4\xf6\xff\x9f\xd2"))
        elif choice == 3 and len(data) > 1:
            del data[at]
        else:
            data[at] = (data[at] + 0x20) & 0xFF  # another major type
    return bytes(data)


def random_item(rng, depth):
    kinds = ["int", "bytes", "text", "simple"] + (["array", "map"] if depth else [])
    kind = rng.choice(kinds)
    if kind == "int":
        number = rng.choice((0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1))
        return rng.choice((number, -1 - number))
    if kind == "bytes":
        return rng.randbytes(rng.choice((0, 1, 8, 23, 24, 40)))
    if kind == "text":
        return rng.choice(("", "a", "张*三", "é" * 12, "𐅑"))
    if kind == "simple":
        return rng.choice((True, False, None))
    if kind == "array":
        return [random_item(rng, depth - 1) for _ in range(rng.randrange(4))]
    keys_drawn = [rng.choice((rng.randint(-300, 300), rng.choice("abc"))) for _ in range(3)]
    return {key: random_item(rng, depth - 1) for key in keys_drawn}


def test_cbor_of_changed_items():
    rng = random.Random(1)
    kept = 0
    for _ in range(3000):
        item = random_item(rng, 7)
        data = cbor2.dumps(item)
        broken = changed(data, rng)
        for each in (data, broken):
            device = decoded(cbor, Malformed, each)
            assert device == decoded(encoding, HostMalformed, each), each.hex()
            assert is_in_place(each) == (device is not None), each.hex()
        kept += decoded(cbor, Malformed, broken) is not None
    assert 100 < kept < 2900  # both answers were tried


def test_cbor_of_every_short_input():
    for first in range(256):
        for second in range(-1, 256):
            data = bytes([first]) if second < 0 else bytes([first, second])
            device = decoded(cbor, Malformed, data)
            assert device == decoded(encoding, HostMalformed, data), data.hex()
            assert is_in_place(data) == (device is not None), data.hex()


def test_base45_of_changed_texts():
    rng = random.Random(2)
    for _ in range(3000):
        text = host_base45.encode(rng.randbytes(rng.randrange(12)))
        for _ in range(rng.randrange(3)):
            at = rng.randint(0, len(text))
            text = text[:at] + rng.choice("09AZ $%:a\x7f") + text[at + rng.randrange(2) :]
        try:
            expected = host_base45.decode(text)
        except HostMalformed:
            assert unbase45(text.encode()) is None
        else:
            assert unbase45(text.encode()) == expected


def test_every_vector():
    ends = (b"", b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r")
    for number, vector in enumerate(VECTORS):
        line = vector["text"].encode() + ends[number % len(ends)]
        assert on_device(line, vector["now"]) == on_host(line, vector["now"]), vector["name"]


def test_changed_passes():
    rng = random.Random(3)
    accepted = [each for each in VECTORS if each["expect"] == "ACCEPTED"]
    seen = {}
    for _ in range(300):
        vector = rng.choice(accepted)
        message = unbase45(vector["text"].rstrip("\r\n").encode()[4:])
        line = b"SP1:" + host_base45.encode(changed(message, rng)).encode()
        device = on_device(line, vector["now"])
        assert device == on_host(line, vector["now"]), line
        seen[device] = seen.get(device, 0) + 1
    for reason in ("MALFORMED", "UNSUPPORTED", "UNKNOWN_KEY", "BAD_SIGNATURE"):
        assert seen.get(reason, 0) > 3, seen


def test_changed_claims_that_are_signed():
    """Changes behind the signature's back: the issuer itself signs them."""
    page = pass_page.code()
    kid = next(row[0] for row in ROWS if row[1] == 5)
    rng = random.Random(4)
    seen = {}
    values = [0, 1, -1, 2**32 - 1, 2**32, True, None, "", "x" * 33, "三" * 17, b"", bytes(8)]
    values += [bytes(16), bytes(17), [], {}, 1649000000, 1649600000]
    for _ in range(1500):
        holder = list(page.claims[-65537])
        claims = {6: 1649477033, 4: 1649477033 + 86400, 7: bytes(8), -65537: holder}
        if rng.randrange(2):
            claims[rng.choice((6, 4, 5, 7, 1, 9, "x"))] = rng.choice(values)
        if rng.randrange(2):
            holder[rng.randrange(4)] = rng.choice(values)
        if not rng.randrange(5):
            claims.pop(rng.choice((6, 4, 7, -65537)), None)
        line = page.issue_hmac_by_hand(SECRETS[kid], kid, 5, claims).encode()
        now = rng.choice((None, 1649477033 - 301, 1649477033 - 300, 1649477033 + 86400, 1649500000))
        device = on_device(line, now)
        assert device == on_host(line, now), claims
        seen[device if isinstance(device, str) else "ACCEPTED"] = True
    assert {"ACCEPTED", "MALFORMED", "CLOCK_UNSET", "NOT_YET", "EXPIRED", "LIFETIME"} <= set(seen)


def test_signed_objects_of_the_host():
    root = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x09")
    public = keys.raw_public(root)
    data = host_signed.seal(root, host_trust.TYP, 7, 1650000000, HOST_TRUST.body())
    sequence, signed_at, body = cose.open_signed(data, public, host_trust.TYP)
    assert (sequence, signed_at) == (7, 1650000000)
    for issuer in HOST_TRUST.issuers:
        found = TrustList.from_body(body).find(issuer.kid)
        told = [found.kid, found.alg, found.key, found.valid_from, found.valid_until]
        told += [found.max_lifetime, issuer.name]
        assert told == issuer.row()[:7] and found.register == (issuer.register or issuer.kid)
    rng = random.Random(5)
    for _ in range(60):
        broken = changed(data, rng)
        if broken == data:
            continue
        answers = []
        for module, errors in ((cose, (Malformed, Refused)), (host_signed, None)):
            errors = errors or (HostMalformed, HostRefused)
            arguments = (public, host_trust.TYP) if module is cose else (host_trust.TYP, public)
            with pytest.raises(errors) as raised:
                module.open_signed(broken, *arguments)
            answers.append(getattr(raised.value, "reason", "MALFORMED"))
        assert answers[0] == answers[1], broken.hex()


def test_revocation_table_of_the_host():
    pairs = [(bytes([n] * 8), bytes([n] * (8 + n % 9))) for n in range(200)]
    table = host_revocation.RevocationList(
        frozenset(host_revocation.entry(*pair) for pair in pairs)
    ).table()

    def read(offset, buffer):
        buffer[:] = table[offset : offset + len(buffer)]

    for kid, cti in pairs:
        assert revocation.is_listed(read, 200, revocation.entry(kid, cti))
        assert not revocation.is_listed(read, 200, revocation.entry(kid, cti + b"\0"))
