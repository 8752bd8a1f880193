"""The journal's frugality, on the benchmark's workload in a smaller partition."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEYS = [
    "programmed_ratio",
    "erase_spread",
    "bytes_per_registration",
    "boot_read_fraction",
    "erases_per_1000",
]
DECAY_KEYS = [
    *("bit_flip_mean", "bit_flip_max", "sector_loss_mean", "sector_loss_max"),
    *("bit_flips_tried", "sectors_tried"),
]


def test_the_journal_keeps_its_limits():
    command = [sys.executable, "benchmarks/journal.py", "--json", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--kilobytes", "256", "--flips", "200"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    littlefs = report.pop("littlefs")
    decay = {name: report.pop(name) for name in DECAY_KEYS}
    assert sorted(report) == sorted(littlefs) == sorted(KEYS)
    assert decay["bit_flip_mean"] <= 0.05 and decay["bit_flip_max"] <= 1
    assert decay["sector_loss_mean"] <= 0.05 and decay["sector_loss_max"] <= 1
    assert decay["bit_flips_tried"] >= 200 and decay["sectors_tried"] == 256
    assert report["programmed_ratio"] <= 1.1
    assert report["erase_spread"] <= 1
    assert report["bytes_per_registration"] <= 64
    assert report["boot_read_fraction"] <= 0.03
    # 63 people a sector, tubes besides; half of the sectors were erased because the chip was new.
    assert report["erases_per_1000"] <= 40
    assert littlefs["programmed_ratio"] > 10 * report["programmed_ratio"]
    assert littlefs["erases_per_1000"] > 10 * report["erases_per_1000"]


def test_a_mistyped_size_is_an_error_message():
    command = [sys.executable, "benchmarks/journal.py", "--kilobytes", "17"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "at least 256" in done.stderr
