"""Leaves out what the device does not need: texts for readers, hints, and what nobody uses.

A function, class or variable of a module goes if its name is read nowhere in the program; a method
too, unless it has a name of MicroPython's, by which somebody else might ask for it. An import goes
if what it brought was used and is not any more; one that nothing ever used is there for its effect
and stays.
"""

import ast
from collections import Counter
from collections.abc import Set

from provisioning.build import stock
from provisioning.build.constants import is_made
from provisioning.build.program import Module, Program, imports, loaded, reflected

# What may be computed without anybody noticing
_INERT = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.Lambda),
    *(ast.UnaryOp, ast.USub, ast.expr_context, ast.arguments, ast.arg),
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def strip(program: Program) -> None:
    """Docstrings, hints (viper's are types and stay), `__all__`, what only a main file does."""
    for module in program.modules.values():
        _Stripper().visit(module.tree)


class _Stripper(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.stmt | None:
        if isinstance(node.value, ast.Constant):
            return None  # a docstring, or a text by itself
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt] | None:
        test = ast.unparse(node.test)
        if test == "__name__ == '__main__'" or test.split(".")[-1] == "TYPE_CHECKING":
            return [self.visit(statement) for statement in node.orelse]
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        if ast.unparse(node.targets[0]) == "__all__":
            return None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def _function(self, node: Function) -> ast.stmt:
        if not any(ast.unparse(mark).endswith(".viper") for mark in node.decorator_list):
            node.returns = None
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    visit_FunctionDef = _function
    visit_AsyncFunctionDef = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node


def used_imports(program: Program) -> dict[str, set[str]]:
    """Of each module the imported names that are read in it."""
    return {
        module.name: {name for name, _ in imports(module.tree)} & loaded(module.tree)
        for module in program.modules.values()
    }


def drop_unused(program: Program, used_before: dict[str, set[str]], roots: set[str]) -> None:
    """Takes out what is not used any more, until there is no more of it.

    used_before: what `used_imports` found in the sources. roots: names that are asked for from
    outside.
    """
    while True:
        before = sum(1 for module in program.modules.values() for _ in ast.walk(module.tree))
        for module in program.modules.values():
            _drop_imports(module, used_before[module.name])
        uses = Counter(name for module in program.modules.values() for name in _read(module.tree))
        for module in program.modules.values():
            _drop_definitions(module.tree, uses, roots)
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef):
                    _drop_definitions(node, uses, stock.known())
        _drop_empty_modules(program, roots)
        after = sum(1 for module in program.modules.values() for _ in ast.walk(module.tree))
        if after == before:
            return


def _read(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.append(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            found.append(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.Global):
            found += node.names
        elif isinstance(node, ast.Call):
            found += reflected(node)
    return found


def _drop_definitions(tree: ast.Module | ast.ClassDef, uses: Counter, kept: Set[str]) -> None:
    body = []
    for statement in tree.body:
        name = None
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = statement.name
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            inert = all(isinstance(node, _INERT) for node in ast.walk(statement.value))
            if isinstance(target, ast.Name) and inert:
                name = target.id
        is_dunder = name is not None and name.startswith("__")
        if name is None or is_dunder or uses[name] or name in kept or is_made(name):
            body.append(statement)
    tree.body = body
    if isinstance(tree, ast.ClassDef) and not body:
        tree.body = [ast.Pass()]


def _drop_imports(module: Module, used_before: set[str]) -> None:
    obsolete = used_before - loaded(module.tree)

    class Dropper(ast.NodeTransformer):
        def _import(self, node: ast.Import | ast.ImportFrom) -> ast.stmt | None:
            node.names = [
                alias
                for alias in node.names
                if (alias.asname or alias.name.split(".")[0]) not in obsolete
            ]
            return node if node.names else None

        visit_Import = _import
        visit_ImportFrom = _import

        def _block(self, node: ast.AST) -> ast.AST:
            self.generic_visit(node)
            if not node.body:  # type: ignore[attr-defined]  # every node that this is called for has one
                node.body = [ast.Pass()]  # type: ignore[attr-defined]
            return node

        visit_FunctionDef = visit_AsyncFunctionDef = visit_If = visit_Try = _block

    Dropper().visit(module.tree)
    # mpy-cross knows `const` by its name; importing it is for CPython
    left = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "const"
    ]
    made = [
        node
        for node in module.tree.body
        if isinstance(node, ast.Assign) and is_made(ast.unparse(node.targets[0]))
    ]
    if len(left) == len(made) and "const" in used_before:
        module.tree.body = [
            node
            for node in module.tree.body
            if not (isinstance(node, ast.ImportFrom) and ast.unparse(node).endswith("import const"))
        ]


def _drop_empty_modules(program: Program, roots: set[str]) -> None:
    by_name = {
        node.value
        for module in program.modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    empty = {
        name
        for name, module in program.modules.items()
        if not module.tree.body and name not in roots | by_name
    }
    for name in empty:
        del program.modules[name]

    class Dropper(ast.NodeTransformer):
        def visit_Import(self, node: ast.Import) -> ast.stmt | None:
            return None if node.names[0].name in empty else node

    for module in program.modules.values():
        Dropper().visit(module.tree)
