"""Lets go of modules that are needed once or seldom: everything imported is in the heap."""

import sys


def drop(name):
    """Forgets a module, so that its code goes and the next import loads it again.

    name: as in sys.modules; not there is no error. Whoever still refers to what is in it keeps it.
    """
    sys.modules.pop(name, None)
    package, _, own = name.rpartition(".")
    if package and hasattr(sys.modules[package], own):
        delattr(sys.modules[package], own)
