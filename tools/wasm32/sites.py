"""Where a scan allocates: by function, kind of instruction and size.

The deployed code has no line numbers; what instruction asked tells the place in a function of a
few lines. "frame" is what a call of the function takes by itself (frames.py).
"""

from collections import Counter

from provisioning import deploy
from provisioning.build.name_map import NameMap
from tools.rv32 import mpy
from tools.wasm32 import frames

# py/bc0.h, as far as these allocate
_OPERATIONS = {
    0x10: "constant",
    0x11: "name",
    0x12: "global",
    0x13: "attribute",
    0x14: "method",
    0x15: "super method",
    0x16: "store name",
    0x17: "store global",
    0x18: "store attribute",
    0x20: "closure",
    0x2A: "tuple",
    0x2B: "list",
    0x2C: "map",
    0x2E: "set",
    0x2F: "slice",
    0x32: "function",
    0x33: "function",
    0x34: "call",
    0x35: "call*",
    0x36: "method call",
    0x37: "method call*",
    0x5B: "store map",
    0x5C: "unpack",
    0x55: "subscript",
    0x56: "store subscript",
    0x5E: "iterator",
    0x5F: "iterator",
    0x65: "raise",
    0x67: "yield",
    0x68: "yield from",
}


class Sites:
    """Counts allocations by where they happen, between `begin` and `end`."""

    def __init__(self, deployed):
        self._functions = {}  # first bytes of bytecode: [(bytecode, place)]
        folder = deployed.folder / "deployed"
        names = NameMap.load(deploy.map_beside(folder))
        for path in sorted(folder.rglob("*.mpy")):
            file = path.relative_to(folder).as_posix()
            module = mpy.read(deployed.files.joinpath(file).read_bytes(), file)
            self._learn(module.code, deployed, names.functions.get(file, {}))
        self._chip = None
        self.found = Counter()
        self.bytes = Counter()

    def _learn(self, code, deployed, functions):
        number = frames.prelude(code.data).name
        name = code.module.names[number] if number < len(code.module.names) else "?"
        data, start = bytes(code.data), bytes(code.data[:8])
        owner = next(module for known, module in deployed.functions[start] if known == data)
        known = [q for place, q, _ in functions.get(name, ()) if place == f"{owner}.py"]
        self._functions.setdefault(start, []).append((data, f"{owner} {'/'.join(known) or name}"))
        for child in code.children:
            self._learn(child, deployed, functions)

    def begin(self, chip):
        """Counts what this chip allocates while it is profiled."""
        self._chip = chip
        chip.on_allocated = self._allocated

    def _allocated(self, size, code, ip):
        where = self._place(code, ip)
        if where is not None:
            self.found[where, size] += 1
            self.bytes[where, size] += size

    def _place(self, code, ip):
        """What stands for bytecode and an instruction; None for what is the image's own."""
        if code is None:
            return "asyncio"
        memory = self._chip.memory
        for data, place in self._functions.get(memory.read(code, 8), ()):
            if memory.read(code, len(data)) == data:
                if ip is None:
                    return f"{place} frame"
                byte = memory.read(ip, 1)[0]
                return f"{place} +{ip - code} {_OPERATIONS.get(byte, hex(byte))}"
        return None

    def rows(self):
        """(bytes, count, size, where), the most bytes first."""
        rows = [(b, self.found[key], key[1], key[0]) for key, b in self.bytes.items()]
        return sorted(rows, reverse=True)
