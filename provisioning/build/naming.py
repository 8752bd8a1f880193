"""Gives what is private to the firmware names that cost a device nothing.

On a device each different name stays in RAM with its text, unless the stock image has it in its ROM
already. So every name that the firmware defines itself becomes one of those, the same everywhere:
then attributes, keyword arguments and imports agree without anybody having to know what an object
is. Never changed is a name that

- MicroPython's sources know (stock.known): it may be asked of somebody else's object, or by one;
- the firmware does not define: it is somebody else's;
- stands in the source as a text that `getattr`, `hasattr`, `setattr` or `delattr` is called with.

What only one place can see shares its new name with others that are seen elsewhere: an argument
that is never given by name, a function or variable of a module that is never asked for from
outside, an attribute with an underscore that is only ever one of `self` (modules whose classes
inherit from each other count as one place). So do a name behind a dot and one that is not. Local
variables are no names on a device.
Modules lie side by side in one folder, for a package is a name, a module and a path more.
"""

import ast
import builtins
import keyword
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count

from provisioning.build import stock
from provisioning.build.constants import is_made
from provisioning.build.program import (
    Binding,
    BuildProblem,
    Module,
    Program,
    bound_here,
    imports,
    reflected,
)

# What the interpreter or its modules ask of any object by name: a stream, a block device, a file
# system, a mapping, an exception, a base class in C. Ours must not get to be one by chance.
PROTOCOLS = frozenset(
    " ".join(
        (
            "read readinto readline write ioctl close flush fileno send setblocking register",
            "readblocks writeblocks count",
            "mkdir mount open path remove rename rmdir stat statvfs umount unlink ilistdir sync",
            "keys items values get update append popleft collect reset",
            "args value errno throw pend_throw code state",
            "fill pixel hline vline rect fill_rect line ellipse poly blit scroll text",
        )
    ).split()
)

_WITH_NAME = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ExceptHandler)


class Naming:
    """What became of each name. names, narrow, modules: old -> new."""

    def __init__(self, program: Program, fixed: dict[str, str], asked_for: set[str]):
        """fixed: what modules have to be called, by their names; asked_for: names that stay."""
        self._program = program
        self._kinds = _Kinds(program, asked_for)
        taken = self._kinds.everything | set(keyword.kwlist) | set(dir(builtins)) | PROTOCOLS
        taken |= set(fixed.values())
        self._free = sorted(
            (name for name in stock.in_every_image() if _is_ordinary(name) and name not in taken),
            key=lambda name: (len(name), name),
        )
        self._taken = taken | stock.known()
        self._made = self._short_names()
        self.modules = fixed | self._name_modules(set(program.modules) - set(fixed))
        self.narrow = self._name_narrow()
        self.names = {name: self._next() for name in self._kinds.shared}

    def _next(self) -> str:
        return self._free.pop(0) if self._free else next(self._made)

    def _short_names(self) -> Iterator[str]:
        """Names for when the image's have run out: z0, z1, ..."""
        for number in count():
            name = f"z{number}"
            if name not in self._taken:
                yield name

    def _name_modules(self, modules: set[str]) -> dict[str, str]:
        used = Counter(
            node.names[0].name if isinstance(node, ast.Import) else node.module or ""
            for module in self._program.modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
        )
        # MicroPython's own modules are all written small: none must be hidden by one of these.
        large = [name for name in self._free if name[0].isupper()]
        made = {}
        for name in sorted(modules, key=lambda name: (-used[name], name)):
            made[name] = large.pop(0) if large else next(self._made)
        self._free = [name for name in self._free if name not in made.values()]
        return made

    def _name_narrow(self) -> dict[str, str]:
        """Names for what only one place can see: different ones where two meet."""
        conflicts = self._kinds.narrow
        chosen: dict[str, str] = {}
        shared: list[str] = []
        for name in sorted(conflicts, key=lambda name: (-len(conflicts[name]), name)):
            there = {chosen[other] for other in conflicts[name] if other in chosen}
            left = [candidate for candidate in shared if candidate not in there]
            if not left:
                left = [self._next()]
                shared += left
            chosen[name] = left[0]
        return chosen

    def apply(self) -> None:
        """Renames the whole program, in place."""
        renamed = self.names | self.narrow
        for module in self._program.modules.values():
            _Renamer(self._program, module, renamed, self.modules).visit(module.tree)
            ast.fix_missing_locations(module.tree)


def _is_ordinary(name: str) -> bool:
    # An underscore says something to mpy-cross (of a const) and to CPython (of a namedtuple).
    return name.isidentifier() and not name.startswith("_")


