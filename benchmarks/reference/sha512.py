"""SHA-512 in plain bytecode and long integers, as a port from a PC would be."""


def _roots():
    """The first 64 bits of the fractions of the cube and square roots of the first primes."""

    def root(n, k):
        low, high = 0, 1 << 80
        while high - low > 1:
            middle = (low + high) >> 1
            if middle**k <= n << (64 * k):
                low = middle
            else:
                high = middle
        return low & 0xFFFFFFFFFFFFFFFF

    primes = []
    n = 2
    while len(primes) < 80:
        if all(n % p for p in primes):
            primes.append(n)
        n += 1
    return [root(p, 3) for p in primes], [root(p, 2) for p in primes[:8]]


_K, _START = _roots()
_MASK = 0xFFFFFFFFFFFFFFFF


def _compress(h, block):
    def turn(x, n):
        return (x >> n) | (x << (64 - n))

    w = [int.from_bytes(block[8 * i : 8 * i + 8], "big") for i in range(16)]
    for i in range(16, 80):
        x, y = w[i - 15], w[i - 2]
        s0 = (turn(x, 1) ^ turn(x, 8)) & _MASK ^ (x >> 7)
        s1 = (turn(y, 19) ^ turn(y, 61)) & _MASK ^ (y >> 6)
        w.append((w[i - 16] + s0 + w[i - 7] + s1) & _MASK)
    a, b, c, d, e, f, g, last = h
    for i in range(80):
        s1 = (turn(e, 14) ^ turn(e, 18) ^ turn(e, 41)) & _MASK
        t1 = last + s1 + ((e & f) ^ (~e & g)) + _K[i] + w[i]
        s0 = (turn(a, 28) ^ turn(a, 34) ^ turn(a, 39)) & _MASK
        t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
        last, g, f, e, d, c, b, a = g, f, e, (d + t1) & _MASK, c, b, a, (t1 + t2) & _MASK
    return [(x + y) & _MASK for x, y in zip(h, (a, b, c, d, e, f, g, last))]


def sha512(*parts):
    """The 64-byte SHA-512 digest of the byte strings in `parts`, one after the other."""
    message = b"".join(bytes(part) for part in parts)
    pad = b"\x80" + bytes((111 - len(message)) % 128)
    message += pad + (8 * len(message)).to_bytes(16, "big")
    h = _START
    for at in range(0, len(message), 128):
        h = _compress(h, message[at : at + 128])
    return b"".join(x.to_bytes(8, "big") for x in h)
