"""What MicroPython's `time` and `asyncio` have, on CPython, as far as the tests need it.

Import it before what uses it.
"""

import asyncio
import time

if not hasattr(time, "ticks_ms"):

    def _ticks_ms():
        return time.monotonic_ns() // 1000000 & 0x3FFFFFFF

    def _ticks_add(ticks, delta):
        return (ticks + delta) & 0x3FFFFFFF

    def _ticks_diff(later, earlier):
        return (later - earlier + 0x20000000 & 0x3FFFFFFF) - 0x20000000

    time.ticks_ms, time.ticks_add, time.ticks_diff = _ticks_ms, _ticks_add, _ticks_diff

if not hasattr(asyncio, "sleep_ms"):

    def _sleep_ms(ms):
        return asyncio.sleep(ms / 1000)

    asyncio.sleep_ms = _sleep_ms
