"""Tables of a point that does not change: 128 rows, kept outside RAM and read one at a time.

Row i is the sum of 2^(32 t) P for t = 0 to 7, where bit t of i says plus (1) or minus (0), and the
last is always added. A row is 128 bytes: the three parts named in tools/curve25519/programs.py, 20
limbs of 13 bits each as little-endian half words, then their CRC-32, begun with that of
the key xor i, then bytes 4 (i & 7) to 4 (i & 7) + 3 of the key. So any eight rows name the key: the
check is against damage and can be met by a key made for that, whose owner could then sign in the
other's name.

A table is anything with `read(index, view)`, which fills `view` with consecutive rows from `index`
on. The base point's has 32 more for signing (crypto/signing.py), and is installed with `use`; if
none is, base_point.rows is looked for beside this file. A table is checked whole (`is_of`) before
it is used, and not looked at again.
"""

from binascii import crc32

import micropython
from micropython import const

from crypto.points import BASE

ROW_BYTES = const(128)
_CHECK_AT = const(120)
ROWS_OF_KEY = const(128)
ROWS_OF_BASE = const(160)

_base = None
_is_looked_for = False
_keys = {}


class FileTable:
    """Rows in a file."""

    def __init__(self, path):
        """`path`: of a file of rows and nothing else. Raises OSError."""
        self._file = open(path, "rb")

    def read(self, index, view):
        """Fills `view` with rows from `index` on. Raises OSError if the file is too short."""
        self._file.seek(ROW_BYTES * index)
        if self._file.readinto(view) != len(view):
            raise OSError("the table of points is cut short")


def use(table):
    """Makes `table` the base point's; it is whole. None: there is none."""
    global _base, _is_looked_for
    _base = table
    _is_looked_for = True


def base():
    """The base point's table, or None if there is none."""
    global _base, _is_looked_for
    if not _is_looked_for:
        _is_looked_for = True
        try:
            shipped = FileTable(__file__[: __file__.rfind("/") + 1] + "base_point.rows")
        except OSError:
            return None
        if is_of(shipped, BASE, ROWS_OF_BASE):
            _base = shipped
    return _base


def use_for(key, table):
    """Has `table`, of this key of 32 bytes and whole, used to verify with it."""
    _keys[bytes(key)] = table


def forget_keys():
    """No key has a table any more."""
    _keys.clear()


def of_key(key):
    """The table of a key, or None."""
    return _keys.get(key if isinstance(key, bytes) else bytes(key))


def is_of(table, key, count):
    """True if `count` rows of a table, a multiple of 8, can be read and are of this key."""
    piece = memoryview(bytearray(8 * ROW_BYTES))
    for index in range(0, count, 8):
        try:
            table.read(index, piece)
        except OSError:
            return False
        if not are_of(piece, index, key):
            return False
    return True


def are_of(view, index, key):
    """True if consecutive rows, the first being row `index`, are undamaged and of this key."""
    total = crc32(key)
    for at in range(0, len(view), ROW_BYTES):
        row = view[at : at + ROW_BYTES]
        if row[_CHECK_AT:] != _tail(row, index, key, total):
            return False
        index += 1
    return True


def seal(row, index, key):
    """Ends row `index` of this key's table with its check and its part of the key."""
    row[_CHECK_AT:] = _tail(row, index, key, crc32(key))


def _tail(row, index, key, total):
    total = crc32(memoryview(row)[:_CHECK_AT], total ^ index)
    part = 4 * (index & 7)
    return total.to_bytes(4, "little") + key[part : part + 4]


@micropython.viper
def pick(acc: int, p: ptr32, bits: ptr8, out: ptr32):
    """For signing.py: writes to `out` the row that five digits of an odd, secret scalar name.

    Or its negative. p: of 16 rows, all of which are read, and one kept. bits: the scalar. acc: the
    first digit's number; the others are 52 apart.
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
