"""Ed25519 with long integers and extended coordinates: a careful port (RFC 8032 section 5.1.4)."""

from reference.sha512 import sha512

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)
_IDENTITY = (0, 1, 1, 0)


def _add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _multiply(k, p):
    q = _IDENTITY
    while k:
        if k & 1:
            q = _add(q, p)
        p = _add(p, p)
        k >>= 1
    return q


def _decode(encoded):
    """The point of a 32-byte encoding, or None if there is none or it is not canonical."""
    y = int.from_bytes(encoded, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= _P:
        return None
    x2 = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(x2, (_P + 3) // 8, _P)
    if x * x % _P != x2:
        x = x * _SQRT_M1 % _P
    if x * x % _P != x2 or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return (x, y, 1, x * y % _P)


def _encode(p):
    z = pow(p[2], _P - 2, _P)
    x, y = p[0] * z % _P, p[1] * z % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _decode((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def _is_small_order(p):
    x, _, z, _ = _multiply(8, p)
    return x == 0 and z != 0


def is_acceptable_key(public_key):
    """True if the 32 bytes are the canonical encoding of a curve point not of small order."""
    point = _decode(public_key) if len(public_key) == 32 else None
    return point is not None and not _is_small_order(point)


def verify(public_key, message, signature):
    """True if the 64-byte `signature` of `message` is good for the 32-byte `public_key`."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    a, r = _decode(public_key), _decode(signature[:32])
    if s >= _L or a is None or r is None or _is_small_order(a):
        return False
    k = int.from_bytes(sha512(signature[:32], public_key, message), "little") % _L
    x, y, z, t = a
    minus_a = (_P - x, y, z, _P - t)
    return _encode(_add(_multiply(s, _BASE), _multiply(k, minus_a))) == bytes(signature[:32])


def _expand(seed):
    if len(seed) != 32:
        raise ValueError("an Ed25519 seed is 32 bytes")
    h = sha512(seed)
    return int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | (1 << 254), h[32:]


def public_key(seed):
    """The 32-byte public key of a 32-byte private key (RFC 8032 section 5.1.5)."""
    return _encode(_multiply(_expand(seed)[0], _BASE))


def sign(seed, message):
    """The 64-byte signature of `message` by the 32-byte private key (RFC 8032 section 5.1.6)."""
    scalar, prefix = _expand(seed)
    own = _encode(_multiply(scalar, _BASE))
    r = int.from_bytes(sha512(prefix, message), "little") % _L
    big_r = _encode(_multiply(r, _BASE))
    k = int.from_bytes(sha512(big_r, own, message), "little") % _L
    return big_r + ((r + k * scalar) % _L).to_bytes(32, "little")
