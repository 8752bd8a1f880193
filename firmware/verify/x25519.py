"""X25519 (RFC 7748 section 5)."""

_P = 2**255 - 19


def x25519(k, u):
    """The 32-byte shared value of the 32-byte scalar `k` and the 32-byte coordinate `u`."""
    if len(k) != 32 or len(u) != 32:
        raise ValueError("X25519 takes 32 and 32 bytes")
    scalar = int.from_bytes(k, "little") & ((1 << 254) - 8) | (1 << 254)
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = (scalar >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % _P, b * b % _P, d * a % _P, c * b % _P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % _P, x1 * (da - cb) ** 2 % _P
        x2, z2 = aa * bb % _P, e * (aa + 121665 * e) % _P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, _P - 2, _P) % _P).to_bytes(32, "little")


_BASE_U = b"\x09" + bytes(31)


def public_key(k):
    """The 32-byte public key of the 32-byte private key `k`."""
    return x25519(k, _BASE_U)
