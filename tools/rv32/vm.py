"""Executes the bytecode of firmware modules, and their viper functions in the emulator.

MicroPython's instructions are those of py/bc0.h (version 6 of .mpy), as far as the firmware's
verification uses them; one that is missing raises. Objects are CPython's own.

The cost of a run, in instructions of the chip: the machine code executed, and what is added for
what the emulator does not execute:
"""

import builtins
import operator
from pathlib import Path

from tools.rv32 import mpy
from tools.rv32.machine import Machine

CALL_COST = 240  # from bytecode into machine code: the interpreter's helpers, boxing
BYTECODE_COST = 60
BUILTIN_COST = 400  # a C function called from bytecode; the bytecode itself comes on top
ALLOCATION_COST = 300  # a new object of bytes or a long integer
BYTE_COST = 2  # each byte that such an object has
SHA256_COST_PER_BYTE = 98

_NULL = object()
_UNARY = (operator.pos, operator.neg, operator.invert, operator.not_)
_ARITHMETIC = [
    "or_",
    "xor",
    "and_",
    "lshift",
    "rshift",
    "add",
    "sub",
    "mul",
    "matmul",
    "floordiv",
    "truediv",
    "mod",
    "pow",
]
_BINARY = (
    *(operator.lt, operator.gt, operator.eq, operator.le, operator.ge, operator.ne),
    *(lambda a, b: a in b, operator.is_, lambda a, b: isinstance(a, b)),
    *(getattr(operator, "i" + name.rstrip("_")) for name in _ARITHMETIC),
    *(getattr(operator, name) for name in _ARITHMETIC),
)


class Function:
    """A function in bytecode."""

    def __init__(self, vm, code, module, defaults=()):
        self.vm, self.code, self.module, self.defaults = vm, code, module, defaults
        at = 1
        byte = code.data[0]
        states, arguments = byte >> 3 & 15, byte & 3
        shift = flags = 0
        while byte & 0x80:
            byte = code.data[at]
            at += 1
            states |= (byte & 0x30) << 2 * shift
            arguments |= (byte & 4) << shift
            flags |= (byte & 0x40) >> 6 << shift
            shift += 1
        self.locals, self.arguments, self.spread = states + 1, arguments, flags & 4
        info = shift = 0
        while True:
            byte = code.data[at]
            at += 1
            info |= (byte & 0x7E) >> 1 << 6 * shift
            if byte & 1:
                raise NotImplementedError("cells")
            shift += 1
            if byte < 0x80:
                break
        self.start = at + info

    def __get__(self, instance, owner):
        return self if instance is None else lambda *args: self(instance, *args)

    def __call__(self, *args):
        missing = self.arguments - len(args)
        if missing > 0:
            args += tuple(self.defaults[len(self.defaults) - missing :])
        if self.spread:
            args = (*args[: self.arguments], args[self.arguments :])
        elif len(args) != self.arguments:
            raise TypeError("wrong number of arguments")
        return self.vm.execute(self, args, vars(self.module))


class Viper:
    """A function in machine code."""

    def __init__(self, vm, code):
        self.vm, self.code = vm, code

    def __call__(self, *args):
        self.vm.calls += 1
        return self.vm.machine.call(self.code, args)


class Namespace:
    """A module."""


