"""`scanpost conform`, with the host's code and the device's."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools.cli import app
from tests.runtimes import micropython_or_skip

VECTORS = Path(__file__).parents[1] / "vectors" / "pass-vectors.json"


def run(*arguments):
    return CliRunner().invoke(app, ["conform", *map(str, arguments)])


@pytest.mark.parametrize("runtime", ["host", "cpython", "micropython"])
def test_every_runtime_agrees(runtime):
    if runtime == "micropython":
        micropython_or_skip()
    result = run(VECTORS, "--runtime", runtime, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["vectors"] == 107


@pytest.mark.parametrize("runtime", ["host", "cpython"])
def test_differences_are_told(tmp_path, runtime):
    data = json.loads(VECTORS.read_text())
    data["vectors"] = data["vectors"][:2]
    data["vectors"][0]["name_hint"] = "someone"
    data["vectors"][1]["expect"] = "EXPIRED"
    path = tmp_path / "v.json"
    path.write_text(json.dumps(data))
    result = run(path, "--runtime", runtime)
    assert result.exit_code == 1
    assert "expected someone" in result.stdout and "expected EXPIRED" in result.stdout
    assert "2 differ" in result.stdout


def test_what_no_file_of_vectors_is(tmp_path):
    path = tmp_path / "v.json"
    for text in ("", "[]", "{}", "[" * 100000, '{"trust": [], "vectors": [{}]}', '{"trust": [1]}'):
        path.write_text(text)
        result = run(path)
        assert result.exit_code == 3, (text[:20], result.output)
        assert isinstance(result.exception, SystemExit)
    vector = {"name": "a surrogate", "text": "SP1:\ud800", "now": 1, "expect": "MALFORMED"}
    path.write_text(json.dumps({"trust": [], "vectors": [vector]}))
    assert run(path).exit_code == 3
    assert run(tmp_path / "none.json").exit_code == 3
    assert run(VECTORS, "--runtime", "cpython", "--firmware", tmp_path).exit_code == 3
