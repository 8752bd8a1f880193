"""Reads .mpy files (version 6): MicroPython's py/persistentcode.c, docs/reference/mpy_files.

What `mpy-cross` wrote is taken apart into a tree of code objects, constants and names.
"""

import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from provisioning import programs

BYTECODE, NATIVE, VIPER = 0, 1, 2
FUNCTION_TABLE = "the interpreter's function table"  # what machine code calls, as a constant
# Names the interpreter has numbered once and for all; which numbers, `static_names` finds out
COMMON_NAMES = [
    "__name__",
    "__init__",
    "__file__",
    "__main__",
    "__module__",
    "__qualname__",
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "Exception",
    "ImportError",
    "IndexError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "RuntimeError",
    "StopIteration",
    "TypeError",
    "ValueError",
    "ZeroDivisionError",
    "abs",
    "all",
    "any",
    "append",
    "args",
    "bool",
    "bytearray",
    "bytes",
    "chr",
    "clear",
    "close",
    "const",
    "copy",
    "count",
    "dict",
    "end",
    "extend",
    "find",
    "format",
    "from_bytes",
    "get",
    "getattr",
    "hasattr",
    "hash",
    "id",
    "index",
    "insert",
    "int",
    "isinstance",
    "items",
    "iter",
    "join",
    "key",
    "keys",
    "len",
    "list",
    "little",
    "main",
    "map",
    "max",
    "micropython",
    "min",
    "next",
    "object",
    "open",
    "ord",
    "pop",
    "pow",
    "print",
    "range",
    "read",
    "readinto",
    "remove",
    "replace",
    "reversed",
    "rfind",
    "rsplit",
    "self",
    "send",
    "set",
    "sort",
    "sorted",
    "split",
    "start",
    "startswith",
    "step",
    "stop",
    "str",
    "strip",
    "sum",
    "super",
    "to_bytes",
    "tuple",
    "type",
    "update",
    "value",
    "values",
    "write",
    "zip",
    "enumerate",
    "endswith",
    "divmod",
    "memoryview",
    "bytecode",
]
FIXED_NAMES = {1: "", 2: "__dir__", 3: "\n", 4: " ", 5: "*", 6: "/", 7: "<module>"}


@dataclass
class Code:
    """One function's code, and the module it belongs to."""

    kind: int
    data: bytes
    module: "Module" = field(repr=False)
    children: list = field(default_factory=list)
    scope_flags: int = 0


@dataclass
class Module:
    """A module as the file has it."""

    name: str
    names: list
    constants: list
    code: Code | None = None


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def take(self, count):
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self):
        value = 0
        while True:
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def name(self, static):
        length = self.number()
        if length & 1:
            return static.get(length >> 1, f"<static name {length >> 1}>")
        text = self.take(length >> 1).decode()
        self.byte()
        return text

    def constant(self):
        kind = self.byte()
        if kind == 0:
            return FUNCTION_TABLE
        if kind in (1, 2, 3, 4):
            return (None, False, True, ...)[kind - 1]
        count = self.number()
        if kind == 10:
            return tuple(self.constant() for _ in range(count))
        data = self.take(count)
        if kind in (5, 6):
            self.byte()
        return {5: data.decode, 6: lambda: bytes(data), 7: lambda: int(data), 8: float}[kind]()


def cross_compile(source, *options, architecture="rv32imc"):
    """The bytes that mpy-cross makes of a file for RV32, or another architecture."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"
        command = [
            programs.find("mpy-cross"),
            f"-march={architecture}",
            *options,
            "-o",
            str(out),
            str(source),
        ]
        subprocess.run(command, check=True)
        return out.read_bytes()


@cache
def static_names():
    """Numbers of COMMON_NAMES in this compiler: those of them that have one."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "names.py"
        source.write_text("\n".join(f"a.{n}" for n in COMMON_NAMES if n.isidentifier()) + "\n")
        reader = _Reader(cross_compile(source))
        reader.at = 4
        count, _ = reader.number(), reader.number()
        entries = []
        for _ in range(count):
            length = reader.number()
            entries.append(length)
            if not length & 1:
                reader.at += (length >> 1) + 1
    # the file's name and `a` come first or as they are met; the rest are in the order of the source
    wanted = [n for n in COMMON_NAMES if n.isidentifier()]
    # before the names come the file's own and <module>, after them `a`
    entries = entries[2 : 2 + len(wanted)]
    found = {length >> 1: name for length, name in zip(entries, wanted, strict=True) if length & 1}
    return FIXED_NAMES | found


def read(data, name="module"):
    """A Module from the bytes of an .mpy file."""
    reader = _Reader(data)
    magic, version, flags, _ = reader.take(4)
    if magic != ord("M") or version != 6:
        raise ValueError("not an .mpy file of version 6")
    if flags & 0x40:
        reader.number()  # architecture flags
    name_count, constant_count = reader.number(), reader.number()
    static = static_names()
    names = [reader.name(static) for _ in range(name_count)]
    constants = [reader.constant() for _ in range(constant_count)]
    module = Module(name, names, constants)
    module.code = _code(reader, module)
    return module


def _code(reader, module):
    head = reader.number()
    kind, has_children, length = head & 3, head & 4, head >> 3
    code = Code(kind, reader.take(length), module)
    if kind == VIPER:
        code.scope_flags = reader.number()
    elif kind != BYTECODE:
        raise ValueError("only bytecode and viper functions are expected")
    if has_children:
        code.children = [_code(reader, module) for _ in range(reader.number())]
    return code
