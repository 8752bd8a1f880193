"""`cryptolib` for CPython, as in the stock image for the ESP32: AES, ECB (1) and CBC (2) only.

Its errors are MicroPython's own, found by trying each on it.
"""

from _ciphers import Cipher, algorithms, modes

_BLOCK_BYTES = 16
_ECB = 1
_CBC = 2


class aes:
    """aes(key, mode[, iv]). An object goes one way only: the first call decides which."""

    def __init__(self, key, mode, iv=None):
        if mode not in (_ECB, _CBC):
            raise ValueError("mode")
        if len(key) not in (16, 32):
            raise ValueError("key")
        if mode == _CBC and (iv is None or len(iv) != _BLOCK_BYTES):
            raise ValueError("IV")
        chaining = modes.ECB() if mode == _ECB else modes.CBC(bytes(iv))
        self._cipher = Cipher(algorithms.AES(bytes(key)), chaining)
        self._direction = None
        self._context = None

    def _run(self, direction, data, out):
        if len(data) % _BLOCK_BYTES:
            raise ValueError("blksize % 16")
        if out is not None and len(out) < len(data):
            raise ValueError("output too small")
        if self._direction is None:
            self._direction = direction
            self._context = getattr(self._cipher, direction + "or")()
        if self._direction != direction:
            raise ValueError("can't encrypt & decrypt")
        result = self._context.update(bytes(data))
        if out is None:
            return result
        memoryview(out)[: len(result)] = result
        return out

    def encrypt(self, data, out=None):
        return self._run("encrypt", data, out)

    def decrypt(self, data, out=None):
        return self._run("decrypt", data, out)
