"""The machine code of the .mpy for the ESP32-C3, run in an emulator and compared with Python."""

import hashlib
import random
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tools.curve25519 import programs, tables
from tools.rv32.measure import FIRMWARE, Table, measure
from tools.rv32.vm import Vm

P, L = tables.P, tables.L
RANDOM = random.Random(25519)
MOST = [8191, 8191, 8195] + [8191] * 17  # the bounds that tests/curve25519/test_bounds.py proves


@pytest.fixture(scope="module")
def vm():
    return Vm(FIRMWARE)


def value(limbs):
    return sum(limb << 13 * i for i, limb in enumerate(limbs))


def operands():
    """Extreme limbs, in all combinations, and random ones."""
    extremes = [[0] * 20, MOST, [1] + [0] * 19, [0] * 19 + [8191], [8191, 0] * 10, [0, 8191] * 10]
    extremes.append([P - 1 >> 13 * i & 8191 for i in range(20)])
    pairs = [(a, b) for a in extremes for b in extremes]
    for _ in range(60):
        pairs.append(tuple([RANDOM.randint(0, most) for most in MOST] for _ in range(2)))
    return pairs


def run(vm, code, slots, q=0):
    """The slots after a program without a routine."""
    words = bytearray(b"".join(struct.pack("<20i", *slot) for slot in slots))
    program = bytes((0, 0)) + bytes(code) + bytes(2)
    script = struct.pack("<4H", 2, q, 0, 0)
    vm.load("crypto.field").run(0, words, program, script)
    after = struct.unpack(f"<{20 * len(slots)}i", words)
    return [list(after[20 * i : 20 * i + 20]) for i in range(len(slots))]


SIGNED = {
    # what B becomes before it is multiplied, and its value
    "LOAD": (lambda a, b: (programs.LOAD, 2), lambda a, b: b),
    "RSUB": (lambda a, b: (programs.LOAD, 1, programs.RSUB, 2), lambda a, b: b - a),
}


@pytest.mark.parametrize("name", SIGNED)
def test_products(vm, name):
    code, meaning = SIGNED[name]
    for a, b in operands():
        slots = run(vm, (*code(a, b), programs.MUL, 1, 3), [[0] * 20, a, b, [0] * 20])
        assert value(slots[3]) % P == value(a) * meaning(value(a), value(b)) % P
        assert all(0 <= limb <= most for limb, most in zip(slots[3], MOST, strict=True))


def test_sums_and_squares(vm):
    for a, b in operands():
        empty = [0] * 20
        code = (programs.LOAD, 1, programs.SUM, 2, 3, programs.RSUB, 2, programs.SUM, 0, 4)
        code += (programs.LOAD, 2, programs.SCALE, 1, 5, programs.SQUARE, 1, 6, 1)
        slots = run(vm, code, [empty, a, b, empty, empty, empty, empty])
        wanted = [value(a) + value(b), value(b) - value(a), 121665 * value(a) + value(b)]
        for slot, number in zip(slots[3:], [*wanted, value(a) ** 2], strict=True):
            assert value(slot) % P == number % P
            assert all(0 <= limb <= most for limb, most in zip(slot, MOST, strict=True))


def test_repeated_squares_and_swaps(vm):
    a, b = operands()[-1]
    for count in (1, 2, 3, 10):
        slots = run(vm, (programs.SQUARE, 1, 2, count), [[0] * 20, a, [0] * 20])
        assert value(slots[2]) % P == pow(value(a), 2**count, P)
    for q in (0, 1):
        slots = run(vm, (programs.SWAP, 0), [a, b, b, b], q)
        assert slots == ([b, b, a, b] if q else [a, b, b, b])


def test_freeze_pack_unpack(vm):
    limbs = vm.load("crypto.limbs")
    numbers = [0, 1, P - 1, P, P + 1, 2 * P, 2**255 - 1, 2**255, 2**256 - 1, value(MOST)]
    for number in numbers + [RANDOM.getrandbits(260) for _ in range(50)]:
        parts = [number >> 13 * i & 8191 for i in range(20)] if number < 2**260 else MOST
        words = bytearray(struct.pack("<20i", *parts))
        limbs.freeze(words, 0)
        out = bytearray(32)
        limbs.pack(words, 0, out)
        assert int.from_bytes(out, "little") == number % P
        again = bytearray(80)
        limbs.unpack(again, 0, out, 32)
        assert value(struct.unpack("<20i", again)) == number % P