class _Kinds:
    """Sorts every name of the program.

    everything: all there are, texts too. shared: to be renamed, the same in the whole program.
    narrow: what one function or module alone can see, each with all that it must not be taken for.
    """

    def __init__(self, program: Program, asked_for: set[str]):
        self.everything: set[str] = set()
        self._defined: set[str] = set()
        self._wide: set[str] = set()  # seen from outside: attributes, keywords, classes, imports
        self._foreign: set[str] = set(asked_for)
        for module in program.modules.values():
            self._sort(module.tree, program)
        self._foreign |= stock.known() | set(dir(builtins)) | set(keyword.kwlist)
        may_change = {
            name
            for name in self._defined - self._foreign
            if not name.startswith("__") and not is_made(name)
        }
        self.shared = sorted(may_change & self._wide)
        self.narrow: dict[str, set[str]] = {}
        self._find_conflicts(program, may_change - self._wide)

    def _find_conflicts(self, program: Program, narrow: set[str]) -> None:
        """What is behind a dot, and what is not, meet nowhere: an attribute may be called as a
        function of the module is."""
        trees = {name: module.tree for name, module in program.modules.items()}
        bound = {name: _not_local(tree) & narrow for name, tree in trees.items()}
        of_objects = {name: _of_objects(tree) & narrow for name, tree in trees.items()}
        everywhere = set().union(*bound.values(), *of_objects.values())
        seen = everywhere | _arguments(trees.values())  # all else is a local variable and stays
        for name, tree in trees.items():
            for names in _names_by_function(tree):
                here = names & narrow & seen
                self._keep_apart(here, here)
            there = _names(tree) & narrow & seen
            self._keep_apart(bound[name], there)
            self._keep_apart(of_objects[name], of_objects[name])
            for own, read in _in_classes(tree):
                self._keep_apart(own & narrow, read & narrow)
        for family in _families(program):
            for kind in (bound, of_objects):
                together = set().union(*(kind[name] for name in family))
                self._keep_apart(together, together)

    def _keep_apart(self, some: set[str], others: set[str]) -> None:
        for name in some:
            self.narrow.setdefault(name, set()).update(others - {name})
            for other in others - {name}:
                self.narrow.setdefault(other, set()).add(name)

    def _sort(self, tree: ast.AST, program: Program) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                self.everything.add(node.id)
                if isinstance(node.ctx, ast.Store):
                    self._defined.add(node.id)
            elif isinstance(node, ast.Attribute):
                self.everything.add(node.attr)
                if not _is_of_self(node):
                    self._wide.add(node.attr)
                if isinstance(node.ctx, ast.Store):
                    self._defined.add(node.attr)
            elif isinstance(node, ast.arg):
                self._define(node.arg)
            elif isinstance(node, ast.keyword) and node.arg:
                self.everything.add(node.arg)
                self._wide.add(node.arg)
            elif isinstance(node, ast.ClassDef):
                self._define(node.name)
                self._wide.add(node.name)  # that of an error is in a traceback's last line
            elif isinstance(node, _WITH_NAME) and node.name:
                self._define(node.name)
            elif isinstance(node, ast.Call):
                self._sort_call(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.everything.add(node.value)
        for name, binding in imports(tree):
            self._wide |= {name, binding.name or name}
            self._sort_import(name, binding, program)

    def _sort_import(self, name: str, binding: Binding, program: Program) -> None:
        self.everything |= {name, binding.name or "", *binding.module.split(".")}
        if binding.module in program.modules:
            self._defined.add(name)
            return
        self._foreign |= {binding.name or "", *binding.module.split(".")}
        if binding.name in (None, name):
            self._foreign.add(name)
        else:
            self._defined.add(name)

    def _sort_call(self, node: ast.Call) -> None:
        self._foreign.update(reflected(node))
        for name in fields(node):
            self._define(name)
            self._wide.add(name)

    def _define(self, name: str) -> None:
        self.everything.add(name)
        self._defined.add(name)


def fields(node: ast.Call) -> list[str]:
    """The names in a call of namedtuple: its own, then those of its fields. Else none."""
    if not (isinstance(node.func, ast.Name) and node.func.id == "namedtuple"):
        return []
    name, row = node.args
    if not isinstance(name, ast.Constant) or not isinstance(row, (ast.Tuple, ast.List)):
        raise BuildProblem(f"namedtuple wants its names as literals: {ast.unparse(node)}.")
    return [str(part.value) for part in (name, *row.elts) if isinstance(part, ast.Constant)]


def _is_of_self(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute) or not node.attr.startswith("_"):
        return False
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _of_objects(tree: ast.AST) -> set[str]:
    """Private attributes, and what classes define."""
    found = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and _is_of_self(node)
    }
    return found.union(*(own for own, _ in _in_classes(tree)))


