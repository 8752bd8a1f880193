"""Which Ed25519 encodings count: canonical, on the curve, not of small order (docs/pass.md).

`cryptography` takes any 32 bytes as a public key, so this is checked where a key enters a list.
"""

P = 2**255 - 19
_D = -121665 * pow(121666, -1, P) % P

# The y of the eight points of small order, canonical: orders 1, 2, 4 and 8 (two of them).
_SMALL_ORDER_Y = {
    1,
    P - 1,
    0,
    int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
    ),
}


def _y_and_sign(encoded: bytes) -> tuple[int, int]:
    number = int.from_bytes(encoded, "little")
    return number & ((1 << 255) - 1), number >> 255


def is_canonical(encoded: bytes) -> bool:
    """True if y < p and the sign bit is not set where x is 0 (RFC 8032 section 5.1.3)."""
    y, sign = _y_and_sign(encoded)
    return y < P and not (sign and y in (1, P - 1))


def has_small_order(encoded: bytes) -> bool:
    """True for an encoding of one of the eight points of small order, canonical or not."""
    return _y_and_sign(encoded)[0] % P in _SMALL_ORDER_Y


def is_on_curve(encoded: bytes) -> bool:
    """True if some x belongs to this y: (y^2 - 1) / (d y^2 + 1) is a square (Euler's test)."""
    y = _y_and_sign(encoded)[0]
    return pow((y * y - 1) * (_D * y * y + 1), (P - 1) // 2, P) in (0, 1)


def is_acceptable_key(encoded: bytes) -> bool:
    """True if a trust list may hold these 32 bytes as an Ed25519 public key."""
    return (
        len(encoded) == 32
        and is_canonical(encoded)
        and not has_small_order(encoded)
        and is_on_curve(encoded)
    )
