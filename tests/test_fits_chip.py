"""The firmware fits: into each board's flash, and into a heap like the chip's.

The chip has some 160 KB of heap for Python. Here it is the real MicroPython on 64 bits, whose
objects are up to twice as large, with 256 KB, of which the stand-ins for the hardware have 57
(docs/firmware.md has the parts).
"""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from littlefs import LittleFS

from host_tools import demo_passes
from host_tools.client import Client
from host_tools.operators import Operator
from host_tools.provision import Plan, provision
from provisioning import deploy, keys, settings, trust
from simulator import partitions
from simulator.board import BoardData, VirtualBoard
from simulator.hands import usual_kind
from simulator.link import LinkPort
from simulator.wiring import wire
from tests.runtimes import micropython_or_skip
from tests.simulator.owner import Owner

KB = 1024
# The largest stock image of each chip that is known (sources: docs/flash-map.md).
STOCK_IMAGE_BYTES = {"esp32": 1_716_987, "esp32s3": 1_633_206, "esp32c3": 1_833_328}
# firmware/provisioned.py: what a device keeps beside its program, each at its largest.
FILES_BYTES = {
    **{
        "device-key": 72,
        "root": 32,
        "seed": 32,
        "sealing-key": 32,
        "trust": 4096,
        "collection": 1024,
    },
    **{"settings": 512, "revoked": 513, "secrets": 2048},
}
RECORD_BYTES = 192  # in flash; no record is longer (docs/journal.md)
SPARE_BLOCKS = 8  # littlefs writes a changed file beside the old one, and blocks wear out

HEAP = "288K"  # of 64 bits; 284 are enough. The chip's own heap is measured by tests/test_ram.py
REGISTRATIONS = 1000
SETTLED = 200  # registrations after which everything has been used once
GROWTH_BYTES = 2 * KB  # a KB of it: the index has a piece more for each 1 000 people
MORE = 100  # after them, in the next tubes
DAY_S = 86400
NOW = 1_790_000_000
SECRET = bytes(range(32))
LOOK_S = 300  # so seldom that looking does not tidy the heap up for the firmware
# In front of the deployed main.py: a look at the heap now and then.
WATCH = f"""
import asyncio
import gc

async def watch():
    while True:
        await asyncio.sleep({LOOK_S})
        gc.collect()
        print("heap", gc.mem_alloc(), gc.mem_free())

asyncio.create_task(watch())
"""


@pytest.fixture(scope="module", params=deploy.board_names())
def board(request):
    return BoardData(request.param)


def test_the_partitions_add_up(board):
    table = sorted(board.partitions, key=lambda part: part.offset)
    end = partitions.TABLE_END
    for part in table:
        alignment = 64 * KB if part.type == partitions.TYPES["app"] else 4 * KB
        assert part.offset % alignment == 0
        assert part.size % (4 * KB) == 0
        assert part.offset >= end, part
        end = part.offset + part.size
    assert end <= board.FLASH_BYTES


def test_the_stock_image_fits_its_partition(board):
    (app,) = [part for part in board.partitions if part.type == partitions.TYPES["app"]]
    assert app.offset == 0x10000  # where the stock image has it
    assert STOCK_IMAGE_BYTES[board.CHIP] <= app.size


def test_firmware_and_lists_fit_the_file_system(board, tmp_path):
    (vfs,) = [part for part in board.partitions if part.label == "vfs"]
    deploy.compile_firmware(board.folder.name, tmp_path / "out")
    # As MicroPython formats it (extmod/vfs_lfs.c).
    files = LittleFS(
        block_size=4 * KB,
        block_count=vfs.size // (4 * KB),
        read_size=32,
        prog_size=32,
        cache_size=128,
        lookahead_size=32,
    )
    for path in sorted((tmp_path / "out").rglob("*")):
        place = path.relative_to(tmp_path / "out").as_posix()
        if path.is_dir():
            files.mkdir(place)
        else:
            _put(files, place, path.read_bytes())
    for name, size in FILES_BYTES.items():
        _put(files, name, bytes(size))
    _put(files, "trust.new", bytes(max(FILES_BYTES.values())))  # while one is replaced
    assert files.used_block_count + SPARE_BLOCKS <= files.block_count


