"""The REPL's streams on the host link (UART 0), as sys.stdin and sys.stdout are on the ESP32.

`read(n)` waits until it has n bytes, as the real one does.
"""

import _board

_KEY = 0


def _read(count):
    cpu = _board.cpu
    data = b""
    while len(data) < count:
        cpu.wait(-1, 1 << _KEY)
        data += cpu.uart_read(_KEY, count - len(data))
    return data


class _InputBytes:
    _key = _KEY

    def read(self, count):
        return _read(count)

    def readinto(self, buf):
        memoryview(buf)[:] = _read(len(buf))
        return len(buf)


class _OutputBytes:
    _key = _KEY

    def write(self, data):
        return _board.cpu.uart_write(_KEY, data)


class Input:
    _key = _KEY
    buffer = _InputBytes()

    def read(self, count):
        return _read(count).decode()


class Output:
    _key = _KEY
    buffer = _OutputBytes()

    def write(self, text):
        """Text with line ends made CR LF, as the REPL does."""
        if isinstance(text, str):
            text = text.encode()
        _board.cpu.uart_write(_KEY, bytes(text).replace(b"\n", b"\r\n"))
        return len(text)


stdin = Input()
stdout = Output()


def print(*values, sep=" ", end="\n", file=None):
    """The builtin, on the host link."""
    (file or stdout).write(sep.join([str(value) for value in values]) + end)
