"""The CPU's surface: `number @ ...` is where the host answers (tools/wasm32/chip.py).

Whatever the host says is an integer: the result, from 0 up; below that, down to _DATA, how many
bytes it has ready; or what went wrong. Nothing here takes anything from the heap for a call that
gives no bytes, so that the firmware's heap is its own.
"""

from micropython import const

_ERROR = const(-100000)
_VALUE_ERROR = const(-200000)
_INTERRUPT = const(-200001)


def call(number, a=0, b=0, c=0):
    return number @ 0


def fetch(data):
    return data @ 1


class Proxy:
    def __call__(self, number, a=0, b=0, c=0):
        result = call(number, a, b, c)
        if result >= 0:
            return result
        if result > _ERROR:
            data = bytes(-result - 1)
            if data:
                fetch(data)
            return data
        if result > _VALUE_ERROR:
            raise OSError(_ERROR - result)
        if result == _VALUE_ERROR:
            raise ValueError("refused by the chip")
        raise KeyboardInterrupt

    def function(self, number):
        return lambda a=0, b=0, c=0: self(number, a, b, c)
