"""Compiles the firmware for a board: the folder that goes into the root of its file system.

Every module of firmware/ and the board's own is treated by provisioning/build/ and becomes an .mpy
file; what is not source (tables) is copied. All lie in one folder, under names that the device has
anyway; which is which is in a map beside the folder. MicroPython starts `main.py` and nothing else,
and compiling it there would need memory: so main.py is compiled too, under another name, and the
one that is deployed only starts it.
"""

import ast
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from provisioning import programs
from provisioning.build import NameMap, Program, build
from provisioning.errors import Problem

ROOT = Path(__file__).resolve().parents[1]
FIRMWARE = ROOT / "firmware"
BOARDS = ROOT / "boards"
PROGRAM = "program"  # what main.py is called once it is compiled
# What stays in RAM stays where it is. Were the heap only tidied up when it is full, modules and
# buffers would lie scattered all over it, and 2 KB in one piece not be found with 50 KB free.
# The program is imported first: it begins with all machine code, for which there is room only
# before the heap grows (system/machine_code.py).
#
# Once the device has an owner there is no prompt: Ctrl-C counts no more from the first statement of
# each of the two files on, and what ends them is a reset. MicroPython lets it count again as it
# starts each; a byte 3 that comes just then, or before, while the file system is mounted, is what
# it leaves open (docs/security.md).
SHUT = """try:
    import micropython

    micropython.kbd_intr(-1)
    import os

    if "root" not in os.listdir():
        micropython.kbd_intr(3)
"""
RESET = """except BaseException as error:
    import machine
    import os
    import sys
    import time

    if "root" not in os.listdir():
        raise
    sys.print_exception(error)
    time.sleep(5)
    machine.reset()
"""
BOOT = SHUT + RESET
STARTER = f"""{SHUT}
    import gc

    gc.threshold(4096)
    import {PROGRAM}

    gc.collect()
    gc.threshold(24576)
    {PROGRAM}.run()
{RESET}"""
OLDEST_COMPILER = (1, 26)  # the oldest image that is supported; older ones are not tried
MPY_VERSION = "6.3"  # what MicroPython 1.23 and later load
TIMEOUT_S = 60
FOR_CPYTHON = "from micropython import const\n"  # mpy-cross knows it without


class DeployProblem(Problem):
    """The firmware cannot be compiled. The message says what to do."""


def board_names() -> list[str]:
    """The boards that there are."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.py"))


def board_value(board: str, name: str) -> str:
    """A text constant of boards/<board>/board.py. Raises DeployProblem."""
    path = BOARDS / board / "board.py"
    if board not in board_names():
        raise DeployProblem(f"There is no board {board}; there are {', '.join(board_names())}.")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constant = node.value
            if node.targets[0].id == name and isinstance(constant, ast.Constant):
                return str(constant.value)
    raise DeployProblem(f"{path} has no {name}.")


def find_compiler() -> Path:
    """The path of mpy-cross. Raises ProgramMissing, or DeployProblem: it is not the right one."""
    found = programs.find("mpy-cross")
    said = _run([found, "--version"])
    version = re.search(r"MicroPython v(\d+)\.(\d+).*mpy v(\d+\.\d+)", said)
    if version is None:
        raise DeployProblem(f"{found} does not say its version; it said: {said.strip()}")
    if (int(version[1]), int(version[2])) < OLDEST_COMPILER or version[3] != MPY_VERSION:
        raise DeployProblem(
            f"{found} is of MicroPython {version[1]}.{version[2]} and makes .mpy files of version "
            f"{version[3]}; needed are 1.26 or later and version {MPY_VERSION}."
        )
    return Path(found)


def compile_firmware(board: str, out_dir: Path, arch: str | None = None) -> dict[str, int]:
    """Compiles all that is deployed of firmware/ and the board's data into `out_dir`.

    board: a name in boards/. out_dir: made if it is not there; it must be empty. arch: of the
    native code, as mpy-cross's -march names it (None: the board's). Returns the size in bytes of
    each file, by its path on the device. Raises ProgramMissing, DeployProblem.
    """
    arch = arch or board_value(board, "MPY_ARCH")
    compiler = find_compiler()
    sources, names = build_firmware(board, out_dir)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in sources.items():
            source = Path(folder) / f"{name}.py"
            source.write_text(text, encoding="utf-8")
            _compile(compiler, arch, source, out_dir / f"{name}.mpy")
    names.save(map_beside(out_dir))
    return {path.name: path.stat().st_size for path in sorted(out_dir.iterdir())}


def map_beside(out_dir: Path) -> Path:
    """Where the map of names of a build is: it stays with whoever made it."""
    whole = out_dir.resolve()
    return whole.with_name(f"{whole.name}.names.json")


def write_sources(board: str, out_dir: Path) -> None:
    """What `compile_firmware` compiles, as it is: for CPython, and for readers."""
    sources, names = build_firmware(board, out_dir)
    for name, text in sources.items():
        (out_dir / f"{name}.py").write_text(FOR_CPYTHON + text, encoding="utf-8")
    names.save(map_beside(out_dir))


def build_firmware(board: str, out_dir: Path) -> tuple[dict[str, str], NameMap]:
    """Puts into `out_dir` what needs no compiling; returns the other sources, and their map."""
    board_value(board, "NAME")
    if not (FIRMWARE / "main.py").is_file():
        raise DeployProblem(f"{FIRMWARE} is not there; run this from a clone of the project.")
    if out_dir.exists() and any(out_dir.iterdir()):
        raise DeployProblem(f"{out_dir} is not empty; name a new folder.")
    program = Program()
    program.add_folder(FIRMWARE)
    place = BOARDS / board / "board.py"
    program.add("board", f"../{place.relative_to(ROOT).as_posix()}", place.read_text("utf-8"))
    made = build(program, "main", PROGRAM, "run")
    out_dir.mkdir(parents=True, exist_ok=True)
    for source in sorted(FIRMWARE.rglob("*")):
        if source.is_file() and source.suffix != ".py" and "__pycache__" not in source.parts:
            shutil.copyfile(source, out_dir / source.name)
    (out_dir / "boot.py").write_text(BOOT, encoding="ascii")
    (out_dir / "main.py").write_text(STARTER, encoding="ascii")
    return made


def _compile(compiler: Path, arch: str, source: Path, out: Path) -> None:
    # `-s` is what a traceback on the device says: the path from which the module is loaded there,
    # which is in RAM anyway. -O3 leaves line numbers out: of the chip's 160 KB they take 6.
    options = ["-O3", f"-march={arch}", "-s", out.name, "-o", str(out)]
    _run([str(compiler), *options, str(source)])


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeployProblem(f"{command[0]} cannot be run: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise DeployProblem(f"{' '.join(command)} ended with {done.returncode}: {said}")
    return done.stdout
