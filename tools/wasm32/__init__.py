"""The deployed firmware in a MicroPython whose words have 32 bits, as the chip's have.

rewrite.py makes the interpreter measurable, interpreter.py keeps it at hand, stubs.py takes the
machine code out of the deployed modules, objects.py reads MicroPython's objects in its memory,
chip.py runs it all with the simulator's chips, standins/ is what it sees of them.
"""
