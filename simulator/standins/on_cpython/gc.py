"""`gc` of MicroPython, for CPython: only what needs no heap of MicroPython's to be looked at."""

_threshold = -1


def collect():
    """CPython counts references: there is little to collect, and nothing to wait for."""
    return 0


def threshold(amount=None):
    """How many bytes are given out before the heap is tidied up; remembered, without effect."""
    global _threshold
    if amount is None:
        return _threshold
    _threshold = amount