def _in_classes(tree: ast.AST) -> Iterator[tuple[set[str], set[str]]]:
    """Of each class what it defines, and what is read while it is made: by their names alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            own = {name for name, _ in bound_here(node)}
            read = set()
            todo: list[ast.AST] = list(node.body)
            while todo:
                part = todo.pop()
                if isinstance(part, ast.Name):
                    read.add(part.id)
                if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    todo += [*part.decorator_list, part.args]
                else:
                    todo += ast.iter_child_nodes(part)
            yield own, read


def _arguments(trees: Iterable[ast.AST]) -> set[str]:
    return {part.arg for tree in trees for part in ast.walk(tree) if isinstance(part, ast.arg)}


def _families(program: Program) -> list[set[str]]:
    """Modules that have classes of which one inherits from the other, together."""
    families = [{name} for name in program.modules]
    for module in program.modules.values():
        for node in ast.walk(module.tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                joined = {module.name, *_handed_on(program, module.name, base)}
                touched = [family for family in families if family & joined]
                families = [family for family in families if not family & joined]
                families.append(set().union(*touched))
    return families


def _handed_on(program: Program, module: str, base: ast.expr) -> Iterator[str]:
    """The modules of the firmware through which a class comes, to the one that defines it."""
    name = ast.unparse(base)
    seen = set()
    while (module, name) not in seen:
        seen.add((module, name))
        binding = dict(imports(program.modules[module].tree)).get(name.split(".")[0])
        if binding is None or binding.module not in program.modules:
            return
        module, name = binding.module, binding.name or name.split(".")[-1]
        yield module


def _not_local(tree: ast.AST) -> set[str]:
    """What a module binds for itself; and functions in functions."""
    found = {name for name, _ in bound_here(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found.update(node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for part in ast.walk(node):
                if part is not node and isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found.add(part.name)
    return found


def _names(tree: ast.AST) -> set[str]:
    """All names in a tree but those behind a dot, and those of functions in a class."""
    methods = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for part in node.body
    }
    found = set()
    for part in ast.walk(tree):
        if isinstance(part, ast.arg):
            found.add(part.arg)
        elif isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, _WITH_NAME) and part.name and id(part) not in methods:
            found.add(part.name)
        elif isinstance(part, (ast.Global, ast.Nonlocal)):
            found.update(part.names)
    return found


def _names_by_function(tree: ast.AST) -> list[set[str]]:
    """Of each outermost function all names in it, those of functions in it too."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            found.append(_names(node))
        else:
            found += _names_by_function(node)
    return found


class _Renamer(ast.NodeTransformer):
    def __init__(
        self, program: Program, module: Module, names: dict[str, str], modules: dict[str, str]
    ):
        self._ours = set(program.modules)
        self._place = module.place
        self._names = names
        self._modules = modules

    def _new(self, name: str) -> str:
        return self._names.get(name, name)

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._new(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        self.generic_visit(node)
        node.attr = self._new(node.attr)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self._new(node.arg)  # a hint that is left is a type of viper's
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.keyword:
        self.generic_visit(node)
        node.arg = self._new(node.arg) if node.arg else None
        return node

    def visit_Global(self, node: ast.Global) -> ast.Global:
        node.names = [self._new(name) for name in node.names]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Nonlocal:
        node.names = [self._new(name) for name in node.names]
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self.generic_visit(node)
        node.name = self._new(node.name) if node.name else None
        return node

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.stmt:
        self.generic_visit(node)
        node.name = self._new(node.name)
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _definition

    def visit_Import(self, node: ast.Import) -> ast.Import:
        (alias,) = node.names
        if alias.name in self._ours:
            bound = self._new(alias.asname or alias.name)
            alias.name = self._modules[alias.name]
            alias.asname = None if bound == alias.name else bound
        elif alias.asname:
            alias.asname = self._new(alias.asname)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        for alias in node.names:
            bound = self._new(alias.asname or alias.name)
            if node.module in self._ours:
                alias.name = self._new(alias.name)
            alias.asname = None if bound == alias.name else bound
        node.module = self._modules.get(node.module or "", node.module)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        for part in fields(node):
            row = node.args[1]
            assert isinstance(row, (ast.Tuple, ast.List))
            for constant in (node.args[0], *row.elts):
                if isinstance(constant, ast.Constant) and constant.value == part:
                    constant.value = self._new(part)
        self.generic_visit(node)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        # The name of a module as a text, for sys.modules: only one with a dot is sure to be that.
        if isinstance(node.value, str) and "." in node.value and node.value in self._modules:
            node.value = self._modules[node.value]
        return node
