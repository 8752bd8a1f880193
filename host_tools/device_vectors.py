"""Answers of the device's own verification to vectors, from a process that runs the firmware."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from host_tools.vectors import VectorFile
from provisioning import programs
from provisioning.errors import FileProblem

SCRIPT = Path(__file__).with_name("conform_device.py")
PROJECT = Path(__file__).parents[1]
SECONDS_PER_VECTOR = 10  # an emulated big-integer Ed25519 takes a third of one


def answers(file: VectorFile, runtime: str, firmware: Path | None = None) -> list[dict[str, Any]]:
    """What the firmware says of each vector; runtime: `cpython` or `micropython`.

    Raises FileProblem where the firmware's sources are missing, ProgramMissing for MicroPython.
    """
    folder = firmware or PROJECT / "firmware"
    if not (folder / "verify").is_dir():
        raise FileProblem(
            f"{folder} has no firmware in it. Run this in a clone of the project, or name the "
            "folder with --firmware."
        )
    lines = [[*_paths(runtime, folder)], _world(file)]
    lines += [{"text": vector.text, "now": vector.now} for vector in file.vectors]
    try:
        done = subprocess.run(
            [*_interpreter(runtime), str(SCRIPT)],
            input="".join(json.dumps(line) + "\n" for line in lines).encode(),
            capture_output=True,
            timeout=60 + SECONDS_PER_VECTOR * len(file.vectors),
        )
    except subprocess.TimeoutExpired as error:
        raise FileProblem(f"The device's code did not answer in {error.timeout:.0f} s.") from error
    if done.returncode:
        last = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()[-1:]
        raise FileProblem(f"The device's code stopped: {' '.join(last)}")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if len(found) != len(file.vectors):
        raise FileProblem(f"The device's code answered {len(found)} of {len(file.vectors)}.")
    return found


def _interpreter(runtime: str) -> list[str]:
    if runtime == "cpython":
        return [sys.executable, "-P"]  # no module of the script's folder may hide Python's own
    return [programs.find("micropython")]


def _paths(runtime: str, firmware: Path) -> list[str]:
    if runtime == "micropython":
        return [str(firmware)]
    # `micropython` and what else CPython does not have; behind the firmware
    return [str(PROJECT / "simulator" / "standins"), str(firmware)]


def _world(file: VectorFile) -> dict[str, Any]:
    return {
        "trust": [
            {
                "kid": issuer.kid.hex(),
                "alg": issuer.alg,
                "public_key": issuer.key.hex() if issuer.key else None,
                "secret": file.secrets[issuer.kid].hex() if issuer.kid in file.secrets else None,
                "from": issuer.valid_from,
                "until": issuer.valid_until,
                "max_lifetime": issuer.max_lifetime,
            }
            for issuer in file.trust.issuers
        ],
        "revoked": [{"kid": kid.hex(), "cti": cti.hex()} for kid, cti in sorted(file.revoked)],
    }
