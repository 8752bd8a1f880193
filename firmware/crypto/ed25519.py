"""Ed25519 (RFC 8032 section 5.1): verification, and what a key must be to be accepted.

Strict where the RFC leaves a choice: S < L, canonical encodings of A and R, A not of small order,
the cofactorless equation [S]B = R + [k]A with k reduced modulo L. Signing is in crypto/signing.py.
"""

from micropython import const

from crypto import euclid, points, rows, scalars, sha512
from crypto.limbs import NOUGHT, move, zero
from crypto.plans import comb_bits, last_column, windows, write_script

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_ROWS = const(7040)
_ROW_BYTES = const(128)
_ONE_COMB = const(256)
_TWO_COMBS = const(512)
_TWO_WINDOWS = const(8192)
_FROM_IDENTITY = const(16384)
_PLAN_BYTES = const(592)
_NEGATE = const(997)


_signature = bytearray(64)
_r = memoryview(_signature)[:32]
_s = memoryview(_signature)[32:]
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
    return not points.has_small_order(public_key) and points.decode(public_key)


def verify(public_key, message, signature, prepared=None):
    """True if the 64-byte `signature` of `message` is good for the 32-byte `public_key`.

    prepared: the table of this key that crypto/preparation.py made and rows.is_of found whole, if
    it is not the one given to rows.use_for. Should it be damaged since, that costs time only.
    """
    if len(signature) != 64:
        return False
    move(_signature, 0, signature, 0, 64)
    return _verify(public_key, message, 0, len(message), prepared)


def verify_in(public_key, buffer, start, end, signature):
    """The same for a message from `start` to before `end` of a buffer, and 64 bytes in it."""
    move(_signature, 0, buffer, signature, 64)
    return _verify(public_key, buffer, start, end, None)


def _verify(public_key, buffer, start, end, prepared):
    if len(public_key) != 32:
        return False
    # RFC 8032 section 5.1.7 step 1; R is decoded below, or compared with what it has to be
    if not scalars.is_below_order(_s) or points.has_small_order(public_key):
        return False
    # step 2
    sha512.start()
    sha512.add(_signature, 0, 32)
    sha512.add(public_key, 0, 32)
    sha512.add(buffer, start, end)
    sha512.finish(_digest)
    scalars.reduce(_digest, _k)
    # step 3; a row may have been damaged since its table was checked, and then nothing is good: so
    # no is final that came from a table
    return _verify_with_tables(public_key, prepared) or _verify_plainly(public_key)


def clear():
    """Forgets the last signature, and what was computed of it and of the message."""
    for buffer in (_signature, _encoded, _digest, _k, _u_padded, _v_padded, _plan, _picks):
        zero(buffer, 0, len(buffer))


def _verify_with_tables(public_key, prepared):
    if rows.base() is None:
        return False
    if prepared is None:
        prepared = rows.of_key(public_key)
    try:
        if prepared is None:
            return _verify_halved(public_key, rows.base())
        return _verify_prepared(rows.base(), prepared)
    except OSError:
        return False


def _verify_prepared(base, prepared):
    """[S]B - [k]A by two combs, encoded, is R? Raises OSError if a row cannot be read."""
    _comb_of(1, _k)
    scalars.take(_s, _v)
    _comb_of(0, _v)
    _combine(31, _TWO_COMBS, base, prepared)
    points.encode_public(_encoded)
    return _encoded == _r and points.is_on_curve()


def _verify_halved(public_key, base):
    """[v S]B - [u]A - [v]R is the identity, for u = v k (mod 8 L) and v odd, both short?

    That is v times the point that has to be the identity (Antipa et al. 2005, Pornin 2020). Modulo
    8 L, which is a multiple of every point's order, nothing is lost with an A of any order; and as
    v is prime to 8 L, nothing is added. False too if u and v are long. Raises OSError.
    """
    if not any(_k):
        return False
    sign = euclid.halve(_k, _u, _v)
    if sign == 0:
        return False
    if not points.decode(public_key):
        return False
    if sign > 0:
        points.routine(_NEGATE)
    points.make_table(0)
    if not points.decode(_r):
        return False
    points.routine(_NEGATE)
    points.make_table(1)
    top = max(windows(_plan, 0, _u_padded, 32), windows(_plan, 256, _v_padded, 32))
    scalars.multiply_add(_v, _s, NOUGHT, _v)
    _comb_of(0, _v)
    _combine(top, _TWO_WINDOWS | _ONE_COMB, base, None)
    return points.is_identity()


def _verify_plainly(public_key):
    """[S]B - [k]A by windows only, encoded, is R?"""
    if not points.decode(public_key):
        return False
    points.routine(_NEGATE)
    points.make_table(0)
    points.decode(points.BASE)
    points.make_table(1)
    move(_u_padded, 0, _k, 0, 32)
    move(_v_padded, 0, _s, 0, 32)
    top = max(windows(_plan, 0, _u_padded, 32), windows(_plan, 256, _v_padded, 32))
    _combine(top, _TWO_WINDOWS, None, None)
    points.encode_public(_encoded)
    return _encoded == _r


def _comb_of(number, scalar):
    """Lays out comb `number` for a scalar below L that scalars has just computed."""
    scalars.make_odd(scalar)
    comb_bits(_plan, number, scalar)


def _combine(column, use, base, prepared):
    """The point becomes the sum that is planned, with rows of the base point's table and a key's.

    base, prepared: None where there is no such comb. Raises OSError if a row cannot be read.
    """
    # Few locals: a function that has many has them in the heap, each time.
    use |= _FROM_IDENTITY
    while column >= 0:
        last = last_column(column, (base is not None) + (prepared is not None))
        write_script(points.script, _plan, _picks, column << 16 | use | last)
        use &= ~_FROM_IDENTITY
        if base is not None and column < 32:
            _read_rows(base, prepared, column - last + 1)
        points.run_script()
        column = last - 1


def _read_rows(base, prepared, columns):
    """Reads the rows that were picked."""
    n = 0
    while columns:
        columns -= 1
        base.read(_picks[n], _row_views[n])
        n += 1
        if prepared is not None:
            prepared.read(_picks[n], _row_views[n])
            n += 1
