"""Who imports whom in firmware/, read from the sources."""

import ast
from pathlib import Path

FIRMWARE = Path(__file__).parents[1] / "firmware"


def _name_of(path):
    parts = path.relative_to(FIRMWARE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {
    _name_of(path): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(FIRMWARE.rglob("*.py"))
}


def _named(nodes):
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
            # the package itself only where it is what is wanted
            if not set(found) <= TREES.keys():
                yield node.module
            yield from found


def all_of(name):
    """Every module, the firmware's or not, that this one imports anywhere."""
    return set(_named(ast.walk(TREES[name])))


def as_loaded(name):
    """The firmware's modules that this one imports as it is loaded."""
    return set(_named(TREES[name].body)) & TREES.keys()


def ever(name):
    """The firmware's modules that this one imports, as it is loaded or later."""
    return all_of(name) & TREES.keys()
