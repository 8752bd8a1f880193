"""Ed25519 (RFC 8032 section 5.1): verification, and what a key must be to be accepted.

Strict where the RFC leaves a choice: S < L, canonical encodings of A and R, A not of small order,
the cofactorless equation [S]B = R + [k]A with k reduced modulo L. Signing is in crypto/signing.py.
"""

from micropython import const

from crypto import euclid, plans, points, rows, scalars
from crypto.sha512 import digest_into

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_ROWS = const(7040)
_ROW_BYTES = const(128)
_ONE_COMB = const(256)
_TWO_COMBS = const(512)
_TWO_WINDOWS = const(8192)
_FROM_IDENTITY = const(16384)
_PLAN_BYTES = const(592)
_NEGATE = const(965)

_L = 2**252 + 27742317777372353535851937790883648493
# The y of the points whose order divides 8 (their x is 0, a square root of -1, or one of +-x of the
# last two), canonical, without the sign bit
_SMALL_ORDER_Y = (
    b"\x01" + bytes(31),
    b"\xec" + b"\xff" * 30 + b"\x7f",
    bytes(32),
    b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
    b"\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
    b"\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
)

_NOUGHT = bytes(32)

_digest = bytearray(64)
_k = bytearray(32)
_u_padded = bytearray(33)  # plans.windows looks one byte ahead
_v_padded = bytearray(33)
_u = memoryview(_u_padded)[:32]
_v = memoryview(_v_padded)[:32]
_encoded = bytearray(32)
_plan = bytearray(_PLAN_BYTES)
_picks = bytearray(16)
_row_views = [
    memoryview(points.work)[at : at + _ROW_BYTES]
    for at in range(_ROWS, _ROWS + 16 * _ROW_BYTES, _ROW_BYTES)
]


def is_acceptable_key(public_key):
    """True if the 32 bytes are the canonical encoding of a curve point not of small order."""
    if len(public_key) != 32:
        return False
    return not _has_small_order(public_key) and points.decode(public_key)


def _has_small_order(encoded):
    y = bytearray(encoded)
    y[31] &= 0x7F
    return bytes(y) in _SMALL_ORDER_Y


def verify(public_key, message, signature, prepared=None):
    """True if the 64-byte `signature` of `message` is good for the 32-byte `public_key`.

    prepared: the table that `prepare` made for this key, if not the one given to rows.use_for. One
    that does not belong to the key or is damaged is not used, and costs time only.
    """
    if len(public_key) != 32 or len(signature) != 64:
        return False
    # RFC 8032 section 5.1.7 step 1; R is decoded below, or compared with what it has to be
    if int.from_bytes(signature[32:], "little") >= _L or _has_small_order(public_key):
        return False
    # step 2
    digest_into(_digest, signature[:32], public_key, message)
    scalars.reduce(_digest, _k)
    # step 3, in the first way that can be gone
    good = None
    base = rows.base()
    if base is not None:
        if prepared is None:
            prepared = rows.of_key(bytes(public_key))
        if prepared is not None:
            good = _verify_prepared(public_key, signature, base, prepared)
        if good is None:
            good = _verify_halved(public_key, signature, base)
    if good is None:
        good = _verify_plainly(public_key, signature)
    return good


def _verify_prepared(public_key, signature, base, prepared):
    """[S]B - [k]A by two combs, encoded, is R? None if a table is damaged or another key's."""
    _comb_of(1, _k)
    scalars.reduce(signature[32:], _v)
    _comb_of(0, _v)
    keys = (points.BASE, public_key)
    if not _combine(31, _TWO_COMBS, (base, prepared), keys):
        return None
    points.encode_public(_encoded)
    return _encoded == signature[:32]


def _verify_halved(public_key, signature, base):
    """[v S]B - [u]A - [v]R is the identity, for u = v k (mod 8 L) and v odd, both short?

    That is v times the point that has to be the identity (Antipa et al. 2005, Pornin 2020). Modulo
    8 L, which is a multiple of every point's order, nothing is lost with an A of any order; and as
    v is prime to 8 L, nothing is added. None if the base point's table is damaged, or u and v long.
    """
    if not any(_k):
        return None
    sign = euclid.halve(_k, _u, _v)
    if sign == 0:
        return None
    if not points.decode(public_key):
        return False
    if sign > 0:
        points.routine(_NEGATE)
    points.make_table(0)
    if not points.decode(signature[:32]):
        return False
    points.routine(_NEGATE)
    points.make_table(1)
    top = max(plans.windows(_plan, 0, _u_padded, 32), plans.windows(_plan, 256, _v_padded, 32))
    scalars.multiply_add(_v, signature[32:], _NOUGHT, _v)
    _comb_of(0, _v)
    if not _combine(top, _TWO_WINDOWS | _ONE_COMB, (base,), (points.BASE,)):
        return None
    return points.is_identity()


def _verify_plainly(public_key, signature):
    """[S]B - [k]A by windows only, encoded, is R?"""
    if not points.decode(public_key):
        return False
    points.routine(_NEGATE)
    points.make_table(0)
    points.decode(points.BASE)
    points.make_table(1)
    _u[:] = _k
    _v[:] = signature[32:]
    top = max(plans.windows(_plan, 0, _u_padded, 32), plans.windows(_plan, 256, _v_padded, 32))
    _combine(top, _TWO_WINDOWS, (), ())
    points.encode_public(_encoded)
    return _encoded == signature[:32]


def _comb_of(number, scalar):
    """Lays out comb `number` for a scalar below L that scalars has just computed."""
    scalars.make_odd(scalar)
    plans.comb_bits(_plan, number, scalar)


def _combine(column, use, tables, keys):
    """The point becomes the sum that is planned, with rows from the tables of these keys.

    False if a row cannot be read, is damaged, or is another key's.
    """
    many = len(tables)
    check = rows.check
    use |= _FROM_IDENTITY
    while column >= 0:
        last = max(column - 31, 0)
        if many:
            # rows fit for eight columns of two combs; above column 31 there are none
            last = max(column - 15 // many, 0) if column < 32 else max(column - 31, 32)
        plans.write_script(points.script, _plan, _picks, column << 16 | use | last)
        use &= ~_FROM_IDENTITY
        if column < 32:
            try:
                for which in range(many):
                    read = tables[which].read
                    key = keys[which]
                    for n in range(which, (column - last + 1) * many, many):
                        row = _row_views[n]
                        pick = _picks[n]
                        read(pick, row)
                        if not check(row, 1, pick, key, 0):
                            return False
            except OSError:
                return False
        points.run_script()
        column = last - 1
    return True


def prepare(public_key, write):
    """Makes a table for `verify` of a key: calls write(index, row) with 128 rows of 128 bytes.

    `row` is valid during the call. Returns False if the key is not acceptable or, which no honest
    key is, not of the prime order L: then there is no table. Takes about half a second on the chip.
    """
    from crypto import preparation

    comb = preparation.of_key(public_key, write)
    if comb is None:
        return False
    while comb.step():
        pass
    return True


def public_key(seed):
    """The 32-byte public key of a 32-byte private key (RFC 8032 section 5.1.5)."""
    from crypto import signing

    return signing.public_key(seed)


def sign(seed, message, public=None):
    """The 64-byte signature of `message` by the 32-byte private key (RFC 8032 section 5.1.6).

    public: as for signing.sign: its public key, certainly.
    """
    from crypto import signing

    return signing.sign(seed, message, public)
