"""What the deployed firmware takes of a chip's RAM: whole, by part, at rest and at most.

    python -m tools.ram                   1 000 registrations, a minute or two
    python -m tools.ram --kept 5000 --hours 12 --json

The firmware is deployed as for an ESP32-C3 (provisioning/deploy.py), its machine code taken out and
counted, and the rest run by a MicroPython whose words have 32 bits, with the simulator's chips
(tools/wasm32). What the stand-ins for the chip take is measured before the firmware is loaded, and
taken off. What the image's own modules make as they are used (asyncio's tasks, a UART) is the
firmware's, as on the chip; file systems are not: the chip's littlefs takes 1 to 2 KB more.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from provisioning import deploy
from provisioning.build.name_map import NameMap
from tools import budgets
from tools.rv32 import mpy
from tools.wasm32.census import blocks, census
from tools.wasm32.chip import Firmware, Parts, names_table_bytes
from tools.wasm32.hall import Hall, Office
from tools.wasm32.stubs import Stubs

ROOMY_BYTES = 256 * budgets.KB  # a pool in which nothing is refused for want of memory
HOSTILE = b"SP1:" + b"A" * 508
HOUR_MS = 3_600_000
PEOPLE_AN_HOUR = 10
EPOCH_PEOPLE = 500
AROUND_EPOCH = 30
TABLES_MS = 60_000
SETTLE_MS = 10_000


def _native(out, architecture):
    """Bytes of machine code by module, for an architecture."""
    deploy.compile_firmware("simulator", out, arch=architecture)
    sources = NameMap.load(deploy.map_beside(out)).files
    sizes = {}
    for path in out.rglob("*.mpy"):
        parts = Parts(sources[path.name])
        for number, code in enumerate(mpy.read(path.read_bytes(), path.name).code.children):
            waiting = [code]
            while waiting:
                piece = waiting.pop()
                waiting += piece.children
                if piece.kind == mpy.VIPER:
                    name = parts.of(number)
                    sizes[name] = sizes.get(name, 0) + Stubs.size(piece)
    return sizes


class Measurement:
    """All figures, in bytes, machine code included; made step by step."""

    def __init__(self, folder, progress):
        self._folder = folder
        self._progress = progress
        progress("deploying")
        self.deployed = Firmware(folder / "firmware")
        self.machine_code = self.deployed.stubs.total()
        self._tables_more = 0
        self.resident = {}  # registrations kept: bytes
        self.peaks = {}  # operation: bytes
        self.names = 0
        self.largest_block = None
        self.parts = {}  # of what is resident with all registrations: bytes
        self.refused = []  # operations that found no memory in the hours

    def _bytes(self, used):
        not_there = self.deployed.standins_bytes + self.deployed.stubs.stub_bytes
        return used - not_there + self.machine_code + self._tables_more

    def _count_names(self, chip):
        """The firmware's names; and the table that they need on the chip, against what they need
        on top of the stand-ins' names here."""
        firmware = {name.encode() for name in self.deployed.names()}
        all_names = chip.names()
        self.names = len(firmware.intersection(all_names))
        here = names_table_bytes(len(all_names)) - names_table_bytes(chip.baseline_names)
        self._tables_more = names_table_bytes(self.names) - here

    def _peak(self, name, measured):
        most = self._bytes(measured)
        self.peaks[name] = max(most, self.peaks.get(name, 0))
        self._progress(f"{name}: {most / budgets.KB:.1f} KB at most")

    def in_a_roomy_heap(self, kept, resident_at=()):
        """Resident with none, with `kept` registrations and those of `resident_at`, and live at
        most in each operation with `kept`."""
        office = Office()
        hall = Hall(self._folder / "roomy", self.deployed, office, ROOMY_BYTES)
        before = {}
        hall.board.on_loaded = lambda chip: before.update(blocks(chip))
        try:
            hall.start()
            hall.board.on_loaded = None
            hall.provision()
            hall.board.run_for_ms(SETTLE_MS)
            hall.on_cpu(lambda: self._count_names(hall.chip))
            self.resident[0] = self._bytes(hall.live().used)
            for count in sorted({EPOCH_PEOPLE, *resident_at, *range(100, kept, 100), kept}):
                if count > kept:
                    break
                if count == EPOCH_PEOPLE:
                    hall.register(count - hall.registered - AROUND_EPOCH // 2)
                    self._peak("epoch", hall.most_live(lambda: hall.register(AROUND_EPOCH)))
                hall.register(max(0, count - hall.registered))
                self._progress(f"{hall.registered} registered")
                if count == kept or count in resident_at:
                    hall.board.run_for_ms(SETTLE_MS)
                    self.resident[count] = self._bytes(hall.live().used)
            self.parts = hall.on_cpu(lambda: census(hall.chip, before))
            self._operations(hall)
        finally:
            hall.close()

    def _operations(self, hall):
        number = 1_000_000

        def scan(public):
            nonlocal number
            number += 1
            if hall.registered % 10 == 0:
                hall.register(1)
            hall.show(hall.office.make_pass(number, public=public))

        self._peak("scan", hall.most_live(lambda: (scan(True), scan(False), scan(True))))
        self._peak("hostile code", hall.most_live(lambda: hall.show(HOSTILE)))
        hall.office = Office(largest=True, sequence=2)
        self._peak("provision", hall.most_live(hall.provision))
        self._peak("tables of keys", hall.most_live(lambda: hall.board.run_for_ms(TABLES_MS)))
        self._peak("pull", hall.most_live(hall.pull))
        hall.stop()
        self._peak("start", hall.most_live_at_start())
        self._peak("pull", hall.most_live(hall.pull))
        self._peak("acknowledge", hall.most_live(lambda: hall.pull(acknowledge=True)))
        self._peak("close shift", hall.most_live(lambda: hall.pull(close_shift=True)))

    def hours(self, hours):
        """The largest free block after so many hours of use in a heap as large as the chip's."""
        hall = Hall(
            *(self._folder / "pieces", self.deployed, Office(), budgets.CHIP_BYTES),
            first_area=budgets.FIRST_AREA_BYTES,
        )
        try:
            hall.start()
            hall.provision()
            for hour in range(hours):
                hall.register(PEOPLE_AN_HOUR)
                try:
                    hall.pull(acknowledge=True)
                except Exception as error:  # what the device had no room for
                    self.refused.append(f"hour {hour}: {error}")
                hall.board.run_for_ms(HOUR_MS)
                self._progress(f"hour {hour + 1}")
            self.largest_block = hall.live().largest_free
        finally:
            hall.close()

    def result(self):
        """All of it, to be written as JSON."""
        return {
            "machine_code": self.machine_code,
            "names": self.names,
            "resident": self.resident,
            "peaks": self.peaks,
            "peak": max(self.peaks.values(), default=None),
            "largest_block": self.largest_block,
            "refused": self.refused,
        }


def _folder_of(module):
    return module.rpartition("/")[0] or module


def _print(result, parts, native):
    if parts:
        print(f"{'functions of':48}{'in the heap':>14}{'machine code':>14}")
        folders = {}
        for name in sorted({*parts, *native}):
            row = folders.setdefault(_folder_of(name), [0, 0])
            row[0] += parts.get(name, 0)
            row[1] += native.get(name, 0)
        for name, row in sorted(folders.items(), key=lambda item: -sum(item[1])):
            print(f"{name:48}{row[0]:14}{row[1]:14}")
        total = [sum(row[i] for row in folders.values()) for i in range(2)]
        print(f"{'sum':48}{total[0]:14}{total[1]:14}\n")

    def line(name, value):
        print(f"{name:40}{value / budgets.KB:8.1f} KB")

    for kept, size in result["resident"].items():
        line(f"resident, {kept} registrations kept", size)
    for name, size in result["peaks"].items():
        line(f"live at most: {name}", size)
    line("machine code", result["machine_code"])
    if result["largest_block"] is not None:
        line("largest free block after the hours", result["largest_block"])
    for refused in result["refused"]:
        print(f"refused: {refused}")
    print(f"{'names':40}{result['names']:8}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kept", type=int, default=1000, help="registrations that are kept")
    parser.add_argument(
        "--resident-at", type=int, action="append", default=[], help="also look at so many"
    )
    parser.add_argument("--hours", type=int, default=0, help="hours of use, in a heap of pieces")
    parser.add_argument("--parts", action="store_true", help="what each part takes, too")
    parser.add_argument("--json", action="store_true", help="as JSON, without a table")
    chosen = parser.parse_args()

    def progress(text):
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        measured = Measurement(Path(folder), progress)
        native = _native(Path(folder) / "native", "xtensawin") if chosen.parts else {}
        measured.in_a_roomy_heap(chosen.kept, chosen.resident_at)
        if chosen.hours:
            measured.hours(chosen.hours)
    result = measured.result()
    parts = measured.parts if chosen.parts else {}
    if chosen.json:
        result["parts"] = parts
        print(json.dumps(result))
    else:
        _print(result, parts, native)


if __name__ == "__main__":
    main()
