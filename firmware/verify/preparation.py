"""Makes the table of a key, as verify/rows.py describes it. Rare: imported when a list arrives."""

from verify import points, programs, rows
from verify.limbs import copy, freeze

_X_WORD = 20 * points.X
_MADE_WORD = 20 * points.MADE
_TABLE_WORD = points.TABLE // 4
_SAVED_WORD = _TABLE_WORD + 80 * 15


def write_rows(key, write):
    """Writes 128 rows for an acceptable key; False, and none, if it is not of order L.

    The table is of the negative of the key's point: verification subtracts it.
    """
    points.decode(key)
    points.routine(programs.NEGATE)
    if not _has_prime_order():
        return False
    points.decode(key)
    points.routine(programs.NEGATE)
    make_rows(8, 32, rows.seed(key), write)
    return True


class _Part:
    """The 16 rows of a part of verify/signing.py's comb."""

    def __init__(self):
        self.rows = bytearray(16 * rows.ROW_BYTES)

    def write(self, index, row):
        self.rows[rows.ROW_BYTES * index : rows.ROW_BYTES * (index + 1)] = row


def make_base(write):
    """Writes the base point's table, 160 rows, as tools/curve25519/tables.py makes it."""
    seed = rows.seed(points.BASE)
    points.decode(points.BASE)
    make_rows(8, 32, seed, write)
    parts = (bytearray(2048), bytearray(2048))
    make_signing_rows(parts)
    for index in range(32):
        row = parts[index >> 4][rows.ROW_BYTES * (index & 15) :][: rows.ROW_BYTES]
        rows.seal(row, seed + rows.SIGNING + index)
        write(rows.SIGNING + index, row)


def make_signing_rows(parts):
    """Fills both parts of verify/signing.py's comb, buffers of 16 rows each, without any table."""
    made = (_Part(), _Part())
    for part in (0, 1):
        points.decode(points.BASE)
        for _ in range(26 * part):
            points.routine(programs.DOUBLE_T)
        make_rows(5, 52, 0, made[part].write)
    # only now: the buffers are where the points were
    for part in (0, 1):
        parts[part][:] = made[part].rows


def make_rows(teeth, spacing, seed, write):
    """Writes the rows of a comb over the point, which is lost, in the order of a Gray code."""
    _start(teeth, spacing)
    row = bytearray(rows.ROW_BYTES)
    index = 0
    step = 0
    while True:
        _fill(row, seed + index)
        write(index, row)
        # from each row to the next only one tooth turns
        tooth = 0
        while step >> tooth & 1:
            tooth += 1
        if tooth == teeth - 1:
            return
        step += 1
        index ^= 1 << tooth
        added = index >> tooth & 1
        points.routine(
            programs.ADD_T if added else programs.SUBTRACT_T,
            points.TABLE + points.ENTRY_BYTES * tooth,
        )


def _has_prime_order():
    """True if L times the point, which is lost, is the identity. L = 2^252 + ..., bit by bit."""
    from verify.scalars import L_BYTES

    _keep(0)
    points.routine(programs.IDENTITY)
    for bit in range(252, -1, -1):
        points.routine(programs.DOUBLE_T)
        if L_BYTES[bit >> 3] >> (bit & 7) & 1:
            points.routine(programs.ADD_T, points.TABLE)
    return points.is_identity()


def _start(teeth, spacing):
    """With P_t = 2^(spacing t) P: entry t becomes 2 P_t, entry 8 + t P_t, the point row 0."""
    for tooth in range(teeth - 1):
        _keep(8 + tooth)
        points.routine(programs.DOUBLE_T)
        _keep(tooth)
        for _ in range(spacing - 1):
            points.routine(programs.DOUBLE_T)
    for tooth in range(teeth - 1):
        points.routine(programs.SUBTRACT_T, points.TABLE + points.ENTRY_BYTES * (8 + tooth))


def _keep(entry):
    points.routine(programs.CACHE)
    copy(points.work, _TABLE_WORD + 80 * entry, _MADE_WORD, 80)


def _fill(row, seed):
    """Makes the row of the point, which is left as it is."""
    copy(points.work, _SAVED_WORD, _X_WORD, 80)
    points.to_affine()
    points.routine(programs.MAKE_ROW)
    for part in range(3):
        at = _MADE_WORD + 20 * part
        freeze(points.work, at)
        rows.narrow(points.work, at, row, part)
    rows.seal(row, seed)
    copy(points.work, _X_WORD, _SAVED_WORD, 80)
