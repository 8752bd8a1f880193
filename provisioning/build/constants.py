"""Writes constants into the code that uses them, across modules.

A constant is a name in capitals that is assigned once, at the top of a module, and whose value can
be told from the source: a number, a text, bytes, a tuple of such, or an expression of other
constants. It takes memory on the device as a name, as a place in its module's table, and for the
import. What is put in its place:

- a number that fits a machine word, a text of up to ten characters, True, False, None: the value;
- anything else: a `const()` with an underscore of the module that uses it, which mpy-cross writes
  into the code. A large one that several modules use stays where it is: there is one of it then.
"""

import ast
import operator
import re
from collections import Counter
from collections.abc import Callable

from provisioning.build.program import Module, Program, Scopes, bound_here, declared_global

_CONSTANT = re.compile(r"_*[A-Z][A-Z0-9_]*")
_SMALL_INT_BITS = 30  # a small int of a 32-bit MicroPython has 31, with its sign
_INTERNED_CHARACTERS = 10  # a literal up to this is a name anyway (MICROPY_ALLOC_PARSE_INTERN...)
_SMALL_BYTES = 16  # a value up to this may be there once for each module that uses it
_PREFIX = "_const_"

Value = int | str | bytes | bool | tuple | None
_BINARY: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type, Callable] = {ast.USub: operator.neg, ast.Invert: operator.invert}


class _Unknown(Exception):
    """The value cannot be told from the source."""


Place = tuple[str, str]  # module, name


def inline_constants(program: Program) -> None:
    """Does it for the whole program. What is no longer used stays (unused.py)."""
    values = _find(program)
    users: dict[Place, set[str]] = {place: set() for place in values}
    for module in program.modules.values():
        _Uses(module, values, users).visit(module.tree)
    for module in program.modules.values():
        writer = _Writer(module, values, users)
        writer.visit(module.tree)
        module.tree.body[:0] = writer.made.values()
        ast.fix_missing_locations(module.tree)


