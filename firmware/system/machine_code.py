"""All modules whose functions become machine code (viper, native). main.py loads them first.

On an ESP32 machine code does not lie in Python's heap but in memory that the heap takes as it
grows: once it has taken its second area, not 1 KB in one piece is left for code, and loading such a
module then is a MemoryError. What it once took comes back at a restart only. So each of them is
loaded here, before anything else is, and none is ever let go of.

They import each other, what they work in (crypto/workspace.py) and MicroPython's own modules,
nothing else: a module without machine code would be in the heap for ever, and make it grow before
the rest of the code has its place.
"""

from crypto import (  # noqa: F401 - to have them loaded is all
    euclid,
    field,
    limbs,
    plans,
    points,
    rows,
    scalars,
    sha512,
    sha512_block,
)
from journal import seek  # noqa: F401
from verify import base45, items  # noqa: F401
