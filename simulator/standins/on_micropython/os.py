"""`os` as on the ESP32: MicroPython's own file system calls, and the board's random bytes."""

import uos
from _board import cpu

sep = "/"

mkdir = uos.mkdir
remove = uos.remove
unlink = uos.remove
rmdir = uos.rmdir
rename = uos.rename
stat = uos.stat
statvfs = uos.statvfs
getcwd = uos.getcwd
urandom = cpu.random

_MOUNTS = (".fw", ".board", ".standins")  # of the runtime, beside the device's files


def ilistdir(path="."):
    for row in uos.ilistdir(path):
        if row[0] not in _MOUNTS:
            yield row


def listdir(path="."):
    return [row[0] for row in ilistdir(path)]


def uname():
    return ("esp32", "esp32", "1.23.0", "v1.23.0", "Generic ESP32 module with ESP32")
