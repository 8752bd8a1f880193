"""`time` of the chip: counts from 2000-01-01, and sleeps on the board's clock."""

import utime
from _board import cpu
from micropython import const

_TO_2000 = const(946684800)  # from 1970; this MicroPython counts from then

ticks_ms = utime.ticks_ms
ticks_us = utime.ticks_us
ticks_cpu = utime.ticks_us
ticks_add = utime.ticks_add
ticks_diff = utime.ticks_diff


def time():
    return cpu.rtc_s()


def gmtime(seconds=None):
    return utime.gmtime((time() if seconds is None else seconds) + _TO_2000)


localtime = gmtime


def mktime(when):
    return utime.mktime(when) - _TO_2000


def sleep_us(us):
    if us > 0:
        cpu.busy(us)


def sleep_ms(ms):
    if ms > 0:
        cpu.busy(ms * 1000)


def sleep(seconds):
    sleep_ms(int(seconds * 1000))
