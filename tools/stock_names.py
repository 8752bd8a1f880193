"""Which names every stock MicroPython image for the ESP32, S3 and C3 has in its ROM.

    git clone https://github.com/micropython/micropython
    python -m tools.stock_names micropython v1.26.0 v1.27.0 v1.28.0 v1.29.0-preview

writes provisioning/build/stock_names.txt. A name that is there costs a device no RAM; so what is
private to the firmware gets such names when it is compiled (provisioning/build/naming.py).

MicroPython collects the names of an image from its preprocessed sources (py/makeqstrdefs.py): what
stands behind `MP_QSTR_` once the configuration of the port has been applied. The same is done here,
with one difference: headers of ESP-IDF are taken for empty. What depends on their macros is left
out, so that the list may lack names that an image has, and has hardly one that it lacks. Both would
only cost memory. The modules that the port freezes into the image from MicroPython's own repository
count too, as mpy-cross names things; those of micropython-lib, another repository, do not.

Names that stand in these sources but not in every image are listed behind a minus: they may belong
to somebody else's interface and are never changed.
"""

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.rv32 import mpy

TARGET = Path(__file__).parents[1] / "provisioning" / "build" / "stock_names.txt"
CHIPS = ("ESP32", "ESP32S3", "ESP32C3")
FOLDERS = ("py", "extmod", "shared", "ports/esp32", "drivers")
FROZEN = ("ports/esp32/modules", "extmod/asyncio")
HEAD = """\
# What `python -m tools.stock_names` found in the sources of MicroPython {versions}
# for the ports ESP32, ESP32-S3 and ESP32-C3 (MIT licence, https://micropython.org). Not by hand.
# A name alone is in the ROM of all these images; -name: somewhere in the sources, not in all.
"""
_QSTR = re.compile(r"MP_QSTR_([A-Za-z_][A-Za-z0-9_]*)")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def sources(repository, version, folder):
    """Unpacks what is needed of a version."""
    archive = subprocess.run(
        ["git", "-C", repository, "archive", version, *FOLDERS, "lib/littlefs", "lib/oofatfs"],
        check=True,
        capture_output=True,
    ).stdout
    subprocess.run(["tar", "x", "-C", folder], input=archive, check=True)


def preprocessed(root, chip):
    """The names in the C sources with the port's configuration for this chip."""
    with tempfile.TemporaryDirectory() as folder:
        stubs = Path(folder)
        (stubs / "genhdr").mkdir()
        for name in ("mpversion.h", "qstrdefs.generated.h", "root_pointers.h", "moduledefs.h"):
            (stubs / "genhdr" / name).touch()
        files = [
            path
            for part in FOLDERS
            for path in (root / part).rglob("*.c")
            if "mbedtls" not in path.name or part == "extmod"
        ]
        files = [path for path in files if "boards" not in path.parts]
        with ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda path: _names(root, stubs, chip, path), files)
            return set().union(*found)


def _names(root, stubs, chip, path):
    command = ["gcc", "-E", "-P", "-DNO_QSTR", f"-DCONFIG_IDF_TARGET_{chip}=1", f"-I{stubs}"]
    if chip == "ESP32C3":
        command += ["-DCONFIG_IDF_TARGET_ARCH_RISCV=1"]
    else:
        command += ["-DCONFIG_IDF_TARGET_ARCH_XTENSA=1"]
    command += [f'-DMICROPY_HW_MCU_NAME="{chip}"', f'-DMICROPY_HW_BOARD_NAME="{chip}"']
    board = root / "ports/esp32/boards" / f"{chip}_GENERIC"
    for place in (root, root / "ports/esp32", board, root / "lib/oofatfs"):
        command.append(f"-I{place}")
    while True:
        done = subprocess.run([*command, str(path)], capture_output=True, text=True)
        missing = re.search(r"fatal error: (\S+): No such file", done.stderr)
        if not missing:
            break
        stub = stubs / missing[1]
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.touch()
    return set(_QSTR.findall(done.stdout))


def fixed(root):
    """The names that every build has, whatever its configuration (py/qstrdefs.h)."""
    text = (root / "py/qstrdefs.h").read_text()
    return set(re.findall(r"^Q\(([A-Za-z_][A-Za-z0-9_]*)\)", text, re.MULTILINE))


def frozen(root):
    """The names in the modules that are frozen into the image."""
    found = set()
    for place in FROZEN:
        for path in (root / place).rglob("*.py"):
            if path.name != "manifest.py":
                module = mpy.read(mpy.cross_compile(path, architecture="xtensawin"))
                found.update(name for name in module.names if _IDENTIFIER.fullmatch(name))
    return found


def anywhere(root):
    """Every name in the sources, in use or not."""
    found = set()
    for part in FOLDERS:
        for path in (root / part).rglob("*.[ch]"):
            found.update(_QSTR.findall(path.read_text(errors="replace")))
    return found


def main(repository, *versions):
    in_all, known = None, set()
    for version in versions:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            sources(repository, version, root)
            shared = fixed(root) | frozen(root)
            known |= shared | anywhere(root)
            for chip in CHIPS:
                of_chip = shared | preprocessed(root, chip)
                print(f"{version} {chip}: {len(of_chip)} names")
                in_all = of_chip if in_all is None else in_all & of_chip
    known |= in_all
    TARGET.parent.mkdir(exist_ok=True)
    lines = sorted(in_all) + [f"-{name}" for name in sorted(known - in_all)]
    TARGET.write_text(HEAD.format(versions=", ".join(versions)) + "\n".join(lines) + "\n")
    print(f"{len(in_all)} in every image, {len(known) - len(in_all)} others: {TARGET}")


if __name__ == "__main__":
    main(*sys.argv[1:])
