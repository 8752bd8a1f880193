"""The CPU's surface for a MicroPython process, through two pipes.

The other end is simulator/standins/on_micropython/_proxy.py, which describes the messages and
numbers the calls; the table of calls is read from there.
"""

import ast
import struct
from pathlib import Path


def _literals(path):
    """The values of a module's names that are assigned as literals, or as const() of them."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
            found[node.targets[0].id] = ast.literal_eval(value)
    return found


PROXY = _literals(Path(__file__).parent / "standins" / "on_micropython" / "_proxy.py")
CALLS = PROXY["_CALLS"]
DONE, DATA, OS_ERROR, VALUE_ERROR, INTERRUPT = range(5)
REQUEST = struct.Struct(PROXY["_REQUEST"])
ANSWER = struct.Struct(PROXY["_ANSWER"])

# how many of the three integers a call takes, and whether data follows
ARGUMENTS = {
    "now_us": 0,
    "busy": 1,
    "wait": 2,
    "rtc_us": 0,
    "rtc_set": 1,
    "uart_open": 3,
    "uart_close": 1,
    "uart_any": 1,
    "uart_read": 2,
    "uart_write": 1,
    "uart_flush": 1,
    "kbd_intr": 1,
    "flash_read": 2,
    "partitions": 0,
    "flash_program": 1,
    "flash_erase": 1,
    "i2c_write": 2,
    "i2c_read": 3,
    "i2c_open": 2,
    "pin_write": 2,
    "pin_read": 1,
    "pin_watch": 2,
    "pin_edges": 0,
    "adc_read": 1,
    "pwm": 3,
    "reset_cause": 0,
    "unique_id": 0,
    "random": 1,
    "reset": 1,
    "watchdog": 1,
}
WITH_DATA = {"uart_write", "flash_program", "i2c_write"}


def serve(cpu, requests, answers):
    """Answer calls until the process closes its end. Raises PowerCut or Reset as the CPU does."""
    while True:
        head = requests.read(REQUEST.size)
        if len(head) < REQUEST.size:
            return
        number, a, b, c, count = REQUEST.unpack(head)
        data = requests.read(count) if count else b""
        name = CALLS[number]
        arguments = [a, b, c][: ARGUMENTS[name]]
        if name in WITH_DATA:
            arguments.append(data)
        status, value, out = answer(getattr(cpu, name), arguments)
        try:
            answers.write(ANSWER.pack(status, value, len(out)) + out)
            answers.flush()
        except BrokenPipeError:
            return


def answer(call, arguments):
    """(status, integer, data) of one call."""
    try:
        result = call(*arguments)
    except OSError as error:
        return OS_ERROR, error.errno, b""
    except ValueError:
        return VALUE_ERROR, 0, b""
    except KeyboardInterrupt:
        return INTERRUPT, 0, b""
    if isinstance(result, int):
        return DONE, result, b""
    return DATA, 0, result
