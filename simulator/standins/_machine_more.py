"""The part of `machine` that the firmware does not use: loaded where it is asked for."""

import _board


class RTC:
    """Counts from 2000-01-01 after power-up; survives resets, not a loss of power."""

    def datetime(self, *when):
        import time

        if when:
            year, month, day, _, hour, minute, second, subseconds = when[0]
            seconds = time.mktime((year, month, day, hour, minute, second, 0, 0))
            _board.cpu.rtc_set(seconds * 1000000 + subseconds)
            return None
        now_us = _board.cpu.rtc_us()
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(now_us // 1000000)
        return (year, month, day, weekday, hour, minute, second, now_us % 1000000)


class WDT:
    """Cannot be stopped once started."""

    def __init__(self, id=0, timeout=5000):
        if id != 0 or timeout < 1:
            raise ValueError("WDT")
        _board.cpu.watchdog(timeout)

    def feed(self):
        _board.cpu.watchdog(0)
