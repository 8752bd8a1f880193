"""What is generated is what its generator writes; constants copied by hand agree with it."""

import re
from pathlib import Path

import pytest

from tools.curve25519 import generate_sha512, programs, tables

CRYPTO = Path(__file__).parents[2] / "firmware" / "crypto"
ROUTINES = programs.ROUTINES


@pytest.mark.parametrize("generator", [generate_sha512, programs])
def test_text(generator):
    assert generator.TARGET.read_text() == generator.text()


def test_table_of_the_base_point():
    assert tables.TARGET.read_bytes() == tables.table_of_base()


@pytest.mark.parametrize("path", programs.USERS, ids=lambda path: path.stem)
def test_constants_in_modules(path):
    source = path.read_text()
    assert source == programs.with_constants(source)


def test_every_module_that_names_a_routine_is_looked_at():
    for path in CRYPTO.glob("*.py"):
        names_one = any(re.search(rf"\b_{name} = const", path.read_text()) for name in ROUTINES)
        assert not names_one or path in programs.USERS, path


def test_constants_in_slots():
    from crypto import points

    values = [
        0,
        1,
        tables.D,
        2 * tables.D,
        pow(2, (tables.P - 1) // 4, tables.P),
        pow(2, -1, tables.P),
    ]
    for slot, value in enumerate(values, programs.ZERO):
        words = memoryview(points.work)[80 * slot : 80 * slot + 80].cast("i")
        assert sum(limb << 13 * i for i, limb in enumerate(words)) % tables.P == value % tables.P
