"""Edge cases of Ed25519's verification, with the answer and the reason: tests/vectors/ holds them.

    python -m tests.curve25519.edge_cases

They are made with plain integers from the equations, not with the firmware's code.
"""

import hashlib
import json
from pathlib import Path

from tools.curve25519.tables import BASE, BASE_X, BASE_Y, D, L, P, add, encode, negative

TARGET = Path(__file__).parents[1] / "vectors" / "ed25519-edge-cases.json"
MESSAGE = b"an edge case"
IDENTITY = (0, 1)


def multiply(k, p):
    total = IDENTITY
    while k:
        if k & 1:
            total = add(total, p)
        p = add(p, p)
        k >>= 1
    return total


def small_order_points():
    """The eight points whose order divides 8: multiples of one of order 8."""
    y = 2
    while True:
        u = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(u, (P + 3) // 8, P)
        if x * x % P != u:
            x = x * pow(2, (P - 1) // 4, P) % P
        if x * x % P == u:
            point = multiply(L, (x, y))
            if multiply(4, point) != IDENTITY:
                return [multiply(i, point) for i in range(8)]
        y += 1


SMALL = small_order_points()


def scalar_of(seed):
    h = hashlib.sha512(seed).digest()
    return int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | 1 << 254, h[32:]


def digest(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


SEED = bytes(range(32))
SECRET, PREFIX = scalar_of(SEED)
KEY = multiply(SECRET, BASE)


def signed(key, extra_r=IDENTITY, s_plus=0, encoded_key=None, encoded_r=None, r=None):
    """A signature by SECRET, but with another encoding of the key, or R moved by a point."""
    r = digest(PREFIX, MESSAGE) if r is None else r
    encoded_r = encoded_r or encode(add(multiply(r, BASE), extra_r))
    k = digest(encoded_r, encoded_key or encode(key), MESSAGE)
    s = (r + k * SECRET) % L
    return encoded_r + (s + s_plus).to_bytes(32, "little"), k


def cases():
    found = []

    def case(name, key, signature, good, why):
        found.append(
            {
                "name": name,
                "public_key": key.hex(),
                "message": MESSAGE.hex(),
                "signature": signature.hex(),
                "good": good,
                "why": why,
            }
        )

    key = encode(KEY)
    good, _ = signed(KEY)
    case("a good signature", key, good, True, "RFC 8032 section 5.1.6")
    s = good[32:]
    case("S + L", key, signed(KEY, s_plus=L)[0], False, "S < L: else anyone makes a second one")
    case("S = L", key, good[:32] + L.to_bytes(32, "little"), False, "S < L")
    case("S = 2^256 - 1", key, good[:32] + b"\xff" * 32, False, "S < L")
    case("S = 0", key, good[:32] + bytes(32), False, "the equation")
    case("S = L - 1", key, good[:32] + (L - 1).to_bytes(32, "little"), False, "the equation")
    case("A in R's place", good[:32], key + s, False, "the equation: k is of R, A in this order")
    case("all zeros", bytes(32), bytes(64), False, "y = 0 is a point of order 4")
    for bit in range(512):
        turned = bytearray(good)
        turned[bit >> 3] ^= 1 << (bit & 7)
        case(f"bit {bit} of the signature", key, bytes(turned), False, "one bit is turned")
    for bit in range(256):
        turned = bytearray(key)
        turned[bit >> 3] ^= 1 << (bit & 7)
        case(f"bit {bit} of the key", bytes(turned), good, False, "one bit is turned")
    for i, point in enumerate(SMALL):
        small = encode(point)
        # [S]B = R + [k]A with S = 0 and R = -[k]A: anyone can solve that, for an A of small order
        for j, r_point in enumerate(SMALL):
            signature = encode(r_point) + bytes(32)
            k = digest(signature[:32], small, MESSAGE)
            if add(r_point, multiply(k, point)) == IDENTITY:
                why = "A is of small order: whoever has no key could have made this"
                case(f"A = {i} T, R = {j} T", small, signature, False, why)
        case(f"A = {i} T, another's signature", small, good, False, "A is of small order")
        # A good signature but for R moved by a point of small order: 8 times it is right
        if i:
            moved, _ = signed(KEY, extra_r=point)
            why = "cofactorless: [S]B - [k]A differs from R by a point of small order"
            case(f"R + {i} T", key, moved, False, why)
    # Keys of mixed order are no honest ones, but they are canonical and not of small order; then
    # the equation decides, with k modulo L. It holds if [k]T is the identity.
    for i, point in enumerate(SMALL[1:], 1):
        mixed = add(KEY, point)
        answers = set()
        for r in range(1, 200):
            signature, k = signed(mixed, r=r)
            holds = multiply(k, point) == IDENTITY
            if holds not in answers:
                answers.add(holds)
                why = f"A = A' + {i} T, and [k]T is {'' if holds else 'not '}the identity"
                case(f"A of mixed order, {i} T, {holds}", encode(mixed), signature, holds, why)
        # and where R makes up for it
        signature, k = signed(mixed)
        for j, r_point in enumerate(SMALL[1:], 1):
            moved, k = signed(mixed, extra_r=r_point)
            holds = add(r_point, multiply(k, point)) == IDENTITY
            if holds:
                why = "R moved by -[k]T: the equation holds exactly"
                case(f"A + {i} T, R + {j} T", encode(mixed), moved, True, why)
    # R = the identity plus nothing: r = 0 is silly but fits the equation
    case("R is the identity", key, signed(KEY, r=0)[0], True, "R may be of small order")
    for y in range(19):
        for sign in (0, 1):
            odd = (P + y | sign << 255).to_bytes(32, "little")
            case(f"A: y = p + {y}, sign {sign}", odd, good, False, "y is not canonical")
            bad = signed(KEY, encoded_r=odd, r=0)[0]
            case(f"R: y = p + {y}, sign {sign}", key, bad, False, "y is not canonical")
    for y in (1, P - 1):
        zero = (y | 1 << 255).to_bytes(32, "little")
        case(f"A: x = 0 with a sign, y = {y}", zero, good, False, "-0 is not canonical")
        bad = signed(KEY, encoded_r=zero, r=0)[0]
        case(f"R: x = 0 with a sign, y = {y}", key, bad, False, "-0 is not canonical")
    no_point = next(
        y
        for y in range(2, 100)
        if pow((y * y - 1) * pow(D * y * y + 1, -1, P), (P - 1) // 2, P) == P - 1
    ).to_bytes(32, "little")
    case("A is no point", no_point, good, False, "no x for this y")
    case("R is no point", key, signed(KEY, encoded_r=no_point)[0], False, "no x for this y")
    base = encode(BASE)
    k = digest(base, base, MESSAGE)
    case("A = R = B", base, base + ((1 + k) % L).to_bytes(32, "little"), True, "secret 1, r 1")
    minus = encode(negative(BASE))
    k = digest(base, minus, MESSAGE)
    case("A = -B", minus, base + ((1 - k) % L).to_bytes(32, "little"), True, "secret L - 1")
    case("short key", key[:31], good, False, "32 bytes")
    case("long signature", key, good + b"\0", False, "64 bytes")
    assert (BASE_X, BASE_Y) == BASE
    return found


def main():
    TARGET.write_text(json.dumps(cases(), indent=1) + "\n")


if __name__ == "__main__":
    main()
