from binascii import unhexlify

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from crypto import ed25519, rows
from keeping.curve_tables import CurveTables
from ram_flash import Cut, RamFlash

# RFC 8032 section 7.1, TEST 2 and TEST 3
KEY = unhexlify("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = unhexlify(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
OTHER = unhexlify("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
FLASH = RamFlash(16)


def make(tables, keys):
    """Has all tables made; returns how many steps there were."""
    steps = 0
    while tables.step(keys):
        steps += 1
        assert steps < 1000
    return steps


def filled():
    """A flash with the tables of the base point and KEY, made once."""
    if FLASH.operations == 0:
        make(CurveTables(FLASH), [KEY])
    flash = RamFlash(16)
    flash.bytes[:] = FLASH.bytes
    return flash


def with_rows_restored(test):
    base = rows.base()
    try:
        test()
    finally:
        rows.use(base)
        rows.forget_keys()


def test_tables_are_made_and_found_again():
    def check():
        flash = filled()
        assert FLASH.erases == 0  # it was blank
        assert FLASH.operations == 160 + 128
        shipped = bytearray(160 * 128)
        rows.FileTable("firmware/crypto/base_point.rows").read(0, memoryview(shipped))
        assert flash.bytes[: len(shipped)] == shipped
        rows.forget_keys()
        tables = CurveTables(flash)
        assert tables.capacity == 2
        tables.use_base()
        tables.use_keys([OTHER, KEY])
        assert rows.of_key(KEY) is not None and rows.of_key(OTHER) is None
        assert not tables.step([KEY])
        assert flash.operations == 0
        assert ed25519.verify(KEY, b"\x72", SIGNATURE)
        assert not ed25519.verify(KEY, b"\x73", SIGNATURE)

    with_rows_restored(check)


def test_passes_are_verified_between_the_steps():
    def check():
        flash = RamFlash(9)
        tables = CurveTables(flash)
        tables.use_base()
        tables.use_keys([KEY])
        steps = 0
        while tables.step([KEY]):
            steps += 1
            if steps % 50 == 0:
                assert ed25519.verify(KEY, b"\x72", SIGNATURE)
                assert not ed25519.verify(KEY, b"\x73", SIGNATURE)
        assert flash.bytes == filled().bytes[: len(flash.bytes)]

    with_rows_restored(check)


def test_a_table_that_power_cut_short_is_made_again():
    def check():
        # in a row, and in the erasing that making it again begins with
        for operation, done in ((60, 64), (1, 2000)):
            flash = filled()
            tables = CurveTables(flash)
            tables.use_base()
            tables.use_keys([KEY])
            if done == 2000:
                flash.bytes[9 * 4096] = 0
            flash.cut_at = (operation, done)
            try:
                make(tables, [KEY, OTHER])
                raise AssertionError("no cut")
            except Cut:
                flash.cut_at = None
            tables = CurveTables(flash)
            tables.use_base()
            tables.use_keys([KEY, OTHER])
            assert rows.of_key(KEY) is not None and rows.of_key(OTHER) is None
            make(tables, [KEY, OTHER])
            assert rows.of_key(OTHER) is not None
            assert not tables.step([KEY, OTHER])

    with_rows_restored(check)


def test_the_place_of_a_key_that_is_gone_is_free():
    def check():
        flash = RamFlash(9)
        flash.bytes[:] = filled().bytes[: len(flash.bytes)]
        tables = CurveTables(flash)
        tables.use_base()
        tables.use_keys([KEY])
        assert tables.capacity == 1 and not tables.step([KEY, OTHER])
        make(tables, [OTHER])
        assert rows.of_key(KEY) is None and rows.of_key(OTHER) is not None
        assert flash.erases == 4

    with_rows_restored(check)


def test_a_key_that_goes_while_its_table_is_made():
    def check():
        flash = filled()
        tables = CurveTables(flash)
        tables.use_base()
        tables.use_keys([KEY])
        for _ in range(20):
            assert tables.step([KEY, OTHER])
        make(tables, [KEY])
        assert rows.of_key(OTHER) is None
        make(tables, [KEY, OTHER])
        assert rows.of_key(OTHER) is not None

    with_rows_restored(check)


def test_a_key_without_a_table_is_not_tried_again():
    def check():
        bad = b"\x01" + bytes(31)
        flash = filled()
        tables = CurveTables(flash)
        tables.use_base()
        tables.use_keys([])
        assert make(tables, [bad, OTHER]) > 0
        assert rows.of_key(bad) is None and rows.of_key(OTHER) is not None
        assert not tables.step([bad, OTHER])

    with_rows_restored(check)


class WornFlash(RamFlash):
    """Programs, and says so, but some bits do not change; `fails`: it says that too."""

    fails = False

    def writeblocks(self, block, data, offset):
        if self.fails:
            raise OSError(5)
        super().writeblocks(block, data, offset)
        self.bytes[block * 4096 + offset + 7] |= 0x80


def test_flash_that_does_not_keep_a_table_is_not_worn_further():
    def check():
        for fails in (False, True):
            flash = WornFlash(9)
            flash.fails = fails
            flash.bytes[:] = filled().bytes[: len(flash.bytes)]
            tables = CurveTables(flash)
            tables.use_base()
            tables.use_keys([OTHER])
            make(tables, [OTHER])
            assert flash.erases == 4
            assert rows.of_key(OTHER) is None
            assert not tables.step([OTHER])

    with_rows_restored(check)


class UnreadableFlash(RamFlash):
    """Cannot be read at all."""

    def readblocks(self, block, buffer, offset=0):
        raise OSError(5)


def test_flash_that_cannot_be_read_is_done_without():
    def check():
        flash = UnreadableFlash(9)
        tables = CurveTables(flash)
        tables.use_base()
        tables.use_keys([KEY])
        make(tables, [KEY])
        assert flash.operations == 0
        assert rows.of_key(KEY) is None
        assert ed25519.verify(KEY, b"\x72", SIGNATURE)

    with_rows_restored(check)
