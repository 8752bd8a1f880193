"""How fast the host takes in sealed records: parsed, stored, opened and verified, on one core.

    python benchmarks/journal_host.py [--records 20000] [--json]

The records are the firmware's own, written by its journal on flash in RAM with real keys. Beside
them the same number of rows of the same size inserted into SQLite and nothing else.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [
    str(ROOT / part) for part in (".", "firmware", "simulator/standins", "tests/firmware")
]

from host_tools.journal import records  # noqa: E402 - needs the paths above
from host_tools.store import Store  # noqa: E402
from tests.host_tools.journal.sealed import DEVICE, NOON, Sealed, subject  # noqa: E402

BATCH = 2000  # as `scanpost pull` stores them


def written(count: int) -> tuple[Sealed, list[bytes]]:
    """A shift's records, `count` of them, tubes of ten and epochs among them."""
    sealed = Sealed(sectors=count // 50 + 16)
    journal = sealed.journal
    number = 0
    while journal.next_sequence <= count:
        if number % 10 == 0:
            journal.append(records.TUBE_OPENED, NOON, [f"T{number:07d}", 0])
        journal.append(
            records.REGISTRATION,
            NOON,
            [subject(number % 65536), b"cti-8 by", 0, 0, number % 10 + 1, 0],
        )
        number += 1
        if number % 500 == 0:
            sealed.restart()  # a new epoch
            journal = sealed.journal
    return sealed, sealed.raws()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=20000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sealed, raws = written(options.records)
    with tempfile.TemporaryDirectory() as folder:
        plain = sqlite3.connect(Path(folder) / "plain.db", isolation_level=None)
        plain.execute("CREATE TABLE r (device BLOB, sequence INTEGER, raw BLOB)")
        began = time.perf_counter()
        for start in range(0, len(raws), BATCH):
            plain.execute("BEGIN")
            plain.executemany(
                "INSERT INTO r VALUES (?,?,?)",
                [
                    (DEVICE, start + index, raw)
                    for index, raw in enumerate(raws[start : start + BATCH])
                ],
            )
            plain.execute("COMMIT")
        inserted_s = time.perf_counter() - began
        store = Store(Path(folder) / "store.db")
        store.add_device(
            {
                **{"device": DEVICE, "key": sealed.identity.public_key, "name": "", "board": ""},
                "version": "",
            },
            NOON,
        )
        began = time.perf_counter()
        for start in range(0, len(raws), BATCH):
            store.add(DEVICE, raws[start : start + BATCH])
        stored_s = time.perf_counter() - began
        began = time.perf_counter()
        store.open(DEVICE, sealed.keys)
        opened_s = time.perf_counter() - began
        assert not store.problems(DEVICE) and store.count(DEVICE) == len(raws)
    figures = {
        "records_per_s": round(len(raws) / (stored_s + opened_s)),
        "stored_per_s": round(len(raws) / stored_s),
        "opened_per_s": round(len(raws) / opened_s),
        "ratio_to_plain_inserts": round((stored_s + opened_s) / inserted_s, 2),
    }
    if options.json:
        print(json.dumps(figures))
    else:
        for name, figure in figures.items():
            print(f"{name:24} {figure:>10}")


if __name__ == "__main__":
    main()
