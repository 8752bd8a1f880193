"""All that is deployed compiles, for every board."""

import ast
import sys

import pytest

from provisioning import deploy, programs
from provisioning.build import NameMap

FOR_CONSTANTS = "from micropython import const"
# byte 2 of an .mpy file, bits 2 to 5 (MicroPython, "Versioning and compatibility of .mpy files")
ARCH_IN_FILE = {"xtensawin": 10, "rv32imc": 11, "x64": 2}


@pytest.mark.parametrize("board", deploy.board_names())
def test_everything_compiles(board, tmp_path):
    out = tmp_path / "out"
    sizes = deploy.compile_firmware(board, out)
    names = NameMap.load(deploy.map_beside(out))
    # Side by side: only modules, the starter, and the table with the base point's rows.
    assert set(sizes) == {path.name for path in out.iterdir()}
    assert set(sizes) == set(names.files) | {"boot.py", "main.py", "base_point.rows"}
    sources = {
        path.relative_to(deploy.FIRMWARE).as_posix() for path in deploy.FIRMWARE.rglob("*.py")
    }
    left_out = sources - {place for parts in names.files.values() for place, _ in parts}
    assert all(not _is_needed(deploy.FIRMWARE / place) for place in left_out), left_out
    table = deploy.FIRMWARE / "crypto" / "base_point.rows"
    assert (out / "base_point.rows").read_bytes() == table.read_bytes()
    arch = ARCH_IN_FILE[deploy.board_value(board, "MPY_ARCH")]
    seen = set()
    for path in out.glob("*.mpy"):
        head = path.read_bytes()[:3]
        assert head[:2] == b"M\x06", path
        seen.add(head[2] >> 2)
        assert head[2] >> 2 in (0, arch), path  # 0: bytecode only, for any chip
        if head[2] >> 2:
            assert head[2] & 3 == 3, path  # native code is of version 6.3
    assert arch in seen


def _is_needed(path):
    """Whether a module has more in it than texts and constants, and another one imports it."""
    inert = all(
        isinstance(node, (ast.Expr, ast.Assign)) or ast.unparse(node) == FOR_CONSTANTS
        for node in _parsed(path).body
    )
    others = [_parsed(other) for other in deploy.FIRMWARE.rglob("*.py") if other != path]
    return not inert and any(
        isinstance(node, ast.ImportFrom)
        and (path.stem in node.module.split(".") or path.stem in [part.name for part in node.names])
        for tree in others
        for node in ast.walk(tree)
    )


def _parsed(path):
    return ast.parse(path.read_text())


def test_no_source_has_simulation_in_it():
    for folder in (deploy.FIRMWARE, deploy.BOARDS):
        for path in folder.rglob("*.py"):
            if path.parent.name == "simulator":
                continue
            text = path.read_text(encoding="utf-8")
            assert "simulat" not in text.lower(), path


def test_it_is_for_this_board(tmp_path):
    """The board's pins are written into the code."""
    texts = {}
    for board in deploy.board_names():
        deploy.write_sources(board, tmp_path / board)
        names = NameMap.load(deploy.map_beside(tmp_path / board))
        (hardware,) = [
            file
            for file, parts in names.files.items()
            if "system/hardware.py" in [place for place, _ in parts]
        ]
        texts[board] = (tmp_path / board / hardware).with_suffix(".py").read_text()
        assert f"'{deploy.board_value(board, 'NAME')}'" in texts[board]
        assert f"Pin({deploy.board_value(board, 'BUZZER')})" in texts[board]
    assert len(set(texts.values())) == len(texts)


def test_what_is_refused(tmp_path, monkeypatch):
    with pytest.raises(deploy.DeployProblem, match="esp32_devkitc"):
        deploy.compile_firmware("nothing", tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(deploy.DeployProblem, match="not empty"):
        deploy.compile_firmware("esp32_devkitc", tmp_path / "full")
    with pytest.raises(deploy.DeployProblem, match="-march=vax"):
        deploy.compile_firmware("esp32_devkitc", tmp_path / "vax", arch="vax")
    monkeypatch.setattr(deploy, "_run", lambda command: "MicroPython v1.25.0 on ...; mpy v6.3\n")
    with pytest.raises(deploy.DeployProblem, match=r"1\.26 or later"):
        deploy.find_compiler()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(programs.ProgramMissing, match="pip install"):
        deploy.find_compiler()
