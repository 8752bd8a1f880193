"""Writes firmware/crypto/base_point.rows, which firmware/crypto/rows.py describes.

python -m tools.curve25519.tables
"""

from binascii import crc32
from pathlib import Path

TARGET = Path(__file__).parents[2] / "firmware" / "crypto" / "base_point.rows"
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE = (BASE_X, BASE_Y)


def add(p, q):
    """RFC 8032 section 5.1.4's sum, in affine coordinates."""
    (x1, y1), (x2, y2) = p, q
    product = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def negative(p):
    return (-p[0] % P, p[1])


def times_power_of_two(p, exponent):
    for _ in range(exponent):
        p = add(p, p)
    return p


def encode(p):
    return (p[1] | (p[0] & 1) << 255).to_bytes(32, "little")


def row(p, key, index):
    """The 128 bytes of a row of a key's table."""
    x, y = p
    half = pow(2, -1, P)
    limbs = [
        (value >> 13 * i) & 8191
        for value in ((y + x) * half % P, (y - x) * half % P, D * x * y % P)
        for i in range(20)
    ]
    part = 4 * (index % 8)
    numbers = b"".join(limb.to_bytes(2, "little") for limb in limbs)
    check = crc32(numbers, crc32(key) ^ index)
    return numbers + check.to_bytes(4, "little") + key[part : part + 4]


def comb(p, teeth, spacing):
    """The points of a comb's rows, in order."""
    tooth = [times_power_of_two(p, spacing * t) for t in range(teeth)]
    for index in range(1 << (teeth - 1)):
        total = tooth[-1]
        for t in range(teeth - 1):
            total = add(total, tooth[t] if index >> t & 1 else negative(tooth[t]))
        yield total


def table_of_key(p):
    """The 128 rows that verification reads."""
    key = encode(p)
    return b"".join(row(q, key, index) for index, q in enumerate(comb(p, 8, 32)))


def table_of_base():
    """The same for the base point, and two combs of 16 rows for signing: see crypto/signing.py."""
    points = [*comb(BASE, 5, 52), *comb(times_power_of_two(BASE, 26), 5, 52)]
    return table_of_key(BASE) + b"".join(
        row(q, encode(BASE), 128 + index) for index, q in enumerate(points)
    )


def main():
    TARGET.write_bytes(table_of_base())


if __name__ == "__main__":
    main()
