"""The host's own code against every vector of the pass."""

import json
from pathlib import Path

import pytest

from host_tools.vectors import VectorFile, answer

VECTORS = Path(__file__).parents[1] / "vectors" / "pass-vectors.json"
FILE = VectorFile.from_json(json.loads(VECTORS.read_text()))


@pytest.mark.parametrize("number", range(len(FILE.vectors)))
def test_vector(number):
    vector = FILE.vectors[number]
    found = answer(FILE, vector)
    assert {key: found.get(key) for key in vector.expected} == vector.expected, vector.name
