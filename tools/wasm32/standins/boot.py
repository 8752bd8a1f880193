"""Turns this MicroPython into the device and runs its main program: main(standins, program)."""

import builtins
import gc
import io
import sys

import micropython
import uos


class Instead:
    """A built-in module with some names replaced."""

    def __init__(self, module, **names):
        self._module = module
        for name in names:
            setattr(self, name, names[name])

    def __getattr__(self, name):
        return getattr(self._module, name)


class Text(io.IOBase):
    """What sys.print_exception can write to, in front of a stand-in."""

    def __init__(self, out):
        self._out = out

    def write(self, data):
        return self._out.write(bytes(data))


def kinds(a, b, c, d, e):
    return a @ 3


def moment(what):
    return what @ 4


def prepare():
    import _board
    import _proxy

    kinds(b"a", bytearray(1), memoryview(b"a"), 1 << 40, None)
    _board.cpu = _proxy.Proxy()
    import _stdio

    def print_exception(error, file=_stdio.stdout):
        real_sys.print_exception(error, Text(file))

    real_sys = sys
    builtins.print = _stdio.print
    sys.modules["micropython"] = Instead(micropython, kbd_intr=_board.cpu.kbd_intr)
    sys.modules["sys"] = Instead(
        sys,
        stdin=_stdio.stdin,
        stdout=_stdio.stdout,
        stderr=_stdio.stdout,
        platform="esp32",
        print_exception=print_exception,
    )
    # All that the image has, or has in C: none of it is the firmware's.
    for name in IMAGE:
        __import__(name)
    with open("/si/names") as file:
        for name in file:
            hasattr(Text, name.strip())  # from now on it is one of the interpreter's names
    return real_sys


IMAGE = ("asyncio", "cryptolib", "esp32", "machine", "os", "select", "time")


def settle():
    gc.collect()
    moment(0)
    end = moment(1)
    if end:
        # Each link takes one block, so that the heap fills up without a gap.
        chain = None
        while id(chain) < end:
            chain = (chain,)
        walls[0] = (None,)
        chain = None
        gc.collect()


walls = [None]


def start(stderr, folder):
    uos.chdir(folder)
    # As on the chip, where the firmware lies in the root: a module's path is its name there.
    sys.path[:] = ["", "/si"]
    try:
        with open("main.py") as file:
            source = file.read()
        exec(source, {"__name__": "__main__"})
    except BaseException as error:
        sys.print_exception(error, stderr)
        sys.modules["sys"].print_exception(error)
        sys.exit(1)