def test_scalars(vm):
    scalars = vm.load("crypto.scalars")
    out = bytearray(32)
    extremes = [0, 1, L - 1, L, L + 1, 2 * L, 2**252, 2**256 - 1, 2**512 - 1, (2**512 - 1) // L * L]
    for number in extremes + [RANDOM.getrandbits(512) for _ in range(50)]:
        scalars.reduce(number.to_bytes(64, "little"), out)
        assert int.from_bytes(out, "little") == number % L
        scalars.make_odd(out)
        odd = int.from_bytes(out, "little")
        assert odd & 1 and odd % L == number % L and odd < 2 * L
        a, b, c = number % 2**256, 2**256 - 1 - number % L, number >> 256
        scalars.multiply_add(*(x.to_bytes(32, "little") for x in (a, b, c)), out)
        assert int.from_bytes(out, "little") == (a * b + c) % L


def test_euclid(vm):
    euclid = vm.load("crypto.euclid")
    u, v = bytearray(32), bytearray(32)
    extremes = [1, 2, 3, L - 1, L - 2, L // 2, L // 3, 2**126, 2**130 - 1, 2**252]
    # quotients that are too large for one turn, and remainders that end in zeros
    extremes += [8 * L // (2**64 + 1), 8 * L // 2**100, 5 << 200, 2**252 - 2**150]
    for k in extremes + [RANDOM.randrange(1, L) for _ in range(100)]:
        sign = euclid.halve(k.to_bytes(32, "little"), u, v)
        short, odd = int.from_bytes(u, "little"), int.from_bytes(v, "little")
        assert odd & 1 and 0 < odd < 2**256
        if sign:
            assert (short - sign * odd * k) % (8 * L) == 0
            assert short < 2**144 and odd < 2**144
        number = k % (P - 1) + 1
        words = bytearray(struct.pack("<20i", *(number >> 13 * i & 8191 for i in range(20))) * 2)
        sign = -1 if euclid.invert(words, 0, 20) else 1
        inverse = struct.unpack("<20i", words[80:])
        assert sign * value(inverse) * number % P == 1
        assert value(inverse) < P and all(0 <= limb <= 8191 for limb in inverse)


def test_sha512(vm):
    sha512 = vm.load("crypto.sha512").sha512
    for size in [*range(0, 260, 7), 111, 112, 127, 128, 239, 240, 1000]:
        for data in (RANDOM.randbytes(size), b"\xff" * size):
            assert sha512(data[:50], data[50:]) == hashlib.sha512(data).digest()


def test_signatures(vm):
    """All of it, bytecode too: keys and messages at random, good and with one bit turned."""
    ed25519, signing = vm.load("crypto.ed25519"), vm.load("crypto.signing")
    for size in (0, 1, 64, 145, 300):
        seed, message = RANDOM.randbytes(32), RANDOM.randbytes(size)
        key = Ed25519PrivateKey.from_private_bytes(seed)
        public, signature = key.public_key().public_bytes_raw(), key.sign(message)
        table = Table()
        assert vm.load("crypto.preparation").prepare(public, table.write)
        assert signing.public_key(seed) == public
        assert signing.sign(seed, message) == signature
        assert ed25519.verify(public, message, signature)
        assert ed25519.verify(public, message, signature, table)
        wrong = bytearray(signature)
        wrong[RANDOM.randrange(64)] ^= 1 << RANDOM.randrange(8)
        assert not ed25519.verify(public, message, bytes(wrong))
        assert not ed25519.verify(public, message, bytes(wrong), table)


def test_x25519(vm):
    x25519 = vm.load("crypto.x25519").x25519
    # RFC 7748 section 5.2
    k = bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
    u = bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
    wanted = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    assert x25519(k, u).hex() == wanted
    for number in (0, 1, P - 1, P, P + 1, 2**255 - 1):
        result = x25519(k, number.to_bytes(32, "little"))
        assert (result == bytes(32)) == (number % P in (0, 1, P - 1))


SECRETS = [bytes(32), b"\xff" * 32, bytes(range(32)), hashlib.sha256(b"another").digest()]


@pytest.mark.parametrize("what", ["sign", "public_key", "x25519"])
def test_secrets_do_not_show_in_the_path(vm, what):
    """The same instructions and the same addresses, in the same order, whatever the secret."""
    vm.load("crypto.signing")
    if what == "sign":
        # what is hashed of the message is secret too, but not how long it is
        public = b"\x58" + b"\x66" * 31
        operation = vm.load("crypto.signing").sign
        calls = [(secret, b"message", public) for secret in SECRETS]
    elif what == "public_key":
        operation = vm.load("crypto.signing").public_key
        calls = [(secret,) for secret in SECRETS]
    else:
        operation = vm.load("crypto.x25519").x25519
        calls = [(secret, b"\x09" + bytes(31)) for secret in SECRETS]
    operation(*calls[0])  # rows are read for the first time
    seen = set()
    for arguments in calls:
        vm.machine.trace(memory=True)
        vm.reset()
        operation(*arguments)
        counted = (vm.machine.instructions, vm.bytecodes, vm.calls, vm.helpers)
        seen.add((vm.machine.traced(), counted))
    assert len(seen) == 1


def test_a_path_that_depends_on_data_is_noticed(vm):
    signature = Ed25519PrivateKey.from_private_bytes(bytes(32)).sign(b"")
    seen = set()
    for other in (signature, signature[:32] + bytes(32)):
        vm.machine.trace(memory=True)
        vm.load("crypto.ed25519").verify(b"\x58" + b"\x66" * 31, b"", other)
        seen.add(vm.machine.traced())
    assert len(seen) == 2


def test_cost():
    limits = {
        "verify": 9_600_000,
        "verify_prepared": 3_750_000,
        "sign": 7_600_000,
        "x25519": 11_200_000,
        "sha512_block": 160_000,
    }
    for name, count in measure().items():
        assert limits[name] // 2 < count < limits[name], name