def _find(program: Program) -> dict[Place, Value]:
    """All constants with their values."""
    stored_behind_a_dot = {
        node.attr
        for module in program.modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
    scopes = {name: Scopes(module) for name, module in program.modules.items()}
    candidates: dict[Place, ast.expr] = {}
    for module in program.modules.values():
        times = Counter(name for name, _ in bound_here(module.tree))
        excluded = declared_global(module.tree) | stored_behind_a_dot
        for statement in module.tree.body:
            name = _assigned(statement)
            if name is not None and times[name] == 1 and name not in excluded:
                assert isinstance(statement, ast.Assign)
                candidates[module.name, name] = statement.value
    values: dict[Place, Value] = {}
    progress = True
    while progress:
        progress = False
        for place, expression in candidates.items():
            if place not in values:
                try:
                    values[place] = _evaluate(expression, place[0], scopes[place[0]], values)
                    progress = True
                except _Unknown:
                    continue
    return values


def _assigned(statement: ast.stmt) -> str | None:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    (target,) = statement.targets
    if isinstance(target, ast.Name) and _CONSTANT.fullmatch(target.id):
        return target.id
    return None


def _place(node: ast.expr, module: str, scopes: Scopes) -> Place | None:
    """Which module's name this is, if it can be a constant."""
    if isinstance(node, ast.Name):
        binding = scopes.binding(node.id)
        if binding is not None:
            return (binding.module, binding.name) if binding.name else None
        return (module, node.id) if scopes.is_global(node.id) else None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        binding = scopes.binding(node.value.id)
        if binding is not None and binding.name is None:
            return binding.module, node.attr
    return None


def _evaluate(node: ast.expr, module: str, scopes: Scopes, values: dict[Place, Value]) -> Value:
    def inner(part: ast.expr) -> Value:
        return _evaluate(part, module, scopes, values)

    if isinstance(node, ast.Constant):
        if isinstance(node.value, (int, str, bytes)) or node.value is None:
            return node.value
        raise _Unknown
    if isinstance(node, ast.Tuple):
        return tuple(inner(part) for part in node.elts)
    if isinstance(node, ast.Call):
        is_const = isinstance(node.func, ast.Name) and node.func.id == "const"
        if is_const and len(node.args) == 1 and not node.keywords:
            return inner(node.args[0])
        raise _Unknown
    place = _place(node, module, scopes)
    if place is not None and place in values:
        return values[place]
    try:
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return _BINARY[type(node.op)](inner(node.left), inner(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            return _UNARY[type(node.op)](inner(node.operand))
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise _Unknown from error
    raise _Unknown


def _is_written_in_place(value: Value) -> bool:
    if isinstance(value, int):
        return -(1 << _SMALL_INT_BITS) <= value < 1 << _SMALL_INT_BITS
    return value is None or (isinstance(value, str) and len(value) <= _INTERNED_CHARACTERS)


def _is_small(value: Value) -> bool:
    if isinstance(value, tuple):
        return False
    return not isinstance(value, (str, bytes)) or len(value) <= _SMALL_BYTES


def _literal(value: Value) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([_literal(part) for part in value], ast.Load())
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


class _Scoped:
    """A visitor that knows which scope it is in."""

    _scopes: Scopes

    def _inside(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Lambda):
            with self._scopes.inside(node):
                self.generic_visit(node)  # type: ignore[attr-defined]  # it is a visitor's
            return node
        # Decorators, defaults and bases belong to the scope around.
        inner = ("body",)
        for name, value in ast.iter_fields(node):
            if name not in inner:
                self._part(node, name, value)
        with self._scopes.inside(node):
            for name, value in ast.iter_fields(node):
                if name in inner:
                    self._part(node, name, value)
        return node

    def _part(self, node: ast.AST, name: str, value: object) -> None:
        parts = value if isinstance(value, list) else [value]
        made = [
            self.visit(part) if isinstance(part, ast.AST) else part  # type: ignore[attr-defined]
            for part in parts
        ]
        if isinstance(self, ast.NodeTransformer):
            setattr(node, name, made if isinstance(value, list) else made[0])

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _inside


class _Uses(_Scoped, ast.NodeVisitor):
    """Notes which modules read which constant."""

    def __init__(self, module: Module, values: dict[Place, Value], users: dict[Place, set[str]]):
        self._module = module.name
        self._scopes = Scopes(module)
        self._values = values
        self._users = users

    def _note(self, node: ast.Name | ast.Attribute) -> None:
        place = _place(node, self._module, self._scopes)
        if isinstance(node.ctx, ast.Load) and place in self._values:
            self._users[place].add(self._module)
        self.generic_visit(node)

    visit_Name = _note
    visit_Attribute = _note


class _Writer(_Scoped, ast.NodeTransformer):
    """Puts the values in, in one module. made: the `const()` statements that this needs."""

    def __init__(self, module: Module, values: dict[Place, Value], users: dict[Place, set[str]]):
        self._module = module.name
        self._scopes = Scopes(module)
        self._values = values
        self._users = users
        self.made: dict[Place, ast.stmt] = {}

    def _stays(self, place: Place) -> bool:
        """True for what stays a name of its own module, being large and used by several."""
        value = self._values[place]
        if _is_written_in_place(value) or _is_small(value):
            return False
        return len(self._users[place]) > 1

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        place = (self._module, _assigned(node) or "")
        if place in self._values and self._scopes.is_global(place[1]):
            node.value = _literal(self._values[place])
            return node
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._replaced(node) or node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        made = self._replaced(node)
        if made is not None:
            return made
        self.generic_visit(node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        place = _place(node.value, self._module, self._scopes)
        row = self._values.get(place) if place else None
        if isinstance(row, tuple) and isinstance(node.slice, ast.Constant):
            index = node.slice.value
            if isinstance(index, int) and index < len(row) and _is_written_in_place(row[index]):
                return ast.copy_location(_literal(row[index]), node)
        self.generic_visit(node)
        return node

    def _replaced(self, node: ast.Name | ast.Attribute) -> ast.expr | None:
        if not isinstance(node.ctx, ast.Load):
            return None
        place = _place(node, self._module, self._scopes)
        if place is None or place not in self._values or self._stays(place):
            return None
        value = self._values[place]
        if _is_written_in_place(value):
            return ast.copy_location(_literal(value), node)
        name = _PREFIX + f"{place[0]}_{place[1]}".replace(".", "_")
        if place not in self.made:
            call = ast.Call(ast.Name("const", ast.Load()), [_literal(value)], [])
            self.made[place] = ast.Assign([ast.Name(name, ast.Store())], call, lineno=0)
        return ast.copy_location(ast.Name(name, ast.Load()), node)


def is_made(name: str) -> bool:
    """True for a `const()` of this step: it must keep its underscore, and is no name later."""
    return name.startswith(_PREFIX)
