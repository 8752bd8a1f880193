"""Small programs for the build, run as they are and built."""

import os
import subprocess
import sys
from pathlib import Path

from provisioning import deploy
from provisioning.build import Program, build

STANDINS = Path(__file__).parents[3] / "simulator" / "standins"


def program(**sources):
    """A program of modules: main=..., and others by their names, `__` in them for a dot."""
    made = Program()
    packages = {name.rpartition("__")[0] for name in sources} - {""}
    for package in packages - set(sources):
        made.add(package, f"{package}/__init__.py", "", is_package=True)
    for name, source in sources.items():
        is_package = name in packages
        place = name.replace("__", "/") + ("/__init__.py" if is_package else ".py")
        made.add(name.replace("__", "."), place, source, is_package)
    return made


def built(**sources):
    """What comes out if no modules are joined: {path of the source: text}, and the map of names."""
    texts, names = build(program(**sources), "main", "program", "main", join=False)
    by_place = {
        place: texts[file.removesuffix(".mpy")] for file, [(place, _)] in names.files.items()
    }
    return by_place, names


def output(folder, module):
    """What a program prints under CPython."""
    code = f"import {module}; {module}.main()"
    path = {**os.environ, "PYTHONPATH": f"{folder}:{STANDINS}"}
    done = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def same_output(folder, /, joins=(False, True), **sources):
    """Asserts that a program prints the same when it is built; returns that.

    joins: whether its modules are joined, or each by itself; both are tried.
    """
    before = folder / "before"
    original = program(**sources)
    for module in original.modules.values():
        path = before / module.place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name, source in sources.items():
        place = original.modules[name.replace("__", ".")].place
        (before / place).write_text(source)
    printed = output(before, "main")
    for join in joins:
        after = folder / f"after, {join}"
        texts, _ = build(program(**sources), "main", "program", "main", join=join)
        after.mkdir()
        for name, text in texts.items():
            (after / f"{name}.py").write_text(f"{deploy.FOR_CPYTHON}{text}")
        assert output(after, "program") == printed
    return printed
