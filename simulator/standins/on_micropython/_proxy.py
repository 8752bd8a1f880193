"""The CPU's surface in the MicroPython process: each call goes through a pipe and waits.

Request: call number (1 byte), three integers (8 bytes each, little-endian), length of the data
(4 bytes), data. Answer: status (1 byte), an integer (8), length (4), data. simulator/rpc.py is
the other end. There is no buffer for the data, and the one for the rest is made once, so that the
firmware's heap is its own. For the same reason the calls have numbers here instead of names:
simulator/runtime_micropython.py writes `cpu(5, 1000)` for a stand-in's `cpu.busy(1000)`.
"""

import struct

from micropython import const

_REQUEST = const("<BqqqI")
_ANSWER = const("<BqI")
_REQUEST_BYTES = const(29)
_ANSWER_BYTES = const(13)
_DONE = const(0)
_DATA = const(1)
_OS_ERROR = const(2)
_VALUE_ERROR = const(3)
_DATA_MAX_BYTES = const(4096)
_FLASH_READ = const(0)
_FLASH_PROGRAM = const(1)
_UART_WRITE = const(2)
_I2C_WRITE = const(3)

# in the order of their numbers; a constant that nothing uses, so it is not in the compiled module
_CALLS = const(
    (
        "flash_read",
        "flash_program",
        "uart_write",
        "i2c_write",
        "now_us",
        "busy",
        "wait",
        "rtc_us",
        "rtc_set",
        "uart_open",
        "uart_close",
        "uart_any",
        "uart_read",
        "uart_flush",
        "kbd_intr",
        "partitions",
        "flash_erase",
        "i2c_read",
        "i2c_open",
        "pin_write",
        "pin_read",
        "adc_read",
        "pwm",
        "reset_cause",
        "unique_id",
        "random",
        "reset",
        "watchdog",
        "pin_watch",
        "pin_edges",
    )
)


class Proxy:
    def __init__(self, requests, answers):
        self._requests = requests
        self._answers = answers
        self._out = bytearray(_REQUEST_BYTES)
        self._in = bytearray(_ANSWER_BYTES)

    def _call(self, number, a=0, b=0, c=0, data=b"", into=None):
        count = len(data)
        struct.pack_into(_REQUEST, self._out, 0, number, a, b, c, count)
        self._requests.write(self._out)
        if count:
            self._requests.write(data)
        self._answers.readinto(self._in)
        status, value, count = struct.unpack_from(_ANSWER, self._in, 0)
        if status == _DONE:
            return value
        if status == _DATA:
            if into is not None:
                self._answers.readinto(into)
                return count
            return self._answers.read(count) if count else b""
        if status == _OS_ERROR:
            raise OSError(value)
        if status == _VALUE_ERROR:
            raise ValueError("refused by the chip")
        raise KeyboardInterrupt

    def __call__(self, number, a=0, b=0, c=0):
        if number > _I2C_WRITE:
            return self._call(number, a, b, c)
        if number == _I2C_WRITE:
            return self._call(number, a, b, data=c)
        for start in range(0, len(b), _DATA_MAX_BYTES):
            part = memoryview(b)[start : start + _DATA_MAX_BYTES]
            if number == _FLASH_READ:  # into a buffer
                self._call(number, a + start, len(part), into=part)
            else:
                self._call(number, a if number == _UART_WRITE else a + start, data=part)
        return len(b)

    def function(self, number):
        """For where a call is handed on."""
        return lambda a=0, b=0, c=0: self._call(number, a, b, c)
