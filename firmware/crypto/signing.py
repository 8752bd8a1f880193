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

from crypto import points, rows, scalars
from crypto.sha512 import clear as clear_sha512
from crypto.sha512 import digest_into, wipe

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_DOUBLE_T = const(54)
_ADD_ROW = const(341)
_ADD_ROW_T = const(450)
_IDENTITY = const(990)

_COLUMNS = const(26)
_FIRST_ROW = const(128)  # of the base point's table: before it are those for verification
# Byte offsets in points.work while signing: the 32 rows, then two that were picked
_ALL = const(1920)
_PART_BYTES = const(2048)
_PICKED = const(6016)

_bits = bytearray(40)
_digest = bytearray(64)
# Views: a slice of a bytearray would be a copy that nobody overwrites.
_scalar_part = memoryview(_digest)[:32]
_prefix_part = memoryview(_digest)[32:]
_secret = bytearray(32)
_nonce = bytearray(32)
_k = bytearray(32)
_view = memoryview(points.work)
_rows = _view[_ALL : _ALL + 2 * _PART_BYTES]
_parts = (_rows[:_PART_BYTES], _rows[_PART_BYTES:])
_picked = (_view[_PICKED : _PICKED + 128], _view[_PICKED + 128 : _PICKED + 256])


@micropython.viper
def _pick(acc: int, p: ptr32, bits: ptr8, out: ptr32):
    """Writes to `out` the row at `p` that five digits of an odd scalar name, or its negative.

    acc: the first digit's number; the others are 52 apart. All 16 rows are read, and one kept.
    """
    digits = 0
    tooth = 0
    acc += 1  # bit 0 is always set: digit i is bit i + 1
    while tooth < 5:
        digits = digits | (((bits[acc >> 3] >> (acc & 7)) & 1) << tooth)
        acc += 52
        tooth += 1
    minus = (digits >> 4) - 1  # -1 if the highest digit is, else 0
    digits = (digits ^ minus) & 15
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
    # The negative: parts 0 and 1 change places; part 2, x, becomes 32 p - x, carried. The limbs of
    # 32 p are 8191, but for the first, which is 607 less.
    row = ptr16(int(out))
    acc = -607 & minus
    i = 0
    while i < 20:
        changed = (row[i] ^ row[20 + i]) & minus
        row[i] = row[i] ^ changed
        row[20 + i] = row[20 + i] ^ changed
        acc += (8191 & minus) + (row[40 + i] ^ minus) - minus
        row[40 + i] = acc & 8191
        acc = acc >> 13
        i += 1


def _read_rows(table):
    try:
        table.read(_FIRST_ROW, _rows)
    except OSError:
        return False
    return rows.check(_rows, 32, _FIRST_ROW, points.BASE, 0)


def _load_rows():
    """Reads the rows; makes them if the base point's table is missing or damaged."""
    table = rows.base()
    if table is not None and _read_rows(table):
        return
    from crypto import preparation

    preparation.make_signing_rows(_rows)


def _multiply_base(scalar):
    """The point becomes [s]B for the secret scalar of 32 bytes, below L; `scalar` is made odd."""
    scalars.reduce(scalar, scalar)
    scalars.make_odd(scalar)
    _bits[:32] = scalar
    _bits[32] = 0x10  # digit 259 is plus
    points.put_script(0, _IDENTITY, 0)
    points.put_script(1, _ADD_ROW_T, _PICKED)
    points.put_script(2, _ADD_ROW, _PICKED + 128)
    first, second = _parts
    to_first, to_second = _picked
    for column in range(_COLUMNS - 1, -1, -1):
        _pick(column, first, _bits, to_first)
        _pick(column + _COLUMNS, second, _bits, to_second)
        points.run_script()
        if column == _COLUMNS - 1:
            points.put_script(0, _DOUBLE_T, 0)
            points.put_script(1, _ADD_ROW_T, _PICKED)
            points.put_script(2, _ADD_ROW, _PICKED + 128)
    wipe(_bits, len(_bits))


def _expand(seed):
    """RFC 8032 section 5.1.5 steps 1 and 2: the secret scalar into _secret, the prefix stays."""
    if len(seed) != 32:
        raise ValueError
    digest_into(_digest, seed)
    _secret[:] = _scalar_part
    _secret[0] &= 0xF8
    _secret[31] = _secret[31] & 0x7F | 0x40


def _forget():
    for buffer in (_digest, _secret, _nonce, _k, _picked[0], _picked[1]):
        wipe(buffer, len(buffer))
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

    public: its public key, if at hand: that nearly halves the time. A wrong one would give the
    private key away, so it must come from where the private key does.
    """
    _expand(seed)  # step 1
    digest_into(_digest, _prefix_part, message)  # step 2
    scalars.reduce(_digest, _nonce)
    _load_rows()
    signature = bytearray(64)
    if public is None:
        _k[:] = _secret
        _multiply_base(_k)
        points.keep()
    _k[:] = _nonce
    _multiply_base(_k)  # step 3
    if public is None:
        public = bytearray(32)
        points.encode_both(_k, public)
    else:
        points.encode(_k)
    signature[:32] = _k
    digest_into(_digest, _k, public, message)  # step 4
    scalars.reduce(_digest, _k)
    scalars.multiply_add(_k, _secret, _nonce, _k)  # step 5
    signature[32:] = _k
    _forget()
    return bytes(signature)
