"""Deployed modules without their machine code: each function has a stub in its place.

The stub is bytecode of the same signature. All it does is `first_argument @ number`, which is
where the interpreter asks the host (rewrite.py): there the machine code is executed.
"""

from tools.rv32 import mpy
from tools.rv32.machine import Machine
from tools.wasm32.rewrite import MAT_MULTIPLY

FIRST = 1000  # numbers below are the stand-ins' calls
# What ESP-IDF's allocator adds to a block, and the list in which MicroPython keeps it
FUNCTION_OVERHEAD_BYTES = 16
HEAP_BLOCK_BYTES = 16  # py/mpconfig.h: MICROPY_BYTES_PER_GC_BLOCK with words of 32 bits

_LOAD_NONE, _LOAD_INT, _LOAD_FIRST, _RETURN = 0x51, 0x22, 0xB0, 0x63
_BINARY = 0xD7
_FUNCTION_TABLE_CONSTANT, _NONE_CONSTANT = 0, 1


def _number(value):
    out = bytearray([value & 0x7F])
    value >>= 7
    while value:
        out.insert(0, value & 0x7F | 0x80)
        value >>= 7
    return bytes(out)


def _stub(arguments, number):
    """Bytecode: a function of so many arguments whose body is `first @ number`."""
    states = arguments + 2 - 1
    extra = []
    first = (states & 15) << 3 | arguments & 3
    states, rest = states >> 4, arguments >> 2
    while states or rest:
        extra.append((states & 3) << 4 | (rest & 1) << 2)
        states, rest = states >> 2, rest >> 1
    signature = bytearray([first, *extra])
    for i in range(len(extra)):
        signature[i] |= 0x80
    names = bytes(1 + arguments)  # its own and its arguments': the module's first will do
    size = bytes([len(names) << 1])
    code = bytes([_LOAD_FIRST if arguments else _LOAD_NONE, _LOAD_INT]) + _number(number)
    return bytes(signature) + size + names + code + bytes([_BINARY + MAT_MULTIPLY, _RETURN])


class Stubs:
    """The machine code of a firmware, by number, and its modules without it."""

    def __init__(self):
        self.codes = {}  # number: the function's mpy.Code
        self.sizes = {}  # module: bytes of machine code
        self.stub_bytes = 0  # of the heap, which the chip does not need
        self.names = set()  # all names that the modules bring along
        self._machine = Machine()

    def without_code(self, data, name_of):
        """The bytes of an .mpy file without machine code; name_of(n): what `sizes` calls the n-th
        piece of code at its top, with what is in it."""
        module = mpy.read(data, "")
        self.names.update(module.names)
        reader = mpy._Reader(data)
        reader.at = 4
        if data[2] & 0x40:
            reader.number()
        start = reader.at
        names, constants = reader.number(), reader.number()
        for _ in range(names):
            reader.name({})
        table = bytearray(data[start : reader.at])
        for _ in range(constants):
            at = reader.at
            reader.constant()
            if data[at] == _FUNCTION_TABLE_CONSTANT:
                table.append(_NONE_CONSTANT)
            else:
                table += data[at : reader.at]
        # bits 2 and up of the third byte say which machine code there is
        header = data[:2] + bytes([data[2] & 3]) + data[3:4]
        return header + bytes(table) + self._code(module.code, name_of)

    def _code(self, code, name_of):
        data, kind = code.data, code.kind
        if kind == mpy.VIPER:
            number = FIRST + len(self.codes)
            self.codes[number] = code
            name = name_of(0)
            self.sizes[name] = self.sizes.get(name, 0) + self.size(code)
            data, kind = _stub(self._machine.arguments(code), number), mpy.BYTECODE
            self.stub_bytes += -(-len(data) // HEAP_BLOCK_BYTES) * HEAP_BLOCK_BYTES
        children = b""
        if code.children:
            children = _number(len(code.children))
            for i, child in enumerate(code.children):
                name = name_of(i)
                children += self._code(child, lambda _, name=name: name)
        return _number(len(data) << 3 | bool(children) << 2 | kind) + data + children

    @staticmethod
    def size(code):
        """Bytes of a function's machine code in the chip's memory."""
        return (len(code.data) + 3) // 4 * 4 + FUNCTION_OVERHEAD_BYTES

    def arguments(self, number):
        """How many arguments a function takes."""
        return self._machine.arguments(self.codes[number])

    def total(self):
        """Bytes of machine code, as the chip's allocator counts them."""
        return sum(self.sizes.values())
