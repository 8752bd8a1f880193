"""Ed25519 signing (RFC 8032 sections 5.1.5 and 5.1.6) and the base point's multiples for it.

The scalars are secret. No branch and no address here depends on them: every column reads all rows
and keeps two by masks, adds them always, and turns their signs by masks. docs/curve25519.md has the
argument; a test runs the machine code on different secrets and compares the paths.

A comb of five teeth in two parts: digit i of a scalar, 0 to 259, stands for 2^i or -2^i; column j
takes digits j + 26 b + 52 t, t = 0 to 4, for part b. Row i of part b is the sum of 2^(52 t + 26 b)
B over t, where bit t of i says plus or minus and the last is always added.
"""

import micropython
from micropython import const

from verify import points, programs, rows, scalars
from verify.sha512 import clear as clear_sha512
from verify.sha512 import digest_into

_COLUMNS = const(26)
# Byte offsets in points.work while signing: the 32 rows, then two that were picked
_ALL = const(1920)
_PART_BYTES = const(2048)
_PICKED = const(6016)

_bits = bytearray(40)
_digest = bytearray(64)
_secret = bytearray(32)
_nonce = bytearray(32)
_k = bytearray(32)
_view = memoryview(points.work)
_rows = _view[_ALL : _ALL + 2 * _PART_BYTES]
_parts = (_rows[:_PART_BYTES], _rows[_PART_BYTES:])
_picked = (_view[_PICKED : _PICKED + 128], _view[_PICKED + 128 : _PICKED + 256])
_SEED = rows.seed(points.BASE)


@micropython.viper
def _digits(bits: ptr8, i: int) -> int:
    """Five digits of an odd scalar, from digit i on, 52 apart."""
    digits = 0
    tooth = 0
    i += 1  # bit 0 is always set: digit i is bit i + 1
    while tooth < 5:
        digits = digits | (((bits[i >> 3] >> (i & 7)) & 1) << tooth)
        i += 52
        tooth += 1
    return digits


@micropython.viper
def _pick(acc: int, p: ptr32, digits: int, out: ptr32):
    """Copies one of 16 rows at `p`, reading all: number bits 0 to 3, inverted if bit 4 is clear."""
    digits = (digits ^ ((digits >> 4) - 1)) & 15
    # -1 for the row wanted, else 0
    m0 = (digits - 1) >> 4
    m1 = ((digits ^ 1) - 1) >> 4
    m2 = ((digits ^ 2) - 1) >> 4
    m3 = ((digits ^ 3) - 1) >> 4
    m4 = ((digits ^ 4) - 1) >> 4
    m5 = ((digits ^ 5) - 1) >> 4
    m6 = ((digits ^ 6) - 1) >> 4
    m7 = ((digits ^ 7) - 1) >> 4
    m8 = ((digits ^ 8) - 1) >> 4
    m9 = ((digits ^ 9) - 1) >> 4
    m10 = ((digits ^ 10) - 1) >> 4
    m11 = ((digits ^ 11) - 1) >> 4
    m12 = ((digits ^ 12) - 1) >> 4
    m13 = ((digits ^ 13) - 1) >> 4
    m14 = ((digits ^ 14) - 1) >> 4
    m15 = ((digits ^ 15) - 1) >> 4
    at = int(p)
    i = 0
    while i < 30:
        acc = p[0] & m0
        acc = p[32] & m1 | acc
        acc = p[64] & m2 | acc
        acc = p[96] & m3 | acc
        acc = p[128] & m4 | acc
        acc = p[160] & m5 | acc
        acc = p[192] & m6 | acc
        acc = p[224] & m7 | acc
        acc = p[256] & m8 | acc
        acc = p[288] & m9 | acc
        acc = p[320] & m10 | acc
        acc = p[352] & m11 | acc
        acc = p[384] & m12 | acc
        acc = p[416] & m13 | acc
        acc = p[448] & m14 | acc
        acc = p[480] & m15 | acc
        out[i] = acc
        i += 1
        at += 4
        p = ptr32(at)


