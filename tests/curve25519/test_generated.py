"""What is generated is what its generator writes; constants copied by hand agree with it."""

import re
from pathlib import Path

import pytest

from tools.curve25519 import generate_field, generate_sha512, programs, tables

VERIFY = Path(__file__).parents[2] / "firmware" / "verify"


@pytest.mark.parametrize("generator", [generate_field, generate_sha512, programs])
def test_text(generator):
    assert generator.TARGET.read_text() == generator.text()


def test_table_of_the_base_point():
    assert tables.TARGET.read_bytes() == tables.table_of_base()


def test_routines_that_plans_name():
    text = (VERIFY / "plans.py").read_text()
    _, starts = programs.assemble()
    named = re.findall(r"^_([A-Z_]+) = const\((\d+)\)$", text, re.MULTILINE)
    checked = {name: int(at) for name, at in named if name in starts}
    assert len(checked) == 11
    assert checked == {name: starts[name] for name in checked}


def test_slots_that_points_names():
    text = (VERIFY / "points.py").read_text()
    for name, value in re.findall(r"^([A-Z]+) = const\((\d+)\)", text, re.MULTILINE):
        if name in ("X", "Y", "Z", "B", "U", "W", "MADE"):
            assert getattr(programs, name) == int(value)
    assert f"TABLE = const({80 * programs.TABLE})" in text


def test_constants_in_slots():
    from verify import points

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
