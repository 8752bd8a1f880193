"""Type-checks firmware/ and boards/ against MicroPython 1.23's stubs for the ESP32.

    python -m tools.check_firmware

mypy looks for no stubs at the top of site-packages, where the stub package has them, so they are
linked into a folder of their own; its standard library is MicroPython's, not CPython's.
"""

import subprocess
import sys
import sysconfig
import tempfile
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
STUBS = "micropython-esp32-esp32-generic-stubs"
# The firmware has no annotations, for they would cost RAM where a name in them is not known. What
# mypy then guesses of variables that begin as None or empty is wrong too often to be of use; what
# is left is what the check is for: modules, names, attributes and arguments that 1.23 has.
GUESSES = ("assignment", "union-attr", "var-annotated", "operator", "truthy-function", "index")


def _is_standard(site: Path, name: str) -> bool:
    """True for what the stubs of the standard library have, or mypy itself insists on."""
    standard = site / "stdlib"
    return name in ("sys", "__builtins__") or any(
        (standard / there).exists() for there in (name, f"{name}.pyi")
    )


def main() -> int:
    site = Path(sysconfig.get_path("purelib"))
    with tempfile.TemporaryDirectory() as folder:
        for path in distribution(STUBS).files or ():
            if path.suffix == ".pyi" and not _is_standard(site, path.stem):
                link = Path(folder, *path.parts)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(site / path)
        boards = sorted(ROOT.glob("boards/*/board.py"))
        for board in boards:
            command = [
                *(sys.executable, "-m", "mypy", "--config-file", ""),
                *("--python-version", "3.11", "--check-untyped-defs", "--no-error-summary"),
                *("--explicit-package-bases", "--namespace-packages"),
                *("--custom-typeshed-dir", str(site), "--cache-dir", str(Path(folder) / "cache")),
                *(word for code in GUESSES for word in ("--disable-error-code", code)),
                *("firmware", str(board.relative_to(ROOT))),
            ]
            path = f"{ROOT / 'firmware'}:{board.parent}:{folder}"
            done = subprocess.run(
                command, cwd=ROOT, env={"MYPYPATH": path, "PATH": "/usr/bin:/bin"}
            )
            if done.returncode:
                return done.returncode
    print(f"firmware/ and {len(boards)} boards agree with {STUBS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
