"""What the firmware's Curve25519 and SHA-512 cost, on the chip's core and against others.

    python benchmarks/curve25519.py [--json]

Instructions are those of an ESP32-C3's core (RV32IMC): the compiled modules run in an emulator,
tools/rv32; what is added for bytecode and calls is written there. Ratios are of times in the real
MicroPython on this machine. micropython-lib's SHA-512 is fetched from PyPI for that; without a
network that ratio is left out.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.micropython_lib import NotFetched, fetch_sha512  # noqa: E402
from provisioning import programs  # noqa: E402
from tools.rv32.measure import measure  # noqa: E402

LIMITS = {  # instructions: the most it may be, and what is aimed for
    "verify": (9_600_000, 9_600_000),
    "verify_prepared": (3_950_000, 3_000_000),
    "sign": (15_000_000, 6_000_000),
    "x25519": (12_000_000, 9_000_000),
    "sha512_block": (160_000, 160_000),
}
CLOCK_HZ = 160_000_000


def micropython():
    """The path of the real MicroPython. Exits if there is none."""
    try:
        return programs.find("micropython")
    except programs.ProgramMissing as error:
        sys.exit(str(error))


def ratios():
    """How many times as long others take as the firmware's own, in the real MicroPython."""
    folder = ROOT / "benchmarks"
    command = [
        micropython(),
        str(folder / "on_micropython.py"),
        str(folder),
        str(ROOT / "firmware"),
    ]
    with tempfile.TemporaryDirectory() as fetched:
        try:
            fetch_sha512(fetched)
            command.append(fetched)
        except NotFetched as error:
            print(f"without micropython-lib's SHA-512: {error}", file=sys.stderr)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"MicroPython failed:\n{done.stdout}{done.stderr}")
    times = {name: float(us) for name, us in (line.split() for line in done.stdout.splitlines())}
    found = {
        "textbook_verify": times["textbook"] / times["verify"],
        "big_integer_verify": times["big_integers"] / times["verify"],
        "plain_sha512": times["plain_sha512"] / times["sha512"],
        "verify_to_verify_prepared": times["verify"] / times["verify_prepared"],
    }
    if "micropython_lib_sha512" in times:
        found["micropython_lib_sha512"] = times["micropython_lib_sha512"] / times["sha512"]
    return {name: round(value, 2) for name, value in found.items()}


def show(report):
    print(f"{'':18}{'instructions':>14}{'limit':>14}{'target':>14}{'ms at 160 MHz':>16}")
    for name, count in report["rv32_instructions"].items():
        limit, target = LIMITS[name]
        print(f"{name:18}{count:>14,}{limit:>14,}{target:>14,}{count * 1000 / CLOCK_HZ:>16.1f}")
    print("\ntimes as long in the real MicroPython on this machine:")
    for name, value in report["ratios"].items():
        print(f"  {name:26}{value:>10}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    wanted = parser.parse_args()
    report = {"rv32_instructions": measure(), "ratios": ratios()}
    if wanted.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)


if __name__ == "__main__":
    main()
