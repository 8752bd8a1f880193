"""Ed25519 signing (RFC 8032 sections 5.1.5 and 5.1.6) and the base point's multiples for it.

Its machine code is in rows.py and what it imports, so that this need not be in the heap for good.

The scalars are secret. No branch and no address here depends on them: every column reads all rows
and keeps two by masks, adds them always, and turns their signs by masks. docs/curve25519.md has the
argument; a test runs the machine code on different secrets and compares the paths.

A comb of five teeth in two parts: digit i of a scalar, 0 to 259, stands for 2^i or -2^i; column j
takes digits j + 26 b + 52 t, t = 0 to 4, for part b. Row i of part b is the sum of 2^(52 t + 26 b)
B over t, where bit t of i says plus or minus and the last is always added.
"""

from micropython import const

from crypto import points, rows, scalars
from crypto.limbs import zero
from crypto.sha512 import clear as clear_sha512
from crypto.sha512 import digest_into

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_X = const(1)
_Z = const(3)
_U = const(11)
_W = const(13)
_MADE = const(20)
_DOUBLE_T = const(54)
_ADD_ROW = const(341)
_ADD_ROW_T = const(450)
_INVERT = const(617)
_AFFINE = const(894)
_JOIN = const(912)
_SPLIT = const(919)
_IDENTITY = const(1022)

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


def _read_rows(table):
    try:
        table.read(_FIRST_ROW, _rows)
    except OSError:
        return False
    return rows.are_of(_rows, _FIRST_ROW, points.BASE)


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
        rows.pick(column, first, _bits, to_first)
        rows.pick(column + _COLUMNS, second, _bits, to_second)
        points.run_script()
        if column == _COLUMNS - 1:
            points.put_script(0, _DOUBLE_T, 0)
            points.put_script(1, _ADD_ROW_T, _PICKED)
            points.put_script(2, _ADD_ROW, _PICKED + 128)
    zero(_bits, 0, len(_bits))


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
        zero(buffer, 0, len(buffer))
    points.clear()
    scalars.clear()
    clear_sha512()


def _encode(out):
    """RFC 8032 section 5.1.2: writes the 32-byte encoding of the point to `out`."""
    points.copy(_W, _Z, 1)
    points.routine(_INVERT)
    points.routine(_AFFINE)
    points.encode_affine(out)


def _encode_both(out, made):
    """Encodes the point to `out`, and the one in _MADE to `made`: one inversion for both."""
    points.routine(_JOIN)
    points.routine(_INVERT)
    points.routine(_SPLIT)
    points.encode_affine(out)
    points.copy(_X, _U, 2)
    points.encode_affine(made)


def public_key(seed):
    """The 32-byte public key of a 32-byte private key (RFC 8032 section 5.1.5)."""
    _expand(seed)
    _load_rows()
    _multiply_base(_secret)
    out = bytearray(32)
    _encode(out)
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
        points.copy(_MADE, _X, 4)
    _k[:] = _nonce
    _multiply_base(_k)  # step 3
    if public is None:
        public = bytearray(32)
        _encode_both(_k, public)
    else:
        _encode(_k)
    signature[:32] = _k
    digest_into(_digest, _k, public, message)  # step 4
    scalars.reduce(_digest, _k)
    scalars.multiply_add(_k, _secret, _nonce, _k)  # step 5
    signature[32:] = _k
    _forget()
    return bytes(signature)
