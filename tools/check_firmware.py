"""Type-checks firmware/ and boards/ against MicroPython 1.26's stubs for the ESP32.

    python -m tools.check_firmware

mypy looks for no stubs at the top of site-packages, where the stub package has them, so they are
linked into a folder of their own; its standard library is MicroPython's, not CPython's, with what
these stubs forget. What mypy finds wrong in the stubs themselves is passed over.
"""

import shutil
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
# is left is what the check is for: modules, names, attributes and arguments that 1.26 has.
GUESSES = ("assignment", "union-attr", "var-annotated", "operator", "truthy-function", "index")


# What 1.26 has and its stubs lack: file, the line behind which it is added (None: the end), text
FORGOTTEN = (
    (
        "builtins.pyi",
        None,  # viper's: a pointer into any buffer
        "from typing import Any as _Any\n" + "".join(f"ptr{n} = _Any\n" for n in (8, 16, 32)),
    ),
    ("asyncio/__init__.pyi", None, "async def wait_for_ms(aw: Any, timeout: int) -> Any: ...\n"),
    (
        "asyncio/streams.pyi",
        "    async def readexactly(self, n: int) -> bytes: ...\n",
        "    async def readinto(self, buf: Any) -> int: ...\n",
    ),
)


def _is_standard(site: Path, name: str) -> bool:
    """True for what the stubs of the standard library have, or mypy itself insists on."""
    standard = site / "stdlib"
    return name in ("sys", "__builtins__") or any(
        (standard / there).exists() for there in (name, f"{name}.pyi")
    )


def _link_stubs(site: Path, folder: Path) -> None:
    """Makes the folder of stubs, and in `typeshed` that of the standard library."""
    for path in distribution(STUBS).files or ():
        if path.suffix == ".pyi" and not _is_standard(site, path.stem):
            link = Path(folder, *path.parts)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(site / path)
    (folder / "_mpy_shed").symlink_to(site / "_mpy_shed")
    standard = folder / "typeshed" / "stdlib"
    shutil.copytree(site / "stdlib", standard)
    (folder / "typeshed" / "stubs").symlink_to(site / "stubs")
    for name, behind, text in FORGOTTEN:
        whole = (standard / name).read_text()
        if behind is None:
            whole += text
        else:
            assert behind in whole, f"{name} of the stubs has no line {behind!r}"
            whole = whole.replace(behind, behind + text)
        (standard / name).write_text(whole)


def main() -> int:
    site = Path(sysconfig.get_path("purelib"))
    boards = sorted(ROOT.glob("boards/*/board.py"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _link_stubs(site, folder)
        for board in boards:
            command = [
                *(sys.executable, "-m", "mypy", "--config-file", ""),
                *("--python-version", "3.11", "--check-untyped-defs", "--no-error-summary"),
                *("--explicit-package-bases", "--namespace-packages"),
                *("--custom-typeshed-dir", str(folder / "typeshed")),
                *("--cache-dir", str(folder / "cache")),
                *(word for code in GUESSES for word in ("--disable-error-code", code)),
                *("firmware", str(board.relative_to(ROOT))),
            ]
            path = f"{ROOT / 'firmware'}:{board.parent}:{folder}"
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={"MYPYPATH": path, "PATH": "/usr/bin:/bin"},
                capture_output=True,
                text=True,
            )
            ours = [line for line in done.stdout.splitlines() if not line.startswith(name)]
            if ours or done.stderr or done.returncode > 1:
                print("\n".join([*ours, done.stderr]))
                return 1
    print(f"firmware/ and {len(boards)} boards agree with {STUBS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
