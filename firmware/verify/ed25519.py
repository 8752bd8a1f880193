"""Ed25519 (RFC 8032 section 5.1): verification, and what a key must be to be accepted.

Strict where the RFC leaves a choice: S < L, canonical encodings of A and R, A not of small order,
the cofactorless equation [S]B = R + [k]A with k reduced modulo L. Signing is in verify/signing.py.
"""

from verify import plans, points, programs, rows, scalars
from verify.sha512 import sha512

_L = 2**252 + 27742317777372353535851937790883648493
_BASE_SEED = rows.seed(points.BASE)
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

_padded = bytearray(33)  # plans.windows looks one byte ahead
_scalar = memoryview(_padded)[:32]
_encoded = bytearray(32)
_plan = bytearray(plans.PLAN_BYTES)
_picks = bytearray(16)
_row_views = [
    memoryview(points.work)[at : at + rows.ROW_BYTES]
    for at in range(points.ROWS, points.ROWS + 16 * rows.ROW_BYTES, rows.ROW_BYTES)
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

    prepared: the table that `prepare` made for this key (see verify/rows.py). A table that does not
    belong to the key or is damaged is not used, and costs time only.
    """
    if len(public_key) != 32 or len(signature) != 64:
        return False
    if int.from_bytes(signature[32:], "little") >= _L or _has_small_order(public_key):
        return False
    base = rows.base()
    if prepared is not None and base is not None:
        _plan_scalars(public_key, message, signature, 1)
        if _combine(plans.TWO_COMBS, (base, prepared), (_BASE_SEED, rows.seed(public_key))):
            return _is(signature[:32])
    if not points.decode(public_key):
        return False
    points.routine(programs.NEGATE)
    points.make_table(0)
    if base is not None:
        _plan_scalars(public_key, message, signature, 0)
        if _combine(plans.ONE_WINDOW | plans.ONE_COMB, (base,), (_BASE_SEED,)):
            return _is(signature[:32])
        # damaged: do without
        points.decode(public_key)
        points.routine(programs.NEGATE)
        points.make_table(0)
    points.decode(points.BASE)
    points.make_table(1)
    _plan_scalars(public_key, message, signature, None)
    _combine(plans.TWO_WINDOWS, (), ())
    return _is(signature[:32])


def _is(encoded):
    points.encode(_encoded)
    return _encoded == encoded


def _plan_scalars(public_key, message, signature, combs_of_key):
    """Lays out S for the base point and k for the key, as digits of a window or bits of a comb."""
    scalars.reduce(sha512(signature[:32], public_key, message), _scalar)
    if combs_of_key:
        scalars.make_odd(_scalar)
        plans.comb_bits(_plan, 1, _scalar)
    else:
        plans.windows(_plan, 0, _padded, 32)
    if combs_of_key is None:
        _scalar[:] = signature[32:]
        plans.windows(_plan, 256, _padded, 32)
    else:
        scalars.reduce(signature[32:], _scalar)
        scalars.make_odd(_scalar)
        plans.comb_bits(_plan, 0, _scalar)


def _combine(use, tables, seeds):
    """The point is the sum the plan says. False if a row read is not what it should be."""
    many = len(tables)
    column = 255 if use & plans.TWO_WINDOWS or use & plans.ONE_WINDOW else 31
    first = plans.FROM_IDENTITY
    while column >= 0:
        count = 8 if column < 32 and many else 32
        plans.write_script(
            points.script, _plan, _picks, column << 16 | use | first | (column - count + 1)
        )
        first = 0
        if column < 32:
            for n in range(count * many):
                which = n % many
                view = _row_views[n]
                tables[which].read(_picks[n], view)
                if not rows.is_good(view, seeds[which] + _picks[n]):
                    return False
        points.run_script()
        column -= count
    return True


def prepare(public_key, write):
    """Makes a table for `verify` of a key: calls write(index, row) with 128 rows of 128 bytes.

    `row` is valid during the call. Returns False if the key is not acceptable or, which no honest
    key is, not of the prime order L: then there is no table. Takes about half a second on the chip.
    """
    if not is_acceptable_key(public_key):
        return False
    from verify.preparation import write_rows

    return write_rows(public_key, write)


def public_key(seed):
    """The 32-byte public key of a 32-byte private key (RFC 8032 section 5.1.5)."""
    from verify import signing

    return signing.public_key(seed)


def sign(seed, message):
    """The 64-byte signature of `message` by the 32-byte private key (RFC 8032 section 5.1.6)."""
    from verify import signing

    return signing.sign(seed, message)
