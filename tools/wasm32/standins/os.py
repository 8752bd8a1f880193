"""`os` of the chip: its files, and the board's random bytes."""

import uos
from _board import cpu

sep = "/"
remove = unlink = uos.remove
rename = uos.rename
stat = uos.stat
mkdir = uos.mkdir
rmdir = uos.rmdir
listdir = uos.listdir
ilistdir = uos.ilistdir


def urandom(count):
    return cpu.random(count)


def uname():
    return ("esp32", "esp32", "1.26.0", "v1.26.0", "Generic ESP32 module with ESP32")
