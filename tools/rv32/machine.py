"""Executes the machine code of viper functions in an RV32 emulator (unicorn).

A function gets its arguments through the interpreter's helpers, as on the chip; four of them are
all that viper code without Python objects calls. Buffers are copied in and out around each call,
always to the same addresses for the same arguments.
"""

import hashlib
import struct

from unicorn import UC_ARCH_RISCV, UC_HOOK_BLOCK, UC_HOOK_CODE, UC_HOOK_MEM_READ, Uc
from unicorn import UC_HOOK_MEM_WRITE as UC_HOOK_MEM_WRITE
from unicorn import riscv_const as r
from unicorn.unicorn_const import UC_MODE_RISCV32

from tools.rv32.mpy import FUNCTION_TABLE

CODE, DATA, STACK, HELPERS, OBJECTS = 0x42000000, 0x3FC00000, 0x3FD00000, 0x40000000, 0x3FE00000
SIZE = 0x100000
STACK_BYTES = 0x4000
# Places in the interpreter's function table (py/nativeglue.h)
NONE, TO_NATIVE, TO_OBJECT, CHECK_ARGUMENTS, FLOOR_DIVIDE = 0, 3, 4, 44, 46
DIVISION_COST = 30  # instructions, the hardware's own 32 cycles included
TABLE_ENTRIES = 64
INT = 2  # what TO_OBJECT is told a number is
RETURN = struct.pack("<H", 0x8082)
NONE_OBJECT = 0x0E


def _signed(word):
    return word - (1 << 32) if word >> 31 else word


