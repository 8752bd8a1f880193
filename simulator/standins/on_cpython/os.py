"""`os` as on the ESP32: the littlefs volume, and the board's random bytes."""

import _board
from _volume import volume

sep = "/"

listdir = volume.listdir
ilistdir = volume.ilistdir
stat = volume.stat
mkdir = volume.mkdir
remove = volume.remove
unlink = volume.remove
rmdir = volume.remove
rename = volume.rename


def statvfs(path):
    return volume.statvfs()


def getcwd():
    return "/"


def urandom(count):
    return _board.cpu.random(count)


def uname():
    return ("esp32", "esp32", "1.26.0", "v1.26.0", "Generic ESP32 module with ESP32")
