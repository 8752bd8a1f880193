"""The build: from the sources in firmware/ to what a device loads.

A source is written to be read. What would take memory for that on the device is undone here, with
the whole program in view:

    program.py    reads the modules, brings their imports into two forms
    unused.py     texts for readers go, and hints, and in the end what nobody uses
    constants.py  constants are written into the code that uses them
    linking.py    modules that are loaded together become one
    naming.py     what is private gets names that the stock image has already, or shares them
    name_map.py   what each name was: kept beside the build, so that a traceback can be read

What comes out are sources again, which mpy-cross compiles (provisioning/deploy.py), and which must
do the same as those in firmware/: tests/provisioning/build/ runs both.
"""

import ast

from provisioning.build import unused
from provisioning.build.constants import inline_constants
from provisioning.build.linking import link
from provisioning.build.name_map import NameMap
from provisioning.build.naming import Naming
from provisioning.build.program import BuildProblem, Program

__all__ = ["BuildProblem", "NameMap", "Program", "build"]


def build(
    program: Program, entry: str, start: str, main: str, join: bool = True
) -> tuple[dict[str, str], NameMap]:
    """Changes a program into what is compiled; returns the sources by module, and the map.

    entry: the module that is started; start: what it is called on the device; main: the function in
    it that is called; join: whether modules that are loaded together become one. Raises
    BuildProblem.
    """
    program.normalize_imports()
    unused.strip(program)
    used = unused.used_imports(program)
    program.import_packages_first()
    inline_constants(program)
    unused.drop_unused(program, used, {entry, main})
    if join:
        link(program, entry)
    naming = Naming(program, {entry: start}, {main})
    made = NameMap.of(program, naming)
    naming.apply()
    sources = {
        naming.modules[name]: ast.unparse(module.tree) + "\n"
        for name, module in program.modules.items()
    }
    return sources, made
