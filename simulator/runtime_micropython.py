"""Runs the firmware in the real MicroPython, a process of its own for each boot.

The process reaches the chips through `rpc`; a power cut or a reset ends it as it is.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from provisioning import programs
from simulator.nor_flash import PowerCut
from simulator.rpc import CALLS, serve

STANDINS = Path(__file__).parent / "standins"
SHARED = ("_board.py", "_edges.py", "_machine_more.py", "_stdio.py", "esp32.py", "machine.py")
DEFAULT_HEAP = "1M"  # for sources, which are compiled there; a deployed folder fits 256K


def standin_sources():
    """The stand-ins that MicroPython needs; CPython's would hide its built-in modules."""
    yield from (STANDINS / name for name in SHARED)
    yield from sorted((STANDINS / "replacing").glob("*.py"))
    yield from sorted((STANDINS / "on_micropython").glob("*.py"))


def with_numbers(source):
    """A stand-in's source as _proxy.py wants it: calls of the CPU's surface by their numbers."""
    number = {name: str(index) for index, name in enumerate(CALLS)}
    number["flash_readinto"] = number["flash_read"]

    def numbered(found):
        call = number[found[1]]
        return f"cpu({call}, " if found[2] else f"cpu.function({call})"

    return re.sub(rf"\bcpu\.({'|'.join(number)})\b(\()?", numbered, source)


def prepare_standins():
    """A folder with the stand-ins, compiled: they share a small heap. Raises ProgramMissing."""
    digest = hashlib.sha256(Path(__file__).read_bytes())  # how they are compiled
    for path in standin_sources():
        digest.update(path.name.encode() + path.read_bytes())
    user = os.getuid()
    folder = Path(tempfile.gettempdir()) / f"scanpost-{user}-{digest.hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    part = Path(tempfile.mkdtemp(prefix="scanpost-"))
    compiler = programs.find("mpy-cross")
    for path in standin_sources():
        source = part / path.name
        source.write_text(with_numbers(path.read_text(encoding="utf-8")), encoding="utf-8")
        if path.name == "boot.py":
            continue
        out = source.with_suffix(".mpy")
        # As what is deployed (provisioning/deploy.py): no line numbers, named by its path.
        name = f"/.standins/{out.name}"
        subprocess.run([compiler, "-O3", "-s", name, "-o", out, source], check=True)
        source.unlink()
    try:
        part.rename(folder)
    except OSError:  # another process was quicker
        shutil.rmtree(part)
    return folder


def main_program(firmware, main):
    """main.py, or main.mpy in a deployed folder that has only that."""
    if not (firmware / main).exists() and (firmware / main).with_suffix(".mpy").exists():
        return str(Path(main).with_suffix(".mpy"))
    return main


def execute(board):
    """One boot, to its end. Raises what ended it: PowerCut, Reset; or returns what the firmware
    left on stderr as it ended by itself."""
    standins = prepare_standins()
    requests_in, requests_out = os.pipe()
    answers_in, answers_out = os.pipe()
    command = [
        programs.find("micropython"),
        "-X",
        f"heapsize={board.heap or DEFAULT_HEAP}",
        str(standins / "boot.py"),
        str(requests_out),
        str(answers_in),
        str(standins),
        str(board.firmware),
        str(board.data.folder),
        main_program(board.firmware, board.main),
    ]
    with (
        open(requests_in, "rb") as requests,
        open(answers_out, "wb") as answers,
        tempfile.TemporaryFile() as stderr,
    ):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            pass_fds=(requests_out, answers_in),
        )
        os.close(requests_out)
        os.close(answers_in)
        board.kill_cpu = process.kill
        try:
            serve(board.cpu, requests, answers)
            if not board.powered:
                raise PowerCut
        finally:
            board.kill_cpu = None
            if sys.exc_info()[0] is not None:
                process.kill()
            process.wait()
        stderr.seek(0)
        return "the firmware ended:\n" + stderr.read().decode(errors="replace")
