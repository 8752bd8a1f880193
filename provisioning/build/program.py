"""The firmware as one program: all its modules as syntax trees, and what each import means.

Imports are brought into two forms, so that the later steps need to know no others:

    import a.module as binding            a whole module, never without `as` if it is the firmware's
    from a.module import name [as other]  something in a module, one name a statement
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.errors import Problem


class BuildProblem(Problem):
    """The firmware has something in it that this build does not know how to treat."""


@dataclass
class Module:
    """A module of the firmware. name: with dots; place: its path, for the map of names.

    parts: what was joined into it (linking.py): paths, with how many functions, classes and the
    like each has at its top, in the order in which they stand there.
    """

    name: str
    place: str
    tree: ast.Module
    is_package: bool = False
    parts: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class Program:
    """All modules by name, in the order in which they were read.

    origins: what names were called in the sources that the build has given others before naming.
    """

    modules: dict[str, Module] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, place: str, source: str, is_package: bool = False) -> None:
        """Takes in a module. Raises BuildProblem for a source that is none."""
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            raise BuildProblem(f"{place} is not Python: {error}.") from error
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                node.source = place, node.name  # type: ignore[union-attr]  # for the map of names
        self.modules[name] = Module(name, place, tree, is_package)

    def add_folder(self, folder: Path) -> None:
        """Takes in every module of a folder, as MicroPython would find it there."""
        for path in sorted(folder.rglob("*.py")):
            place = path.relative_to(folder)
            if any(part[0] in "._" for part in place.parent.parts):
                continue
            is_package = place.name == "__init__.py"
            parts = place.parent.parts if is_package else place.with_suffix("").parts
            text = path.read_text(encoding="utf-8")
            self.add(".".join(parts), place.as_posix(), text, is_package)

    def normalize_imports(self) -> None:
        """Brings every import into one of the two forms."""
        for module in self.modules.values():
            _ImportForms(self, module).visit(module.tree)

    def import_packages_first(self) -> None:
        """Has a package that imports its own modules loaded before one of these is.

        That is how it goes in folders. In one folder a module could otherwise be loaded first, and
        ask its package for what this has not got yet.
        """
        own = {
            name
            for name, module in self.modules.items()
            if module.is_package
            and any(binding.module.startswith(f"{name}.") for _, binding in imports(module.tree))
        }
        for module in self.modules.values():
            body: list[ast.stmt] = []
            for statement in module.tree.body:
                for _, binding in imports(statement):
                    package = binding.module.rpartition(".")[0]
                    outside = module.name != package and not module.name.startswith(f"{package}.")
                    if package in own and outside:
                        last = package.rpartition(".")[2]
                        body.append(ast.Import([ast.alias(package, last)], lineno=0))
                body.append(statement)
            module.tree.body = body


class _ImportForms(ast.NodeTransformer):
    def __init__(self, program: Program, module: Module):
        self._modules = program.modules
        self._module = module

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        for alias in node.names:
            if alias.asname is None and "." in alias.name and alias.name in self._modules:
                raise BuildProblem(
                    f"{self._module.place}:{node.lineno}: write `from package import module`, "
                    f"not `import {alias.name}`."
                )
            if alias.name in self._modules:
                alias.asname = alias.asname or alias.name
        return [ast.copy_location(ast.Import([alias]), node) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt] | ast.stmt:
        where = f"{self._module.place}:{node.lineno}"
        if node.level or node.module is None:
            raise BuildProblem(f"{where}: name the package; a relative import is not known here.")
        if node.module not in self._modules:
            return node
        made: list[ast.stmt] = []
        for alias in node.names:
            if alias.name == "*":
                raise BuildProblem(f"{where}: name what is imported, not `*`.")
            full = f"{node.module}.{alias.name}"
            if full in self._modules:
                made.append(ast.Import([ast.alias(full, alias.asname or alias.name)]))
            else:
                made.append(ast.ImportFrom(node.module, [alias], 0))
        return [ast.copy_location(statement, node) for statement in made]


@dataclass(frozen=True)
class Binding:
    """What a name stands for that an import made. name: None for the whole module."""

    module: str
    name: str | None = None


def imports(tree: ast.AST) -> Iterator[tuple[str, Binding]]:
    """(bound name, what it stands for) of each import in a tree, in either form."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], Binding(alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, Binding(node.module or "", alias.name)


Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
# What mpy-cross makes a piece of code of its own of
SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def scopes_at_the_top(statements: list[ast.stmt]) -> int:
    """How many pieces of code mpy-cross makes of statements, without those inside of others."""
    count = 0
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, SCOPES):
            count += 1
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                waiting += [*node.decorator_list, *node.args.defaults]
                waiting += [one for one in node.args.kw_defaults if one is not None]
            elif isinstance(node, ast.ClassDef):
                waiting += [*node.decorator_list, *node.bases]
            elif not isinstance(node, ast.Lambda):
                waiting.append(node.generators[0].iter)
            continue
        waiting += ast.iter_child_nodes(node)
    return count


def bound_here(
    scope: ast.AST, into_comprehensions: bool = True
) -> Iterator[tuple[str, Binding | None]]:
    """Each name as often as it is bound in a scope, and what it stands for if by an import.

    scope: a module, class or function. What functions and classes in it bind is not looked at; what
    comprehensions bind counts unless it is not asked for.
    """
    if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        for argument in ast.walk(scope.args):
            if isinstance(argument, ast.arg):
                yield argument.arg, None
    body = getattr(scope, "body", [])
    todo: list[ast.AST] = list(body) if isinstance(body, list) else [body]
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, None
            todo += node.decorator_list
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.comprehension) and not into_comprehensions:
            todo += [node.iter, *node.ifs]
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id, None
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name, None
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from imports(node)
        todo += ast.iter_child_nodes(node)


def declared_global(tree: ast.AST) -> set[str]:
    """The names that functions assign to in the module."""
    return {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}


class Scopes:
    """What a name means where a visitor has got to. Enter functions and classes with `inside`."""

    def __init__(self, module: Module):
        self._global = declared_global(module.tree)
        self._stack = [self._bindings(module.tree)]

    def _bindings(self, scope: ast.AST) -> dict[str, Binding | None]:
        found: dict[str, Binding | None] = {}
        for name, binding in bound_here(scope):
            if name in found and found[name] != binding:
                binding = None
            found[name] = binding
        for name in self._global & set(found):
            if isinstance(scope, ast.Module):
                found[name] = None
            else:
                del found[name]
        return found

    @contextmanager
    def inside(self, scope: ast.AST) -> Iterator[None]:
        """While a function or class is looked at."""
        self._stack.append(self._bindings(scope))
        yield
        self._stack.pop()

    def binding(self, name: str) -> Binding | None:
        """What an import made the name stand for; None if it was not an import."""
        for names in reversed(self._stack):
            if name in names:
                return names[name]
        return None

    def is_global(self, name: str) -> bool:
        """True for a name that no function or class around has for itself."""
        return not any(name in names for names in self._stack[1:])


def loaded(tree: ast.AST) -> set[str]:
    """Names that are read in a tree; not those behind a dot."""
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


_REFLECTION = ("getattr", "hasattr", "setattr", "delattr")


def reflected(call: ast.Call) -> list[str]:
    """The names that a call asks for as texts: of getattr and the like. Else none."""
    if not (isinstance(call.func, ast.Name) and call.func.id in _REFLECTION):
        return []
    return [str(part.value) for part in call.args[1:2] if isinstance(part, ast.Constant)]
