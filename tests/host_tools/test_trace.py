"""`scanpost trace`: a traceback of a built program, in the names of its sources again."""

import subprocess

import pytest
from typer.testing import CliRunner

from host_tools.cli import app
from provisioning import deploy
from provisioning.build import build
from tests.provisioning.build.small import program
from tests.runtimes import micropython_or_skip

MAIN = """
from journal.ring import Ring
def main():
    Ring().append_record(b"")
"""
RING = """
class RingDamaged(Exception):
    pass
class Ring:
    def append_record(self, record_bytes):
        self._sector_of(len(record_bytes))
    def _sector_of(self, sequence_number):
        raise RingDamaged("sector", sequence_number)
class Other:
    def _sector_of(self):
        return Ring()._sector_of(0)
def keep_other():
    return Other()._sector_of()
KEEP = [keep_other]
def kept():
    return KEEP
"""


@pytest.fixture
def traceback(tmp_path):
    """What a MicroPython prints; the map is beside it."""
    micropython = micropython_or_skip()
    sources, names = build(program(main=MAIN, journal__ring=RING), "main", "program", "main")
    for name, text in sources.items():
        (tmp_path / f"{name}.py").write_text(text)
        command = [deploy.find_compiler(), "-O3", "-s", f"{name}.mpy", f"{tmp_path / name}.py"]
        subprocess.run(command, check=True)
        (tmp_path / f"{name}.py").unlink()
    names.save(tmp_path / "out.names.json")
    command = [micropython, "-c", "import program; program.main()"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert done.returncode == 1
    return done.stdout


def test_a_traceback_has_the_names_of_the_sources_again(traceback, tmp_path):
    assert b"append_record" not in traceback and b"ring" not in traceback
    noise = b"\x00\xff frame \x03\n"
    (tmp_path / "said").write_bytes(noise + traceback)
    arguments = ["trace", str(tmp_path / "said"), "--map", str(tmp_path / "out.names.json")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[-4:] == [
        '  File "firmware/main.py", in main (line 3)',
        '  File "firmware/journal/ring.py", in Ring.append_record (line 5)',
        '  File "firmware/journal/ring.py", in Ring._sector_of (line 7)',
        "RingDamaged: ('sector', 0)",
    ]
    from_pipe = CliRunner().invoke(app, ["trace", "-", *arguments[2:]], input=traceback)
    assert from_pipe.stdout.splitlines()[-4:] == lines[-4:]


def test_functions_of_one_name_are_all_named(tmp_path):
    ring = RING.replace("KEEP = [keep_other]", "KEEP = [keep_other]\nprint(KEEP)")
    main = MAIN.replace("import Ring", "import Ring, kept").replace(
        "def main():", "def main():\n    kept()"
    )
    _, names = build(program(main=main, journal__ring=ring), "main", "program", "main")
    (file,) = [file for file, [(place, _)] in names.files.items() if place == "journal/ring.py"]
    (short,) = [short for short, name in names.names.items() if name == "_sector_of"]
    line = names.readable(f'  File "/{file}", line 1, in {short}\r')
    assert line == (
        '  File "firmware/journal/ring.py", in Ring._sector_of (line 7) or '
        'File "firmware/journal/ring.py", in Other._sector_of (line 10)\r'
    )


def test_all_else_stays_as_it_is(tmp_path):
    _, names = build(program(main=MAIN, journal__ring=RING), "main", "program", "main")
    for line in (
        '  File "asyncio/core.py", line 1, in run_until_complete',
        "OSError: 5",
        "",
        "...",
    ):
        assert names.readable(line) == line


@pytest.mark.parametrize("text", [None, "{}", "[]", "no json", "\xff"])
def test_a_map_that_is_none_is_told(text, tmp_path):
    path = tmp_path / "map.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["trace", "-", "--map", str(path)], input=b"x")
    assert result.exit_code == 3
    assert "map" in result.output
