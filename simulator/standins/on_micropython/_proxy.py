"""The CPU's surface in the MicroPython process: each call goes through a pipe and waits.

Request: call number (1 byte), three integers (8 bytes each, little-endian), length of the data
(4 bytes), data. Answer: status (1 byte), an integer (8), length (4), data. simulator/rpc.py is
the other end. There is no buffer for the data, and the one for the rest is made once, so that the
firmware's heap is its own.
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

# in the order of their numbers
CALLS = (
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

    def flash_readinto(self, address, buffer):
        for start in range(0, len(buffer), _DATA_MAX_BYTES):
            part = memoryview(buffer)[start : start + _DATA_MAX_BYTES]
            self._call(_FLASH_READ, address + start, len(part), into=part)
        return 0

    def flash_program(self, address, data):
        for start in range(0, len(data), _DATA_MAX_BYTES):
            part = memoryview(data)[start : start + _DATA_MAX_BYTES]
            self._call(_FLASH_PROGRAM, address + start, data=part)
        return 0

    def uart_write(self, number, data):
        for start in range(0, len(data), _DATA_MAX_BYTES):
            part = memoryview(data)[start : start + _DATA_MAX_BYTES]
            self._call(_UART_WRITE, number, data=part)
        return len(data)

    def i2c_write(self, bus, address, data):
        return self._call(_I2C_WRITE, bus, address, data=data)


def _numbered(number):
    def call(self, a=0, b=0, c=0):
        return self._call(number, a, b, c)

    return call


for _number in range(len(CALLS)):
    if not hasattr(Proxy, CALLS[_number]):
        setattr(Proxy, CALLS[_number], _numbered(_number))
