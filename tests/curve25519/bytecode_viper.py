"""For MicroPython: what a viper function needs to run as bytecode, with integers of any length."""

import uctypes

_ELEMENTS = 1 << 12
_KINDS = {"ptr8": uctypes.UINT8, "ptr16": uctypes.UINT16, "ptr32": uctypes.INT32}


def _cast(kind):
    layout = {"words": (0 | uctypes.ARRAY, _ELEMENTS | _KINDS[kind])}

    def cast(source):
        at = source if isinstance(source, int) else uctypes.addressof(source)
        return uctypes.struct(at, layout).words

    return cast


ptr8, ptr16, ptr32 = _cast("ptr8"), _cast("ptr16"), _cast("ptr32")
_CASTS = {"ptr8": ptr8, "ptr16": ptr16, "ptr32": ptr32, "int": lambda value: value}


def address(value):
    """What int() does to a pointer in viper."""
    return value if isinstance(value, int) else uctypes.addressof(value)


def viper(kinds):
    """A decorator in the place of micropython.viper; `kinds`: of the arguments."""
    casts = [_CASTS[kind] for kind in kinds.split()]

    def decorate(function):
        def call(*arguments):
            return function(*[cast(a) for cast, a in zip(casts, arguments)])

        return call

    return decorate