class Vm:
    """Modules from a folder, compiled for RV32 and run here."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.machine = Machine()
        self.modules = {"micropython": Namespace()}
        vars(self.modules["micropython"])["const"] = lambda x: x
        self.bytecodes = self.calls = self.helpers = 0

    def reset(self):
        """Forgets the cost so far."""
        self.bytecodes = self.calls = self.helpers = self.machine.instructions = 0

    def cost(self):
        """In instructions of the chip, if the machine was counting."""
        return (
            self.machine.instructions
            + CALL_COST * self.calls
            + BYTECODE_COST * self.bytecodes
            + self.helpers
        )

    def load(self, name):
        """The module of that name: crypto.field is folder/crypto/field.py."""
        if name in self.modules:
            return self.modules[name]
        path = self.folder.joinpath(*name.split("."))
        source = path.with_suffix(".py") if path.with_suffix(".py").exists() else None
        source = source or path / "__init__.py"
        if not source.exists():
            self.modules[name] = __import__(name)
            return self.modules[name]
        parent, _, last = name.rpartition(".")
        if parent:
            self.load(parent)
        module = self.modules[name] = Namespace()
        vars(module).update(__name__=name, __file__=str(source))
        if parent:
            setattr(self.modules[parent], last, module)
        parsed = mpy.read(mpy.cross_compile(source), name)
        self.execute(Function(self, parsed.code, module), (), vars(module))
        return module

    def _import(self, name, level):
        if level:
            raise NotImplementedError("relative imports")
        return self.load(name)

    def _name(self, name, namespace, module):
        if name in namespace:
            return namespace[name]
        if name in vars(module):
            return vars(module)[name]
        return getattr(builtins, name)

    def _charge(self, value):
        if isinstance(value, bytes | bytearray | memoryview):
            self.helpers += ALLOCATION_COST
            if not isinstance(value, memoryview):
                self.helpers += BYTE_COST * len(value)
        elif type(value) is int and not -(1 << 30) <= value < 1 << 30:
            self.helpers += ALLOCATION_COST + value.bit_length() * BYTE_COST // 8
        return value

    def _call(self, target, args):
        if target is _build_class:
            body, name, *bases = args
            contents = {}
            self.execute(body, (), contents)
            return type(name, tuple(bases), contents)
        if not isinstance(target, Function | Viper | type(lambda: 0)):
            self.helpers += BUILTIN_COST
        return self._charge(target(*args))

    def execute(self, function, args, namespace):
        """Runs a function in bytecode; `namespace` is where names outside of it are stored."""
        data, names, module = function.code.data, function.code.module.names, function.module
        constants, children = function.code.module.constants, function.code.children
        fast = [*args, *[_NULL] * (function.locals - len(args))]
        stack, handlers = [], []
        at = function.start

        def number():
            nonlocal at
            value = 0
            while True:
                byte = data[at]
                at += 1
                value = value << 7 | byte & 0x7F
                if byte < 0x80:
                    return value

        def label(signed):
            nonlocal at
            if data[at] & 0x80:
                value, bias = data[at] & 0x7F | data[at + 1] << 7, 0x4000
                at += 2
            else:
                value, bias = data[at], 0x40
                at += 1
            return at + value - (bias if signed else 0)

        def pop_many(count):
            taken = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            return taken

        while True:
            op = data[at]
            at += 1
            self.bytecodes += 1
            try:
                if 0x70 <= op < 0xB0:
                    stack.append(op - 0x80)
                elif 0xB0 <= op < 0xC0 or op == 0x24:
                    value = fast[op - 0xB0 if op != 0x24 else number()]
                    if value is _NULL:
                        raise NameError("a local variable before it is set")
                    stack.append(value)
                elif 0xC0 <= op < 0xD0 or op == 0x26:
                    fast[op - 0xC0 if op != 0x26 else number()] = stack.pop()
                elif 0xD0 <= op < 0xD7:
                    stack.append(_UNARY[op - 0xD0](stack.pop()))
                elif op >= 0xD7:
                    right = stack.pop()
                    stack.append(self._charge(_BINARY[op - 0xD7](stack.pop(), right)))
                elif op in (0x50, 0x51, 0x52, 0x53):
                    stack.append((False, None, True, _NULL)[op - 0x50])
                elif op == 0x22:
                    value = -1 if data[at] & 0x40 else 0
                    while True:
                        value = value << 7 | data[at] & 0x7F
                        at += 1
                        if data[at - 1] < 0x80:
                            break
                    stack.append(value)
                elif op == 0x10:
                    stack.append(names[number()])
                elif op == 0x23:
                    stack.append(constants[number()])
                elif op in (0x11, 0x12):
                    stack.append(self._name(names[number()], namespace, module))
                elif op == 0x13:
                    stack.append(getattr(stack.pop(), names[number()]))
                elif op == 0x14:
                    stack += [getattr(stack.pop(), names[number()]), _NULL]
                elif op == 0x16:
                    namespace[names[number()]] = stack.pop()
                elif op == 0x17:
                    vars(module)[names[number()]] = stack.pop()
                elif op == 0x18:
                    target = stack.pop()
                    setattr(target, names[number()], stack.pop())
                elif op == 0x1B:
                    pop_many(1)
                    level = stack.pop()
                    stack.append(self._import(names[number()], level))
                elif op == 0x1C:
                    name = names[number()]
                    source = stack[-1]
                    if not hasattr(source, name):
                        self.load(f"{source.__name__}.{name}")
                    stack.append(getattr(source, name))
                elif op == 0x54:
                    stack.append(_build_class)
                elif op == 0x55:
                    key = stack.pop()
                    stack.append(self._charge(stack.pop()[key]))
                elif op == 0x56:
                    value, target, key = pop_many(3)
                    target[key] = value
                elif op in (0x57, 0x58):
                    stack += stack[-(op - 0x56) :]
                elif op == 0x59:
                    stack.pop()
                elif op == 0x5A:
                    stack[-1], stack[-2] = stack[-2], stack[-1]
                elif op == 0x5B:
                    stack[-3:] = [stack[-1], stack[-3], stack[-2]]
                elif op == 0x40:
                    target = label(signed=True)
                    depth = data[at]
                    if depth & 0x80:
                        pop_many(4)
                    del handlers[len(handlers) - (depth & 0x7F) :]
                    at = target
                elif op == 0x42:
                    at = label(signed=True)
                elif op in (0x43, 0x44):
                    target = label(signed=True)
                    if bool(stack.pop()) == (op == 0x43):
                        at = target
                elif op in (0x45, 0x46):
                    target = label(signed=False)
                    if bool(stack[-1]) == (op == 0x45):
                        at = target
                    else:
                        stack.pop()
                elif op == 0x48:
                    handlers.append((label(signed=False), len(stack)))
                elif op == 0x4A:
                    at = label(signed=False)
                    handlers.pop()
                elif op == 0x5D:
                    raise stack.pop()
                elif op == 0x5E:
                    stack.append(iter(stack.pop()))
                elif op == 0x5F:
                    stack += [_NULL, iter(stack.pop()), _NULL, _NULL]
                elif op == 0x4B:
                    end = label(signed=False)
                    value = next(stack[-3], _NULL)
                    if value is _NULL:
                        pop_many(4)
                        at = end
                    else:
                        stack.append(value)
                elif op == 0x2A:
                    stack.append(tuple(pop_many(number())))
                elif op == 0x2B:
                    stack.append(pop_many(number()))
                elif op == 0x2C:
                    number()
                    stack.append({})
                elif op == 0x62:
                    value, key = pop_many(2)
                    stack[-1][key] = value
                elif op == 0x2E:
                    stack.append(slice(*pop_many(number())))
                elif op == 0x2F:
                    place = number()
                    value = stack.pop()
                    stack[-(place >> 2)].append(value)
                elif op == 0x30:
                    count = number()
                    stack += reversed(tuple(stack.pop())[:count])
                elif op == 0x63:
                    return stack.pop()
                elif op == 0x65:
                    raise stack.pop()
                elif op in (0x32, 0x33):
                    child = children[number()]
                    defaults = ()
                    if op == 0x33:
                        defaults, _ = pop_many(2)
                    if child.kind == mpy.VIPER:
                        stack.append(Viper(self, child))
                    else:
                        stack.append(Function(self, child, module, defaults))
                elif op in (0x34, 0x36):
                    count = number()
                    if count > 255:
                        raise NotImplementedError("keyword arguments")
                    args = pop_many(count)
                    receiver = stack.pop() if op == 0x36 else _NULL
                    assert receiver is _NULL
                    stack.append(self._call(stack.pop(), args))
                elif op in (0x35, 0x37):
                    stack.append(self._spread(op, pop_many, number(), stack))
                else:
                    raise NotImplementedError(f"instruction {op:#x} of bytecode")
            except Exception as error:
                if not handlers:
                    raise
                at, depth = handlers[-1]
                del stack[depth:]
                stack.append(error)

    def _spread(self, op, pop_many, count, stack):
        """f(*args): a bit per argument tells which is to be spread."""
        star = pop_many(1)[0]
        args = []
        for i, value in enumerate(pop_many(count & 0xFF)):
            args += value if star >> i & 1 else [value]
        if op == 0x37:
            stack.pop()
        return self._call(stack.pop(), args)


def _build_class():
    raise NotImplementedError
