"""`esp32.Partition` as stock MicroPython has it: blocks of 4096 bytes of the chip's flash."""

import _board
from micropython import const

_BLOCK_BYTES = const(4096)
_ENOENT = const(2)
_INVALID_ARG = const(-258)  # ESP_ERR_INVALID_ARG, as MicroPython raises it
_INVALID_SIZE = const(-260)  # ESP_ERR_INVALID_SIZE


def _table():
    for line in _board.cpu.partitions().decode().split("\n"):
        if line:
            label, kind, subtype, offset, size = line.split(",")
            yield label, int(kind), int(subtype), int(offset), int(size)


class Partition:
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id):
        for row in _table():
            if row[0] == id:
                self._row = row
                self._offset = row[3]
                self._size = row[4]
                return
        raise OSError(_ENOENT, "ENOENT")

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=_BLOCK_BYTES):
        """The partitions that match, in a list; `subtype` 0xFF is any."""
        if block_size != _BLOCK_BYTES:
            raise ValueError("only blocks of 4096 bytes are modelled")
        return [
            Partition(row[0])
            for row in _table()
            if row[1] == type
            and (subtype == 0xFF or row[2] == subtype)
            and (label is None or row[0] == label)
        ]

    def info(self):
        """(type, subtype, address, size, label, encrypted)"""
        label, kind, subtype, offset, size = self._row
        return (kind, subtype, offset, size, label, False)

    def _address(self, block_num, offset, count):
        place = block_num * _BLOCK_BYTES + offset
        if place < 0 or place > self._size:
            raise OSError(_INVALID_ARG, "ESP_ERR_INVALID_ARG")
        if place + count > self._size:
            raise OSError(_INVALID_SIZE, "ESP_ERR_INVALID_SIZE")
        return self._offset + place

    def readblocks(self, block_num, buf, offset=0):
        _board.cpu.flash_readinto(self._address(block_num, offset, len(buf)), memoryview(buf))

    def writeblocks(self, block_num, buf, offset=None):
        """Without `offset` erases first; with it only programs."""
        address = self._address(block_num, offset or 0, len(buf))
        if offset is None:
            for start in range(address, address + len(buf), _BLOCK_BYTES):
                _board.cpu.flash_erase(start)
        _board.cpu.flash_program(address, buf)

    def ioctl(self, op, arg):
        if op in (1, 2, 3):  # init, deinit, sync
            return 0
        if op == 4:
            return self._size // _BLOCK_BYTES
        if op == 5:
            return _BLOCK_BYTES
        if op == 6:
            _board.cpu.flash_erase(self._address(arg, 0, _BLOCK_BYTES))
            return 0
        return None
