"""Handlers of interrupts on pins.

They run when the program waits (`select`), as the chip runs them between two steps of the program:
what a program can tell of them, all but the moment, is the same.
"""

import _board

KEY = 1 << 8  # among the keys of the CPU's wait
handlers = {}  # pin number -> (handler, pin)


def run():
    """Calls the handlers of the edges that were seen."""
    seen = _board.cpu.pin_edges()
    for number in handlers:
        if seen >> number & 1:
            handler, pin = handlers[number]
            handler(pin)
