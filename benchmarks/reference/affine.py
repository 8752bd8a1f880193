"""Ed25519 with long integers and affine coordinates: the textbook, two inversions an addition."""

from reference.sha512 import sha512

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


def _add(p, q):
    (x1, y1), (x2, y2) = p, q
    product = _D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, _P - 2, _P) % _P
    return x, (y1 * y2 + x1 * x2) * pow(1 - product, _P - 2, _P) % _P


def _multiply(k, p):
    q = (0, 1)
    while k:
        if k & 1:
            q = _add(q, p)
        p = _add(p, p)
        k >>= 1
    return q


def _decode(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x2 = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(x2, (_P + 3) // 8, _P)
    if x * x % _P != x2:
        x = x * _ROOT % _P
    return (_P - x if x & 1 != sign else x, y)


_BASE = _decode((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def verify(public_key, message, signature):
    """True if the signature is good; none of the strict checks."""
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(sha512(signature[:32], public_key, message), "little") % _L
    sum_ = _add(_decode(signature[:32]), _multiply(k, _decode(public_key)))
    return _multiply(s, _BASE) == sum_
