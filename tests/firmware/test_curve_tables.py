from binascii import unhexlify

from curve_tables import CurveTables
from ram_flash import Cut, RamFlash
from verify import ed25519, rows

# RFC 8032 section 7.1, TEST 2 and TEST 3
KEY = unhexlify("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = unhexlify(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
OTHER = unhexlify("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
FLASH = RamFlash(16)


def filled():
    """Tables of the base point and KEY, made once."""
    tables = CurveTables(FLASH)
    while tables.prepare([KEY]):
        pass
    return tables


def with_rows_restored(test):
    base = rows.base()
    try:
        test()
    finally:
        rows.use(base)
        rows.forget_keys()


def test_tables_are_made_and_found_again():
    def check():
        assert filled().capacity == 2
        shipped = bytearray(160 * 128)
        rows.FileTable("firmware/verify/base_point.rows").read(0, memoryview(shipped))
        assert FLASH.bytes[: len(shipped)] == shipped
        erases = FLASH.erases
        rows.forget_keys()
        tables = CurveTables(FLASH)
        tables.start([OTHER, KEY])
        assert rows.of_key(KEY) is not None and rows.of_key(OTHER) is None
        assert not tables.prepare([KEY])
        assert FLASH.erases == erases
        assert ed25519.verify(KEY, b"\x72", SIGNATURE)
        assert not ed25519.verify(KEY, b"\x73", SIGNATURE)

    with_rows_restored(check)


def test_a_table_that_power_cut_short_is_made_again():
    def check():
        filled()
        flash = RamFlash(16)
        flash.bytes[:] = FLASH.bytes
        tables = CurveTables(flash)
        tables.start([KEY])
        flash.cut_at = (flash.operations + 4 + 60, 64)
        try:
            tables.prepare([KEY, OTHER])
        except Cut:
            pass
        flash.cut_at = None
        tables = CurveTables(flash)
        tables.start([KEY, OTHER])
        assert rows.of_key(KEY) is not None and rows.of_key(OTHER) is None
        assert tables.prepare([KEY, OTHER]) and rows.of_key(OTHER) is not None
        assert not tables.prepare([KEY, OTHER])

    with_rows_restored(check)


def test_the_place_of_a_key_that_is_gone_is_free():
    def check():
        flash = RamFlash(9)
        filled()
        flash.bytes[:] = FLASH.bytes[: len(flash.bytes)]
        tables = CurveTables(flash)
        tables.start([KEY])
        assert tables.capacity == 1 and not tables.prepare([KEY, OTHER])
        assert tables.prepare([OTHER]) and rows.of_key(KEY) is None
        assert rows.of_key(OTHER) is not None

    with_rows_restored(check)


def test_a_key_without_a_table_is_not_tried_again():
    def check():
        filled()
        flash = RamFlash(16)
        flash.bytes[:] = FLASH.bytes
        tables = CurveTables(flash)
        bad = b"\x02" + bytes(31)
        while tables.prepare([bad]):
            pass
        assert rows.of_key(bad) is None

    with_rows_restored(check)
