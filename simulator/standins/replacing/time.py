"""`time` as on the ESP32: counts from 2000-01-01, ticks wrap at 2**30, and the board's clock."""

import _board
from micropython import const

_PERIOD = const(1 << 30)  # of the ticks_* functions on a 32-bit chip
_HALF = const(1 << 29)
_DAYS_TO_2000 = const(730425)  # days from 0000-03-01 (proleptic Gregorian) to 2000-01-01
_FOUR_CENTURIES = const(146097)  # days


def time():
    return _board.cpu.rtc_us() // 1000000


def time_ns():
    return _board.cpu.rtc_us() * 1000


def ticks_ms():
    return _board.cpu.now_us() // 1000 % _PERIOD


def ticks_us():
    return _board.cpu.now_us() % _PERIOD


def ticks_cpu():
    return ticks_us()


def ticks_add(ticks, delta):
    return (ticks + delta) % _PERIOD


def ticks_diff(end, start):
    return (end - start + _HALF) % _PERIOD - _HALF


def sleep_us(us):
    if us > 0:
        _board.cpu.busy(us)


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(seconds):
    sleep_us(int(seconds * 1000000))


def gmtime(seconds=None):
    """(year, month, day, hour, minute, second, weekday, yearday)"""
    if seconds is None:
        seconds = time()
    days, rest = divmod(int(seconds), 86400)
    weekday = (days + 5) % 7  # 2000-01-01 was a Saturday
    days += _DAYS_TO_2000
    era, day_of_era = divmod(days, _FOUR_CENTURIES)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    year = era * 400 + year_of_era + (1 if month <= 2 else 0)
    yearday = _days(year, month, day) - _days(year, 1, 1) + 1
    return (year, month, day, rest // 3600, rest // 60 % 60, rest % 60, weekday, yearday)


localtime = gmtime


def mktime(when):
    """Seconds since 2000-01-01 of (year, month, day, hour, minute, second, ...)."""
    year, month, day, hour, minute, second = when[:6]
    return _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second


def _days(year, month, day):
    """Days since 2000-01-01; months beyond 12 run over."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    if month <= 2:
        year -= 1
        month += 12
    in_year = (153 * (month - 3) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + in_year - _DAYS_TO_2000
