"""The journal's machine code. It is loaded first of all, and never let go of."""

import micropython


@micropython.viper
def seek(data: ptr8, at: int, end: int, byte: int) -> int:
    """The first position from `at` on, before `end`, that holds this byte; -1 if there is none.

    18 instructions a byte on RV32.
    """
    while at < end:
        if data[at] == byte:
            return at
        at += 1
    return -1
