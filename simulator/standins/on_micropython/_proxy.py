"""The CPU's surface in the MicroPython process: each call goes through a pipe and waits.

Request: call number (1 byte), three integers (8 bytes each, little-endian), length of the data
(4 bytes), data. Answer: status (1 byte), an integer (8), length (4), data. simulator/rpc.py is
the other end. Buffers are made once, so that the firmware's heap is its own.
"""

import struct

REQUEST = "<BqqqI"
REQUEST_BYTES = 29
ANSWER = "<BqI"
ANSWER_BYTES = 13
DONE, DATA, OS_ERROR, VALUE_ERROR, INTERRUPT = range(5)
DATA_MAX_BYTES = 4096

CALLS = (
    "now_us",
    "busy",
    "wait",
    "rtc_us",
    "rtc_set",
    "uart_open",
    "uart_close",
    "uart_any",
    "uart_read",
    "uart_write",
    "uart_flush",
    "kbd_intr",
    "flash_read",
    "partitions",
    "flash_program",
    "flash_erase",
    "i2c_write",
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
        self._out = bytearray(REQUEST_BYTES + DATA_MAX_BYTES)
        self._out_view = memoryview(self._out)
        self._in = bytearray(ANSWER_BYTES)

    def _call(self, number, a=0, b=0, c=0, data=b"", into=None):
        count = len(data)
        struct.pack_into(REQUEST, self._out, 0, number, a, b, c, count)
        if count:
            self._out_view[REQUEST_BYTES : REQUEST_BYTES + count] = data
        self._requests.write(self._out_view[: REQUEST_BYTES + count])
        self._answers.readinto(self._in)
        status, value, count = struct.unpack_from(ANSWER, self._in, 0)
        if status == DONE:
            return value
        if status == DATA:
            if into is not None:
                self._answers.readinto(into)
                return count
            return self._answers.read(count) if count else b""
        if status == OS_ERROR:
            raise OSError(value)
        if status == VALUE_ERROR:
            raise ValueError("refused by the chip")
        raise KeyboardInterrupt

    def flash_readinto(self, address, buffer):
        for start in range(0, len(buffer), DATA_MAX_BYTES):
            part = memoryview(buffer)[start : start + DATA_MAX_BYTES]
            self._call(_FLASH_READ, address + start, len(part), into=part)
        return 0

    def flash_program(self, address, data):
        for start in range(0, len(data), DATA_MAX_BYTES):
            part = memoryview(data)[start : start + DATA_MAX_BYTES]
            self._call(_FLASH_PROGRAM, address + start, data=part)
        return 0

    def uart_write(self, number, data):
        for start in range(0, len(data), DATA_MAX_BYTES):
            part = memoryview(data)[start : start + DATA_MAX_BYTES]
            self._call(_UART_WRITE, number, data=part)
        return len(data)

    def i2c_write(self, bus, address, data):
        return self._call(_I2C_WRITE, bus, address, data=data)


def _numbered(number):
    def call(self, a=0, b=0, c=0):
        return self._call(number, a, b, c)

    return call


_FLASH_READ = CALLS.index("flash_read")
_FLASH_PROGRAM = CALLS.index("flash_program")
_UART_WRITE = CALLS.index("uart_write")
_I2C_WRITE = CALLS.index("i2c_write")
for _number in range(len(CALLS)):
    if not hasattr(Proxy, CALLS[_number]):
        setattr(Proxy, CALLS[_number], _numbered(_number))
