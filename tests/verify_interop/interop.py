"""Asks other people's COSE libraries, which run in an environment of their own (`make venv`)."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import cbor2
import pytest

PYTHON = Path(__file__).parents[2] / ".venv-interop" / "bin" / "python"
SCRIPT = Path(__file__).with_name("cose_libraries.py")


@cache
def _process() -> subprocess.Popen:
    """One for all tests of this process: loading the libraries takes a second. Ends with it."""
    return subprocess.Popen(
        [PYTHON, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def ask(what: str, *arguments: object) -> object:
    """Calls a function of cose_libraries.py; returns its answer. Skips without the environment."""
    if not PYTHON.exists():
        reason = "no .venv-interop with cwt and pycose: make venv"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    process = _process()
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps([what, cbor2.dumps(arguments).hex()]) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert line, "the libraries refused, or stopped: see above"
    return cbor2.loads(bytes.fromhex(json.loads(line)))
