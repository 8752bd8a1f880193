"""Turns a MicroPython process into the device, and runs its main program.

Arguments: file descriptors of requests and answers, folders of the stand-ins, the firmware and
the board, the main program's path below the firmware's folder.
"""

import builtins
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


def mount(*folders):
    """The device's littlefs as the root, the folders of the computer out of the way in it."""
    from esp32 import Partition

    volume = Partition.find(Partition.TYPE_DATA, label="vfs")[0]
    try:
        # This interpreter would take the files' times from the computer's clock.
        files = uos.VfsLfs2(volume, mtime=False)
    except OSError:
        uos.VfsLfs2.mkfs(volume)
        files = uos.VfsLfs2(volume, mtime=False)
    folders = [uos.VfsPosix(path) for path in folders]
    uos.umount("/")
    uos.mount(files, "/")
    places = ["/.fw", "/.board", "/.standins"]
    for place, folder in zip(places, folders):
        uos.mount(folder, place)
    # As on the chip, where the firmware lies in the root: a module's path is its name there, not
    # one more text in the heap.
    uos.chdir("/.fw")
    sys.path[:] = ["", "/.board", "/.standins", ".frozen"]


def run(program):
    if program.endswith(".mpy"):
        __import__(program[:-4])
        return
    with open("/.fw/" + program) as file:
        source = file.read()
    exec(compile(source, program, "exec"), {"__name__": "__main__"})


def main(requests, answers, standins, firmware, board, program):
    stderr = sys.stderr
    sys.path[:] = [standins]
    import _board
    import _proxy

    _board.cpu = _proxy.Proxy(open(requests, "wb"), open(answers, "rb"))
    mount(firmware, board, standins)
    import os

    import _stdio
    import _tasks

    def print_exception(error, file=_stdio.stdout):
        real_sys.print_exception(error, Text(file))

    real_sys = sys
    builtins.open = os._open
    builtins.print = _stdio.print
    sys.modules["_asyncio"] = _tasks
    sys.modules["micropython"] = Instead(micropython, kbd_intr=_board.cpu.kbd_intr)
    sys.modules["sys"] = Instead(
        sys,
        stdin=_stdio.stdin,
        stdout=_stdio.stdout,
        stderr=_stdio.stdout,
        platform="esp32",
        print_exception=print_exception,
    )
    try:
        run(program)
    except BaseException as error:
        sys.print_exception(error, stderr)
        print_exception(error)
        sys.exit(1)


main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
