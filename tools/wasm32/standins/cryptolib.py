"""`cryptolib.aes`, by the host.

An object is one piece of the heap, as on the chip: verify/wipe.py overwrites it by its size. What
the host keeps of it is found by the object's address.
"""

from _proxy import call
from micropython import const

_SET_UP = const(900)


class aes:
    def __init__(self, key, mode, iv=None):
        call(_SET_UP, id(self), key, mode if iv is None else iv)

    def encrypt(self, data, out=None):
        if out is None:
            out = bytes(len(data))
        _encrypt(id(self), data, out)
        return out

    def decrypt(self, data, out=None):
        if out is None:
            out = bytes(len(data))
        _decrypt(id(self), data, out)
        return out


def _encrypt(address, data, out):
    return address @ 2


def _decrypt(address, data, out):
    return address @ 5
