"""All that is deployed compiles, for every board."""

import subprocess
import sys

import pytest

from provisioning import deploy
from tests.runtimes import micropython_or_skip

# byte 2 of an .mpy file, bits 2 to 5 (MicroPython, "Versioning and compatibility of .mpy files")
ARCH_IN_FILE = {"xtensawin": 10, "rv32imc": 11, "x64": 2}


def files(folder, pattern):
    return {
        path.relative_to(folder).with_suffix("").as_posix()
        for path in folder.rglob(pattern)
        if "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("board", deploy.board_names())
def test_everything_compiles(board, tmp_path):
    sizes = deploy.compile_firmware(board, tmp_path / "out")
    modules = files(deploy.FIRMWARE, "*.py") - {"main"} | {"program", "board"}
    assert files(tmp_path / "out", "*.mpy") == modules
    assert set(sizes) == {f"{name}.mpy" for name in modules} | {
        "main.py",
        "crypto/base_point.rows",
    }
    table = deploy.FIRMWARE / "crypto" / "base_point.rows"
    assert (tmp_path / "out" / "crypto" / "base_point.rows").read_bytes() == table.read_bytes()
    arch = ARCH_IN_FILE[deploy.board_value(board, "MPY_ARCH")]
    seen = set()
    for path in (tmp_path / "out").rglob("*.mpy"):
        head = path.read_bytes()[:3]
        assert head[:2] == b"M\x06", path
        seen.add(head[2] >> 2)
        assert head[2] >> 2 in (0, arch), path  # 0: bytecode only, for any chip
        if head[2] >> 2:
            assert head[2] & 3 == 3, path  # native code is of version 6.3
    assert arch in seen


def test_no_source_has_simulation_in_it():
    for folder in (deploy.FIRMWARE, deploy.BOARDS):
        for path in folder.rglob("*.py"):
            if path.parent.name == "simulator":
                continue
            text = path.read_text(encoding="utf-8")
            assert "simulat" not in text.lower(), path


def test_it_is_for_this_board(tmp_path):
    deploy.compile_firmware("esp32c3_devkitm1", tmp_path / "out")
    said = subprocess.run(
        [micropython_or_skip(), "-c", "import board; print(board.NAME)"],
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
    )
    assert said.stdout == "esp32c3_devkitm1\n"


def test_what_is_refused(tmp_path, monkeypatch):
    with pytest.raises(deploy.DeployProblem, match="esp32_devkitc"):
        deploy.compile_firmware("nothing", tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(deploy.DeployProblem, match="not empty"):
        deploy.compile_firmware("esp32_devkitc", tmp_path / "full")
    with pytest.raises(deploy.DeployProblem, match="-march=vax"):
        deploy.compile_firmware("esp32_devkitc", tmp_path / "vax", arch="vax")
    monkeypatch.setattr(deploy, "_run", lambda command: "MicroPython v1.23.0 on ...; mpy v6.3\n")
    with pytest.raises(deploy.DeployProblem, match=r"1\.24 or later"):
        deploy.find_compiler()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(deploy.DeployProblem, match="pip install"):
        deploy.find_compiler()
