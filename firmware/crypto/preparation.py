"""Makes the tables that crypto/rows.py describes, in small steps. Imported only for that."""

from micropython import const

from crypto import ed25519, points, rows
from crypto.limbs import freeze, move

# routines, slots, offsets and plans, written by tools/curve25519/programs.py
_X = const(1)
_MADE = const(20)
_TABLES = const(1920)
_ENTRY_BYTES = const(320)
_ROW_BYTES = const(128)
_DOUBLE_T = const(54)
_ADD_T = const(222)
_SUBTRACT_T = const(284)
_CACHE = const(565)
_MAKE_ROW = const(587)
_NEGATE = const(997)
_IDENTITY = const(1022)

_X_WORD = const(20 * _X)
_MADE_WORD = const(20 * _MADE)
_view = memoryview(points.work)
_point = _view[4 * _X_WORD : 4 * _X_WORD + _ENTRY_BYTES]
_saved = _view[_TABLES + 15 * _ENTRY_BYTES : _TABLES + 16 * _ENTRY_BYTES]
_teeth = _view[_TABLES : _TABLES + 7 * _ENTRY_BYTES]


class Comb:
    """The rows of a comb over a point, in the order of a Gray code, a row a step."""

    def __init__(self, key, first, doublings, teeth, spacing, write):
        """Over [2^doublings] of the point that `key` encodes; of its negative, if not the base's.

        The rows get the numbers from `first` on; write(index, row): as for `prepare`.
        """
        self._key = key
        self._first = first
        self._doublings = doublings
        self._tooth_count = teeth
        self._spacing = spacing
        self._write = write
        self._row = None  # until the first step
        self._index = 0
        self._turn = 0

    def step(self):
        """Takes up to 50 ms. False if that was the last. In between anything may be computed."""
        if self._row is None:
            self._begin()
            return True
        _point[:] = self._saved_point
        _teeth[:] = self._saved_teeth
        index = self._index
        _fill(self._row, self._first + index, self._key)
        self._write(self._first + index, self._row)
        # from each row to the next only one tooth turns
        tooth = 0
        while self._turn >> tooth & 1:
            tooth += 1
        if tooth == self._tooth_count - 1:
            return False
        self._turn += 1
        self._index = index ^ 1 << tooth
        points.routine(
            _ADD_T if self._index >> tooth & 1 else _SUBTRACT_T,
            _TABLES + _ENTRY_BYTES * tooth,
        )
        self._saved_point[:] = _point
        return True

    def _begin(self):
        points.decode(self._key)
        if self._key != points.BASE:
            points.routine(_NEGATE)
        for _ in range(self._doublings):
            points.routine(_DOUBLE_T)
        _start(self._tooth_count, self._spacing)
        self._row = bytearray(_ROW_BYTES)
        self._saved_point = bytearray(_point)
        self._saved_teeth = bytearray(_teeth)


def prepare(public_key, write):
    """Makes a key's table at once: calls write(index, row) with 128 rows of 128 bytes.

    `row` is valid during the call. Returns False if the key is not acceptable or, which no honest
    key is, not of the prime order L: then there is no table. Takes about half a second on the chip.
    """
    comb = of_key(public_key, write)
    if comb is None:
        return False
    while comb.step():
        pass
    return True


def of_key(key, write):
    """The Comb for the table of a key; None if it is not acceptable or not of order L.

    Its rows are of the negative of the key's point: verification subtracts it. Takes 70 ms.
    """
    if not ed25519.is_acceptable_key(key) or not _has_prime_order():
        return None
    return Comb(bytes(key), 0, 0, 8, 32, write)


def of_base(write):
    """The three Combs of the base point's table, as tools/curve25519/tables.py makes it."""
    return [Comb(points.BASE, 0, 0, 8, 32, write)] + _for_signing(rows.ROWS_OF_KEY, write)


def _for_signing(first, write):
    """The Combs of both parts of crypto/signing.py."""
    return [
        Comb(points.BASE, first, 0, 5, 52, write),
        Comb(points.BASE, first + 16, 26, 5, 52, write),
    ]


_kept = None  # the rows, while make_signing_rows is at work


def _keep_row(index, row):
    _kept[_ROW_BYTES * index : _ROW_BYTES * (index + 1)] = row


def make_signing_rows(buffer):
    """Fills a buffer of 32 rows with both parts of crypto/signing.py's comb, without any table."""
    global _kept
    _kept = bytearray(len(buffer))
    for comb in _for_signing(0, _keep_row):
        while comb.step():
            pass
    # only now: the buffer is where the points were
    buffer[:] = _kept
    _kept = None


def _has_prime_order():
    """True if L times the point, which is lost, is the identity. L = 2^252 + ..., bit by bit."""
    from crypto.scalars import L_BYTES

    _keep(0)
    points.routine(_IDENTITY)
    for bit in range(252, -1, -1):
        points.routine(_DOUBLE_T)
        if L_BYTES[bit >> 3] >> (bit & 7) & 1:
            points.routine(_ADD_T, _TABLES)
    return points.is_identity()


def _start(teeth, spacing):
    """With P_t = 2^(spacing t) P: entry t becomes 2 P_t, entry 8 + t P_t, the point row 0."""
    for tooth in range(teeth - 1):
        _keep(8 + tooth)
        points.routine(_DOUBLE_T)
        _keep(tooth)
        for _ in range(spacing - 1):
            points.routine(_DOUBLE_T)
    for tooth in range(teeth - 1):
        points.routine(_SUBTRACT_T, _TABLES + _ENTRY_BYTES * (8 + tooth))


def _keep(entry):
    points.routine(_CACHE, _TABLES + _ENTRY_BYTES * entry)


def _fill(row, index, key):
    """Makes row `index` of a key's table of the point, which is left as it is."""
    move(_saved, 0, _point, 0, _ENTRY_BYTES)
    points.to_affine()
    points.routine(_MAKE_ROW)
    for part in range(3):
        at = _MADE_WORD + 20 * part
        freeze(points.work, at)
        for limb in range(20):
            row[2 * (20 * part + limb)] = points.work[4 * (at + limb)]
            row[2 * (20 * part + limb) + 1] = points.work[4 * (at + limb) + 1]
    rows.seal(row, index, key)
    move(_point, 0, _saved, 0, _ENTRY_BYTES)