class Machine:
    """An emulator with the machine code of any number of functions."""

    def __init__(self):
        self.uc = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
        for start in (CODE, DATA, STACK, HELPERS, OBJECTS):
            self.uc.mem_map(start, SIZE)
        self.uc.mem_write(HELPERS, RETURN * (2 * TABLE_ENTRIES + 2))
        table = [HELPERS + 4 * i for i in range(TABLE_ENTRIES)]
        table[NONE] = NONE_OBJECT
        self.uc.mem_write(OBJECTS, struct.pack(f"<{TABLE_ENTRIES}I", *table))
        self.uc.hook_add(UC_HOOK_CODE, self._helper, None, HELPERS, HELPERS + 4 * TABLE_ENTRIES)
        self._free_code = CODE
        self._free_object = OBJECTS + 0x1000
        self._loaded = {}
        self._asking = False
        self._arity = None
        self._counting = None
        self._blocks = {}
        self.instructions = 0
        self._trace = None
        self._trace_hooks = []

    def call(self, code, arguments):
        """Runs a viper function; what it returns: a signed word, or None."""
        entry, function = self._load(code)
        self._arguments = arguments
        at = DATA
        self._values = []
        buffers = []
        for argument in arguments:
            if isinstance(argument, int):
                self._values.append(argument & 0xFFFFFFFF)
                continue
            data = bytes(argument)
            self.uc.mem_write(at, data)
            buffers.append((argument, at, data))
            self._values.append(at)
            at += (len(data) + 79) & ~15
        vector = STACK + SIZE - 64
        handles = struct.pack(f"<{len(arguments)}I", *range(len(arguments)))
        self.uc.mem_write(vector, handles)
        for register, value in (
            (r.UC_RISCV_REG_A0, function),
            (r.UC_RISCV_REG_A1, len(arguments)),
            (r.UC_RISCV_REG_A2, 0),
            (r.UC_RISCV_REG_A3, vector),
            (r.UC_RISCV_REG_SP, STACK + SIZE - 256),
            (r.UC_RISCV_REG_RA, HELPERS + 4 * TABLE_ENTRIES),
        ):
            self.uc.reg_write(register, value)
        self._result = None
        self.uc.emu_start(entry, HELPERS + 4 * TABLE_ENTRIES)
        for argument, at, before in buffers:
            if not isinstance(argument, bytes):
                after = self.uc.mem_read(at, len(before))
                if after != before:
                    memoryview(argument).cast("B")[:] = after
        return self._result

    def arguments(self, code):
        """How many arguments a viper function takes: it has them checked before all else."""
        entry, function = self._load(code)
        self._arity = None
        self._values = []
        for register, value in (
            (r.UC_RISCV_REG_A0, function),
            (r.UC_RISCV_REG_A1, 0),
            (r.UC_RISCV_REG_A2, 0),
            (r.UC_RISCV_REG_A3, STACK + SIZE - 64),
            (r.UC_RISCV_REG_SP, STACK + SIZE - 256),
            (r.UC_RISCV_REG_RA, HELPERS + 4 * TABLE_ENTRIES),
        ):
            self.uc.reg_write(register, value)
        self._asking = True
        self.uc.emu_start(entry, HELPERS + 4 * TABLE_ENTRIES)
        self._asking = False
        return self._arity

    def _load(self, code):
        key = id(code)
        if key not in self._loaded:
            constants = code.module.constants
            table, context, function = (self._free_object + 0x400 * i for i in range(3))
            self._free_object += 0xC00
            entries = [OBJECTS if c is FUNCTION_TABLE else 0 for c in constants]
            self.uc.mem_write(table, struct.pack(f"<{len(entries)}I", *entries))
            self.uc.mem_write(context, struct.pack("<4I", 0, 0, 0, table))
            self.uc.mem_write(function, struct.pack("<2I", 0, context))
            entry = self._free_code
            self.uc.mem_write(entry, code.data)
            self._free_code += (len(code.data) + 15) & ~15
            self._loaded[key] = (entry, function, code)
        return self._loaded[key][:2]

    def _helper(self, uc, address, size, _):
        helper = (address - HELPERS) // 4
        first = uc.reg_read(r.UC_RISCV_REG_A0)
        if self._asking:
            if helper != CHECK_ARGUMENTS:
                raise NotImplementedError("a viper function that does not check its arguments")
            # py/obj.h: MP_OBJ_FUN_MAKE_SIG(least, most, keywords)
            self._arity = uc.reg_read(r.UC_RISCV_REG_A2) >> 17
            uc.emu_stop()
        elif helper == TO_NATIVE:
            uc.reg_write(r.UC_RISCV_REG_A0, self._values[first])
        elif helper == TO_OBJECT:
            self._result = _signed(first)
        elif helper == FLOOR_DIVIDE:
            second = uc.reg_read(r.UC_RISCV_REG_A1)
            uc.reg_write(r.UC_RISCV_REG_A0, _signed(first) // _signed(second) & 0xFFFFFFFF)
            self.instructions += DIVISION_COST
        elif helper != CHECK_ARGUMENTS and helper < TABLE_ENTRIES:
            raise NotImplementedError(f"helper {helper} of the interpreter")

    def count(self, on=True):
        """Starts or stops adding up `instructions`; slower by far while on."""
        self.uc.ctl_flush_tb()  # what is translated already would not be counted
        if on and self._counting is None:
            self._counting = self.uc.hook_add(
                UC_HOOK_BLOCK, self._block, None, CODE, CODE + SIZE - 1
            )
        elif not on and self._counting is not None:
            self.uc.hook_del(self._counting)
            self._counting = None

    def _block(self, uc, address, size, _):
        key = (address, size)
        known = self._blocks.get(key)
        if known is None:
            data = bytes(uc.mem_read(address, size))
            known = at = 0
            while at < size:
                at += 4 if data[at] & 3 == 3 else 2  # compressed instructions have two bytes
                known += 1
            self._blocks[key] = known
        self.instructions += known
        if self._trace is not None:
            self._trace.update(address.to_bytes(4, "little"))

    def trace(self, memory):
        """From now on follows every block executed and, if `memory`, every address accessed."""
        self.count()
        self._trace = hashlib.sha256()
        if memory:
            kinds = UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE
            self._trace_hooks.append(self.uc.hook_add(kinds, self._access))

    def traced(self):
        """Stops following; a digest of all that was seen."""
        for hook in self._trace_hooks:
            self.uc.hook_del(hook)
        self._trace_hooks = []
        digest, self._trace = self._trace.digest(), None
        self.count(False)
        return digest

    def _access(self, uc, kind, address, size, value, _):
        self._trace.update(struct.pack("<IB", address, size))