@micropython.viper
def _turn(row: ptr16, digits: int):
    """Makes the row its negative if bit 4 of `digits` is clear, by masks.

    Parts 0 and 1 change places; part 2, x, becomes 32 p - x, whose limbs are carried.
    """
    minus = (digits >> 4) - 1
    carry = -607 & minus  # the limbs of 32 p are 8191, but for the first, which is 607 less
    i = 0
    while i < 20:
        changed = (row[i] ^ row[20 + i]) & minus
        row[i] = row[i] ^ changed
        row[20 + i] = row[20 + i] ^ changed
        carry += (8191 & minus) + (row[40 + i] ^ minus) - minus
        row[40 + i] = carry & 8191
        carry = carry >> 13
        i += 1


def _load_rows():
    """Reads the rows; makes them if the base point's table is missing or damaged."""
    table = rows.base()
    if table is not None:
        table.read(rows.SIGNING, _rows)
        for i in range(32):
            row = _rows[rows.ROW_BYTES * i : rows.ROW_BYTES * (i + 1)]
            if not rows.is_good(row, _SEED + rows.SIGNING + i):
                break
        else:
            return
    from verify import preparation

    preparation.make_signing_rows(_parts)


def _multiply_base(scalar):
    """The point becomes [s]B for the secret scalar of 32 bytes, below L; `scalar` is made odd."""
    scalars.reduce(scalar, scalar)
    scalars.make_odd(scalar)
    _bits[:32] = scalar
    _bits[32] = 0x10  # digit 259 is plus
    start = programs.IDENTITY
    for column in range(_COLUMNS - 1, -1, -1):
        for part in (0, 1):
            digits = _digits(_bits, column + _COLUMNS * part)
            _pick(0, _parts[part], digits, _picked[part])
            _turn(_picked[part], digits)
        points.put_script(0, start, 0)
        points.put_script(1, programs.ADD_ROW_T, _PICKED)
        points.put_script(2, programs.ADD_ROW_T, _PICKED + 128)
        points.run_script()
        start = programs.DOUBLE_T
    clear(_bits)


def clear(buffer):
    """Overwrites a buffer that held a secret."""
    for i in range(len(buffer)):
        buffer[i] = 0


def _expand(seed):
    """RFC 8032 section 5.1.5 steps 1 and 2: the secret scalar into _secret, the prefix stays."""
    if len(seed) != 32:
        raise ValueError("an Ed25519 private key is 32 bytes")
    digest_into(_digest, seed)
    _secret[:] = _digest[:32]
    _secret[0] &= 0xF8
    _secret[31] = _secret[31] & 0x7F | 0x40


def _forget():
    for buffer in (_digest, _secret, _nonce, _k):
        clear(buffer)
    clear(_picked[0])
    clear(_picked[1])
    points.clear()
    scalars.clear()
    clear_sha512()


def public_key(seed):
    """The 32-byte public key of a 32-byte private key (RFC 8032 section 5.1.5)."""
    _expand(seed)
    _load_rows()
    _multiply_base(_secret)
    out = bytearray(32)
    points.encode(out)
    _forget()
    return bytes(out)


def sign(seed, message, public=None):
    """The 64-byte signature of `message` by the 32-byte private key (RFC 8032 section 5.1.6).

    public: its public key, if at hand: that halves the time. A wrong one would give the private key
    away, so it must come from where the private key does.
    """
    _load_rows()
    if public is None:
        public = public_key(seed)
        _load_rows()
    _expand(seed)
    scalars.reduce(_secret, _secret)
    digest_into(_digest, _digest[32:], message)  # step 2
    scalars.reduce(_digest, _nonce)
    _k[:] = _nonce
    _multiply_base(_k)  # step 3
    signature = bytearray(64)
    points.encode(_k)
    signature[:32] = _k
    digest_into(_digest, signature[:32], public, message)  # step 4
    scalars.reduce(_digest, _k)
    scalars.multiply_add(_k, _secret, _nonce, _k)  # step 5
    signature[32:] = _k
    _forget()
    return bytes(signature)
