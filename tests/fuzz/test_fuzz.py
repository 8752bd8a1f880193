"""Every decoder of both sides, on inputs that are nearly right: an answer, soon, in little memory.

10^5 inputs here, 10^7 in `make soak`. A finding names the target and the input, in hex; then:
python -m tests.fuzz host --only cbor --seed 1
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import fuzzing
from tests.fuzz.fuzzing import Finding, Target, fuzz

ROOT = Path(__file__).parents[2]
SOAK = bool(os.environ.get("SCANPOST_SOAK"))
SEEDS = range(10) if SOAK else (1,)
INPUTS = 500_000 if SOAK else 50_000


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("side", ["host", "device"])
def test_decoders(side, seed):
    """In a process of its own, whose memory is limited."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", side, f"--inputs={INPUTS}", f"--seed={seed}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    *lines, whole = done.stdout.splitlines()
    assert int(whole.split()[0]) > 0.99 * INPUTS
    assert len(lines) > 10
    for line in lines:  # what refuses everything, or takes everything, was hardly tried
        taken = line.partition(": ")[2].split()[2]
        assert int(taken), line


@pytest.fixture
def _quick(monkeypatch):
    monkeypatch.setattr(fuzzing, "CPU_S", 0.05)


def _wrong_key(data):
    return {b"good": 1}[data[:4]]


def _endless(data):
    while data[:4] != b"good":
        pass


def _memory(data):
    if data[:4] != b"good":
        raise MemoryError


@pytest.mark.parametrize("act", [_wrong_key, _endless, _memory], ids=lambda act: act.__name__)
def test_what_is_no_answer_is_found(act, _quick):
    with pytest.raises(Finding, match="planted"):
        fuzz({"planted": Target(act, (ValueError,), [b"good input"])}, 500, 1)


def test_the_same_seed_tries_the_same_inputs():
    tried = [[], [], []]
    for seed, seen in zip((1, 1, 2), tried, strict=True):
        fuzz({"target": Target(seen.append, (), [b"good", bytes(40)])}, 200, seed)
    assert tried[0] == tried[1] != tried[2]
    assert len(tried[0]) == 200 and len(set(tried[0])) > 150


def test_what_is_refused_in_a_new_place_is_changed_further():
    """Five right bytes in a row: without that, one input in 10^10 has them."""

    def act(data):
        if data[:1] != b"s":
            raise ValueError
        if data[1:2] != b"c":
            raise ValueError
        if data[2:3] != b"a":
            raise ValueError
        if data[3:4] != b"n":
            raise ValueError
        raise KeyError

    with pytest.raises(Finding):
        fuzz({"deep": Target(act, (ValueError,), [b"....."])}, 200_000, 1)
