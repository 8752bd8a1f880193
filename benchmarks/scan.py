"""What a scan costs the chip, by part: RV32 instructions, allocations, bytes, collections, time.

    python benchmarks/scan.py             a public pass with prepared key, an HMAC pass
    python benchmarks/scan.py --sites     where they allocate
    python benchmarks/scan.py --json      the figures that are held to limits (tools/budgets.py)

The deployed firmware runs in a MicroPython of 32 bits with the simulator's chips (tools/wasm32).
Machine code is counted exactly, in an RV32 emulator; the interpreter at a stated rate
(tools/wasm32/costs.py, where it is told what that was checked against). Time is instructions /
160 000 a millisecond, and what the simulated CPU waits for: the silence that ends a code, the
buses, the flash. `scan` counts from the last byte on the wire to the tone.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools import budgets  # noqa: E402
from tools.ram import Measurement  # noqa: E402
from tools.wasm32 import scan  # noqa: E402
from tools.wasm32.chip import Firmware  # noqa: E402
from tools.wasm32.hall import PEOPLE_IN_TUBE, Hall, Office  # noqa: E402
from tools.wasm32.sites import Sites  # noqa: E402

KEPT, SCANNED_KEPT = 1000, 5000
HOURS = 12
SCANS = 5  # of each kind; the middle one is given, for a collection falls into some and not others
WHOLE = "whole scan"
TABLES_MS = 300_000  # the office's public key is prepared by then


def progress(text):
    print(text, file=sys.stderr, flush=True)


def scans(folder, deployed, kept, kinds, sites=None):
    """{kind: [Scan, ...]} with so many registrations kept. sites: {kind: Sites}, of the last."""
    hall = Hall(folder, deployed, Office(), budgets.CHIP_BYTES)
    found = {}
    number = 1_000_000
    try:
        hall.start()
        hall.provision()
        hall.board.run_for_ms(TABLES_MS)
        hall.register(kept)
        for kind in kinds:
            found[kind] = []
            for _ in range(SCANS):
                hall.register(1)  # somebody is in the tube, so there is room for one more
                if hall.registered % PEOPLE_IN_TUBE == 0:
                    hall.register(1)
                number += 1
                text = hall.office.make_pass(number, public=kind != "HMAC pass")
                last = len(found[kind]) == SCANS - 1
                of_kind = sites.get(kind) if sites and last else None
                found[kind].append(scan.measure(hall, text, kind == WHOLE, of_kind))
                hall.registered += 1
    finally:
        hall.close()
    return found


def middle(found):
    """The scan with the middle number of instructions."""
    ordered = sorted(found, key=lambda one: one.result()["instructions"])
    return ordered[len(ordered) // 2]


def show(kind, found):
    one = middle(found)
    print(f"\n{kind}\n{'part':14}{'instructions':>14}{'allocations':>13}{'bytes':>9}")
    for part, (executed, allocations, size) in one.parts().items():
        print(f"{part:14}{executed:14}{allocations:13}{size:9}")
    result = one.result()
    collected = one.collected()
    print(f"{'collections':14}{collected:14}{result['collections']:13}")
    print(f"{'sum':14}{result['instructions']:14}{result['allocations']:13}", end="")
    print(f"{result['allocated_bytes']:9}")
    if kind != WHOLE:
        print(f"{result['ms_at_160mhz']} ms at 160 MHz, {one.waiting_ms:.1f} of it waiting")


def show_sites(folder, deployed, kept, kinds):
    sites = {kind: Sites(deployed) for kind in kinds}
    scans(folder, deployed, kept, kinds, sites)
    for kind in kinds:
        print(f"\n{kind}\n{'bytes':>6}{'times':>6}{'size':>6}")
        for size, count, each, where in sites[kind].rows():
            print(f"{size:6}{count:6}{each:6}  {where}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--kept", type=int, help="registrations that are kept as codes are scanned")
    parser.add_argument("--sites", action="store_true", help="where a scan allocates")
    parser.add_argument("--scan-only", action="store_true", help="without the figures of the RAM")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if not chosen.json:
            deployed = Firmware(folder / "firmware")
            kinds = (WHOLE, "last byte to tone", "HMAC pass")
            if chosen.sites:
                show_sites(folder / "hall", deployed, chosen.kept or 20, kinds[1:])
                return
            for kind, found in scans(folder / "hall", deployed, chosen.kept or 20, kinds).items():
                show(kind, found)
            return
        measured = Measurement(folder, progress)
        kept = SCANNED_KEPT if chosen.kept is None else chosen.kept
        kind = "last byte to tone"
        found = scans(folder / "hall", measured.deployed, kept, [kind])[kind]
        result = middle(found).result()
        names = ("instructions", "allocated_bytes", "collections", "ms_at_160mhz")
        out = {"scan": {name: result[name] for name in names}}
        if not chosen.scan_only:
            measured.in_a_roomy_heap(kept, (KEPT,))
            measured.hours(HOURS)
            ram = measured.result()
            out["ram"] = {
                "resident": ram["resident"][KEPT],
                "peak": ram["peak"],
                "largest_block": ram["largest_block"],
            }
    print(json.dumps(out))


if __name__ == "__main__":
    main()
