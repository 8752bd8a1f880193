"""The whole firmware prepares the keys of its trust list, and verifies passes with the tables."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from host_tools.client import Client
from host_tools.provision import Plan, provision
from provisioning import cose, issuing, local_time, settings, trust
from provisioning.keys import raw_public
from provisioning.settings import Settings
from provisioning.trust import Issuer, TrustList
from simulator import hands
from simulator.board import FirmwareStopped, VirtualBoard
from simulator.link import LinkPort
from simulator.wiring import wire
from tests.runtimes import micropython_or_skip
from tests.simulator.owner import Owner

FIRMWARE = Path(__file__).parents[2] / "firmware"
NOW_S = 1790000000
TABLE_BYTES = 128 * 128
BASE_BYTES = 5 * 4096
READY_MS = 8000
SCANNER_MS = 3000  # until it is found and set up
MAKING_MS = 90_000  # the host has to have gone, and then each table takes some seconds
OWNER = Owner(NOW_S)
ISSUER = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01")


class Bench:
    """A provisioned device on the table, and what it reads of its curve partition."""

    def __init__(self, folder, runtime):
        self.board = VirtualBoard(folder, runtime=runtime, wire=wire)
        self.curve = self.board.partition("curve").offset
        self.flash_file = folder / "flash.bin"
        self.reads = []  # offsets in the partition
        self.programs = 0  # of it
        self._read, self._program = self.board.flash.read, self.board.flash.program
        self.board.flash.read = self._watched
        self.board.flash.program = self._counted
        self._people = 0

    def _watched(self, address, count):
        if self.curve <= address < self.curve + 16 * 4096:
            self.reads.append(address - self.curve)
        return self._read(address, count)

    def _counted(self, address, data):
        self.programs += self.curve <= address < self.curve + 16 * 4096
        return self._program(address, data)

    def boot(self):
        self.board.power_on()
        ready = {"NOT SET UP", "SCAN A TUBE", "READY"}
        assert self.board.run_until(
            lambda: ready.intersection(hands.screen_lines(self.board)), READY_MS
        ), hands.screen_lines(self.board)
        self.board.run_for_ms(SCANNER_MS)

    def provision(self):
        public = raw_public(ISSUER)
        row = Issuer(cose.kid_of(public), -8, public, 0, NOW_S * 2, 10**7, "A")
        plan = Plan(
            root=OWNER.root_public,
            unix_s=NOW_S,
            collection=OWNER.collection,
            trust=OWNER.seal(trust.TYP, TrustList((row,)).body()),
            settings=OWNER.seal(settings.TYP, Settings(without_tubes=True).body()),
        )
        provision(Client(LinkPort(self.board)), plan, lambda *_: None)

    def key_rows(self):
        """How many rows of the issuer's table are in flash."""
        with open(self.flash_file, "rb") as file:  # no time passes as when the chip reads
            file.seek(self.curve + BASE_BYTES)
            table = file.read(TABLE_BYTES)
        return sum(table[at : at + 128] != b"\xff" * 128 for at in range(0, TABLE_BYTES, 128))

    def scan_reads(self):
        """Shows a new person's pass, which must be accepted: (base rows, key rows) read for it."""
        self._people += 1
        person = issuing.Person(self._people.to_bytes(16, "big"), "张三")
        validity = issuing.Validity(NOW_S - 60, NOW_S + 86400)
        made = issuing.issue(ISSUER, person, validity, local_time.zone())
        self.reads.clear()
        answer = hands.show(self.board, made.text.encode())
        assert answer.lights == ["green"], answer
        base = sum(offset < BASE_BYTES for offset in self.reads)
        return base, len(self.reads) - base


@pytest.fixture(params=["cpython", "micropython"])
def bench(request, tmp_path):
    if request.param == "micropython":
        micropython_or_skip()
    one = Bench(tmp_path, request.param)
    one.boot()
    one.provision()
    yield one
    one.board.close()


def test_passes_are_verified_with_the_tables(bench):
    assert bench.board.run_until(lambda: bench.key_rows() == 128, MAKING_MS)
    bench.board.run_for_ms(500)
    assert bench.scan_reads() == (32, 32)
    bench.board.power_off()
    bench.programs = 0
    bench.boot()
    assert bench.scan_reads() == (32, 32)
    assert bench.programs == 0  # the table was found, not made


def test_passes_are_verified_while_the_tables_are_made(bench):
    assert bench.board.run_until(lambda: bench.key_rows() > 20, MAKING_MS)
    assert bench.scan_reads()[0] == 32
    assert bench.board.run_until(lambda: bench.key_rows() == 128, MAKING_MS)
    bench.board.run_for_ms(500)
    assert bench.scan_reads() == (32, 32)


def test_power_fails_while_a_table_is_made(bench):
    assert bench.board.run_until(lambda: bench.key_rows() > 20, MAKING_MS)
    bench.board.flash.cut_at(bench.board.flash.operations + 1, 40)
    bench.board.run_for_ms(200)
    assert not bench.board.powered
    bench.boot()
    assert bench.scan_reads()[0] == 32
    assert bench.board.run_until(lambda: bench.key_rows() == 128, MAKING_MS)
    bench.board.run_for_ms(500)
    assert bench.scan_reads() == (32, 32)


def test_a_damaged_table_is_made_again(bench):
    assert bench.board.run_until(lambda: bench.key_rows() == 128, MAKING_MS)
    bench.board.power_off()
    with open(bench.flash_file, "r+b") as file:
        file.seek(bench.curve + BASE_BYTES + 128 * 77)
        file.write(bytes(1))
    bench.boot()
    bench.board.run_for_ms(MAKING_MS)
    assert bench.scan_reads() == (32, 32)


PRINT_A_ROW = """
from crypto import rows
row = bytearray(128)
rows.base().read(3, memoryview(row))
try:
    open(rows.__file__, "wb")
except OSError:
    print("row", bytes(row[:8]))
"""


def test_the_file_of_the_base_point_can_be_read(tmp_path):
    firmware = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    (firmware / "print_a_row.py").write_text(PRINT_A_ROW)
    row = (FIRMWARE / "crypto/base_point.rows").read_bytes()[384:392]
    with VirtualBoard(tmp_path / "board", firmware=firmware, main="print_a_row.py") as board:
        board.power_on()
        with pytest.raises(FirmwareStopped):
            board.run_for_ms(1000)
        assert f"row {row}" in bytes(board.link.received).decode()
