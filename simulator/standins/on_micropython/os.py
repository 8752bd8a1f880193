"""`os` as on the ESP32: MicroPython's own file system calls, and the board's random bytes.

The device's files and its firmware are one folder there. Here the firmware has its own, in which
the process is, so that modules are found by the same names.
"""

from builtins import open  # before the runtime puts `_open` in its place

import uos
from _board import cpu
from micropython import const

sep = "/"
urandom = cpu.random

_ENOENT = const(2)
_MOUNTS = const((".fw", ".board", ".standins"))  # of the runtime, beside the device's files


def _from_root(call):
    return lambda *paths: call(*["/" + path for path in paths])


mkdir = _from_root(uos.mkdir)
remove = _from_root(uos.remove)
unlink = remove
rmdir = _from_root(uos.rmdir)
rename = _from_root(uos.rename)
stat = _from_root(uos.stat)
statvfs = _from_root(uos.statvfs)


def _open(path, mode="r"):
    """The built-in `open`."""
    try:
        return open("/" + path, mode)
    except OSError as error:
        if error.errno != _ENOENT or "r" not in mode:
            raise
        return open(path, mode)  # the firmware's


def getcwd():
    return "/"


def ilistdir(path=""):
    for row in uos.ilistdir("/" + path):
        if row[0] not in _MOUNTS:
            yield row


def listdir(path=""):
    return [row[0] for row in ilistdir(path)]


def uname():
    return ("esp32", "esp32", "1.26.0", "v1.26.0", "Generic ESP32 module with ESP32")
