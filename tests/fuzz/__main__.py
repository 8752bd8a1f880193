"""Fuzzes one side's decoders: python -m tests.fuzz host --inputs 10000 --seed 1"""

import argparse
import resource
import sys
from pathlib import Path

from tests.fuzz.fuzzing import fuzz

ROOT = Path(__file__).parents[2]
FIRMWARE = ("firmware", "simulator/standins", "tests/firmware")  # as pytest has them

MEMORY_BYTES = 1 << 30  # libraries take a third of it


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("host", "device"))
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="One target, by its name.")
    asked = parser.parse_args()
    sys.path += [str(ROOT / folder) for folder in FIRMWARE]
    if asked.side == "host":
        from tests.fuzz.host_targets import targets
    else:
        from tests.fuzz.device_targets import targets
    made = targets()
    if asked.only:
        made = {asked.only: made[asked.only]}
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    tried = 0
    for name, (count, taken, grown) in fuzz(made, asked.inputs, asked.seed).items():
        print(f"{name}: {count} inputs, {taken} taken, {grown} refused in new places")
        tried += count
    print(f"{tried} inputs")


if __name__ == "__main__":
    main()
