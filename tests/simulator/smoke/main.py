"""A small firmware that proves a runtime: time, UARTs, flash, files, resets."""

import asyncio
import gc
import os
import select
import sys
import time

import board
import machine
from esp32 import Partition

journal = Partition.find(Partition.TYPE_DATA, label="journal")[0]


def say(*words):
    print("#", *words)


async def lines(uart):
    reader = asyncio.StreamReader(uart)
    line = b""
    while True:
        line += await reader.read(64)
        if line.endswith(b"\r"):
            say("line", line.decode().strip())
            line = b""


async def commands():
    poll = select.poll()
    poll.register(sys.stdin.buffer, select.POLLIN)
    line = b""
    while True:
        if not poll.poll(0):
            await asyncio.sleep_ms(5)
            continue
        one = sys.stdin.buffer.read(1)
        if one != b"\n":
            line += one
            continue
        obey(line.decode().split())
        line = b""


def obey(words):
    what = words[0]
    if what == "echo":
        say("echo", *words[1:])
    elif what == "erase":
        journal.ioctl(6, int(words[1]))
        say("erased")
    elif what == "program":
        journal.writeblocks(int(words[1]), words[2].encode(), 0)
        say("programmed")
    elif what == "read":
        buf = bytearray(8)
        journal.readblocks(int(words[1]), buf, 0)
        say("read", buf)
    elif what == "save":
        with open(words[1], "wb") as file:
            file.write(words[2].encode())
        os.rename(words[1], words[1] + ".saved")
        say("saved", os.stat(words[1] + ".saved")[6], sorted(os.listdir()))
    elif what == "load":
        with open(words[1] + ".saved") as file:
            say("loaded", file.read())
    elif what == "reset":
        machine.reset()
    elif what == "watch":
        machine.WDT(timeout=100)
        say("watched")
    elif what == "heap":
        gc.collect()
        say("heap", gc.mem_free())
    elif what == "crash":
        raise ValueError("on demand")
    else:
        raise ValueError(what)


async def ticker():
    start = time.ticks_ms()
    for _ in range(3):
        await asyncio.sleep_ms(100)
    say("slept", time.ticks_diff(time.ticks_ms(), start))


async def main():
    say("boot", board.NAME, machine.reset_cause(), len(machine.unique_id()), time.gmtime()[:3])
    say("random", os.urandom(4))
    uart = machine.UART(board.SCANNER_UART, 9600, rxbuf=512)
    uart.write(b"hello\r")
    try:
        await asyncio.wait_for_ms(asyncio.Event().wait(), 20)
    except asyncio.TimeoutError:  # noqa: UP041 - MicroPython's is its own
        say("timeout")
    await asyncio.gather(lines(uart), commands(), ticker())


asyncio.run(main())