def _put(files, name, data):
    with files.open(name, "wb") as file:
        file.write(data)


def test_the_journal_holds_a_days_registrations(board):
    (journal,) = [part for part in board.partitions if part.label == "journal"]
    assert journal.size >= 2 * REGISTRATIONS * RECORD_BYTES


class Office:
    """Makes keys, passes, and what a device is given."""

    def __init__(self):
        self._owner = Owner(NOW)
        city = Ed25519PrivateKey.generate()
        self.city = demo_passes.ed25519_signer(city)
        self.school = demo_passes.hmac_signer(b"A school", 5, SECRET)
        times = (NOW - 90 * DAY_S, NOW + 90 * DAY_S, 30 * DAY_S)
        self._trust = [
            [self.city.kid, -8, keys.raw_public(city), *times, "City"],
            [self.school.kid, 5, None, *times, "School"],
        ]

    def plan(self):
        return Plan(
            root=self._owner.root_public,
            unix_s=NOW,
            collection=self._owner.collection,
            trust=self._owner.seal(trust.TYP, sorted(self._trust)),
            settings=self._owner.seal(settings.TYP, settings.Settings().body()),
            secrets=(keys.HmacSecret(self.school.kid, 5, SECRET),),
            signer=Operator.owner(self._owner.root),
        )

    def make_pass(self, number):
        signer = self.school if number % 20 else self.city
        return demo_passes.make_pass(signer, NOW).encode()


class Hall:
    """A device at work with the compiled firmware."""

    def __init__(self, folder):
        micropython_or_skip()
        firmware = folder / "firmware"
        deploy.compile_firmware("simulator", firmware, arch="x64")
        main = firmware / "main.py"
        main.write_text(WATCH + main.read_text())
        self.board = VirtualBoard(
            folder / "device", firmware=firmware, runtime="micropython", heap=HEAP, wire=wire
        )

    def start(self):
        self.board.power_on()
        self.board.run_for_ms(5000)

    def show(self, data):
        """Whether the green light went on."""
        scanner, observer = self.board.chips["scanner"], self.board.observer
        before = len(observer.green.changes), len(observer.red.changes)

        def answered():
            return before != (len(observer.green.changes), len(observer.red.changes))

        # The lamp of the last answer goes out by itself.
        self.board.run_until(lambda: not (observer.green.lit or observer.red.lit), 5000)
        before = len(observer.green.changes), len(observer.red.changes)
        self.board.pace.outside(lambda: scanner.show(data, usual_kind(data)))
        assert self.board.run_until(answered, 5000)
        self.board.pace.outside(scanner.take_away)
        return observer.green.lit

    def heap_bytes(self):
        """(in use, free), as of the next look at it."""
        self.board.link.received.clear()
        self.board.run_for_ms((LOOK_S + 10) * 1000)
        found = re.findall(rb"heap (\d+) (\d+)", bytes(self.board.link.received))
        self.board.link.received.clear()
        return tuple(map(int, found[-1]))


@pytest.fixture
def hall(tmp_path):
    made = Hall(tmp_path)
    yield made
    made.board.close()


def test_a_thousand_registrations_in_the_chips_heap(hall):
    office = Office()
    hall.start()
    provision(Client(LinkPort(hall.board)), office.plan(), lambda *_: None)
    in_use = {}
    for number in range(REGISTRATIONS + MORE):
        if number % 10 == 0:
            assert hall.show(b"T%07d" % (number // 10)), number
        text = office.make_pass(number)
        assert hall.show(text), number
        if number % 50 == 49:
            hall.board.run_for_ms(6000)  # the scanner gives the same code only after 5 s
            assert not hall.show(text)
            assert not hall.show(b"https://example.org/")
        if number + 1 in (SETTLED, REGISTRATIONS):
            in_use[number + 1] = hall.heap_bytes()[0]
    assert in_use[REGISTRATIONS] - in_use[SETTLED] <= GROWTH_BYTES, in_use
    # The same after a restart, with all of it read back from the journal.
    hall.board.power_off()
    hall.start()
    assert not hall.show(text)
    assert hall.show(b"T9999999")
    assert hall.show(office.make_pass(0))
    assert hall.heap_bytes()[0] - in_use[REGISTRATIONS] <= GROWTH_BYTES, in_use
