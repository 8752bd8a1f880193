from binascii import unhexlify

from crypto import ed25519, points, preparation, rows, signing

# RFC 8032 section 7.1, TEST 3
KEY = unhexlify("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
MESSAGE = unhexlify("af82")
SIGNATURE = unhexlify(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)


class Table:
    """Rows in RAM, and how many were read."""

    def __init__(self, count):
        self.rows = bytearray(128 * count)
        self.reads = 0

    def write(self, index, row):
        self.rows[128 * index : 128 * index + 128] = row

    def read(self, index, view):
        self.reads += 1
        view[:] = self.rows[128 * index : 128 * index + len(view)]


def prepared():
    table = Table(128)
    assert preparation.prepare(KEY, table.write)
    return table


def test_a_prepared_key_verifies():
    table = prepared()
    assert ed25519.verify(KEY, MESSAGE, SIGNATURE, table)
    assert table.reads == 32
    assert not ed25519.verify(KEY, MESSAGE + b"x", SIGNATURE, table)


def test_a_table_damaged_after_it_was_checked_costs_time_only():
    table = prepared()
    for at in range(0, len(table.rows), 61):
        table.rows[at] ^= 1
    assert ed25519.verify(KEY, MESSAGE, SIGNATURE, table)
    assert not ed25519.verify(KEY, MESSAGE + b"x", SIGNATURE, table)


def test_rows_of_zeros_or_ones_make_nothing_good():
    """What flash is like that lost all; a sum with it comes out as all zeros."""
    zeros = bytes(32)
    for byte in (0, 0xFF):
        table = Table(160)
        for at in range(len(table.rows)):
            table.rows[at] = byte
        shipped = rows.base()
        try:
            for base, key in ((table, None), (shipped, table), (table, table), (table, prepared())):
                rows.use(base)
                assert not ed25519.verify(KEY, MESSAGE + b"x", SIGNATURE, key)
                # R is a point of order 4: y = 0
                assert not ed25519.verify(KEY, MESSAGE, zeros + SIGNATURE[32:], key)
                assert not ed25519.verify(KEY, MESSAGE, zeros + zeros, key)
        finally:
            rows.use(shipped)


def test_a_table_is_checked_whole():
    table = prepared()
    assert rows.is_of(table, KEY, 128)
    for at in range(0, len(table.rows), 61):
        table.rows[at] ^= 1
        assert not rows.is_of(table, KEY, 128)
        table.rows[at] ^= 1
    # rows that changed places
    row = bytes(table.rows[8 * 128 : 9 * 128])
    table.rows[16 * 128 : 17 * 128] = row
    assert not rows.is_of(table, KEY, 128)
    assert not rows.is_of(Unreadable(), KEY, 128)


def test_a_table_is_bound_to_its_key():
    other = unhexlify("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert not rows.is_of(prepared(), other, 128)


def test_no_table_for_a_key_that_is_not_of_prime_order():
    # the sum of TEST 3's key and a point of order 2: (-x, -y)
    mixed = bytearray((2**255 - 19 - int.from_bytes(KEY, "little") % 2**255).to_bytes(32, "little"))
    mixed[31] |= (KEY[31] ^ 0x80) & 0x80
    assert ed25519.is_acceptable_key(bytes(mixed))
    table = Table(128)
    assert not preparation.prepare(bytes(mixed), table.write)
    assert not any(table.rows)
    assert not preparation.prepare(b"\x01" + bytes(31), table.write)


def test_the_base_point_is_prepared_as_the_script_did_it():
    table = Table(160)
    for comb in preparation.of_base(table.write):
        while comb.step():
            # whatever is computed between two steps
            assert points.decode(KEY)
    shipped = bytearray(160 * 128)
    rows.base().read(0, memoryview(shipped))
    assert shipped == table.rows


def test_a_row_names_its_key():
    # whoever finds a key with another's check has not got its rows: these name all of the key
    row = bytearray(prepared().rows[7 * 128 : 8 * 128])
    assert rows.are_of(row, 7, KEY)
    assert not rows.are_of(row, 15, KEY)
    assert row[124:] == KEY[28:]
    other = bytearray(KEY)
    other[31] ^= 1
    assert not rows.are_of(row, 7, other)
    rows.seal(row, 7, other)
    assert rows.are_of(row, 7, other)
    assert not rows.are_of(row, 7, KEY)


class Unreadable:
    """A table whose flash has failed."""

    def read(self, index, view):
        raise OSError(5)


def test_flash_that_fails_costs_time_only():
    assert ed25519.verify(KEY, MESSAGE, SIGNATURE, Unreadable())
    assert not ed25519.verify(KEY, MESSAGE + b"x", SIGNATURE, Unreadable())


def test_without_the_base_points_table():
    shipped = rows.base()
    seed = unhexlify("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    try:
        for table in (Table(160), Unreadable()):
            rows.use(table)
            assert ed25519.verify(KEY, MESSAGE, SIGNATURE)
            assert not ed25519.verify(KEY, MESSAGE + b"x", SIGNATURE)
            assert signing.sign(seed, MESSAGE) == SIGNATURE
    finally:
        rows.use(shipped)
