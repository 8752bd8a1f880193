# ruff: noqa: RUF006, SIM115, UP041 - MicroPython has its own TimeoutError, and strong tasks
"""What asyncio, time, files and hashes do, step by step: must be the same in both runtimes."""

import asyncio
import hashlib
import os
import sys
import time

import machine
from esp32 import Partition


def tell(*words):
    print("-", *words)


async def counts(name, pauses, result=None):
    try:
        for number, pause_ms in enumerate(pauses):
            tell(name, number)
            await asyncio.sleep_ms(pause_ms)
        return result
    except asyncio.CancelledError:
        tell(name, "cancelled")
        raise
    finally:
        tell(name, "over")


async def fails(pause_ms):
    await asyncio.sleep_ms(pause_ms)
    raise ValueError("on purpose")


async def tasks():
    tell("order")
    made = [asyncio.create_task(counts(name, (0, 10, 0))) for name in "abc"]
    await asyncio.sleep_ms(50)
    tell([task.done() for task in made])
    tell(await asyncio.create_task(counts("d", (5,), "result")))
    tell("gather", await asyncio.gather(counts("e", (9,), 1), counts("f", (3,), 2)))
    try:
        await asyncio.gather(counts("g", (20, 20)), fails(5))
    except ValueError as error:
        tell("gather", error)
    got = await asyncio.gather(counts("h", (1,), 3), fails(5), return_exceptions=True)
    tell(got[0], str(got[1]))
    await asyncio.sleep_ms(100)
    try:
        await asyncio.wait_for_ms(counts("i", (50, 50)), 30)
    except asyncio.TimeoutError:
        tell("timeout")
    tell(await asyncio.wait_for(counts("j", (5,), "in time"), 1))
    try:
        await asyncio.wait_for_ms(fails(5), 100)
    except ValueError as error:
        tell("wait_for", error)
    task = asyncio.create_task(counts("k", (10, 10, 10)))
    await asyncio.sleep_ms(15)
    tell(task.cancel(), task.cancel())
    try:
        await task
    except asyncio.CancelledError:
        tell("awaited a cancelled one", task.done(), task.cancel())
    task = asyncio.create_task(fails(0))
    try:
        await task
    except ValueError as error:
        tell("raised", error)
    task = asyncio.create_task(outer())
    await asyncio.sleep_ms(5)
    task.cancel()
    await asyncio.sleep_ms(5)
    tell("outer", task.done())


async def outer():
    try:
        await asyncio.create_task(counts("inner", (50,)))
    except asyncio.CancelledError:
        tell("outer cancelled")
        raise


async def waits(event, name):
    tell(name, await event.wait())


async def holds(lock, name):
    async with lock:
        tell(name, "has the lock")
        await asyncio.sleep_ms(5)


async def flags(flag):
    await flag.wait()
    tell("flag")


async def primitives():
    event = asyncio.Event()
    for name in "xy":
        asyncio.create_task(waits(event, name))
    await asyncio.sleep_ms(1)
    event.set()
    await asyncio.sleep_ms(1)
    tell(event.is_set(), await event.wait())
    event.clear()
    lock = asyncio.Lock()
    made = [asyncio.create_task(holds(lock, name)) for name in "123"]
    await asyncio.sleep_ms(7)
    tell(lock.locked())
    made[2].cancel()
    await asyncio.sleep_ms(20)
    tell(lock.locked())
    flag = asyncio.ThreadSafeFlag()
    task = asyncio.create_task(flags(flag))
    await asyncio.sleep_ms(1)
    flag.set()
    await task


def clocks():
    tell(time.ticks_diff(time.ticks_add(0, -5), 3), time.ticks_add((1 << 30) - 1, 2))
    for seconds in (0, 951782400 - 946684800, 86399, 86400 * 59, 86400 * 366, 2000000000):
        tell(seconds, time.gmtime(seconds), time.mktime(time.gmtime(seconds)))
    machine.RTC().datetime((2026, 2, 28, 0, 23, 59, 59, 0))
    time.sleep(1)
    tell(time.gmtime()[:6], machine.RTC().datetime()[:7], time.time())


def files():
    with open("one", "wb") as file:
        file.write(b"0123456789\nabc")
        file.seek(3)
        file.write(b"x")
    with open("one", "rb") as file:
        buf = bytearray(4)
        tell(file.readinto(buf), buf, file.tell(), file.readline(), file.read(), file.read())
    with open("one", "ab") as file:
        file.write(b"more")
    with open("one", "r+b") as file:
        file.write(b"R")
        file.seek(-2, 2)
        tell(file.read())
    tell(os.stat("one")[6], os.listdir(), sorted(os.ilistdir()))
    os.mkdir("folder")
    with open("folder/two", "w") as file:
        file.write("zwei\n")
    with open("folder/two") as file:
        tell(list(file))
    os.rename("one", "folder/two")
    tell(os.listdir("folder"), os.stat("folder")[0] & 0x4000 != 0)
    for action in (
        lambda: open("none"),
        lambda: os.remove("none"),
        lambda: os.rename("none", "other"),
        lambda: os.mkdir("folder"),
        lambda: os.rmdir("folder"),
        lambda: os.stat("none"),
    ):
        try:
            action()
        except OSError as error:
            tell("OSError", error.errno)
    os.remove("folder/two")
    os.rmdir("folder")
    tell(os.listdir("/"))


def partitions():
    journal = Partition("journal")
    tell(journal.info(), journal.ioctl(4, 0), journal.ioctl(5, 0))
    journal.writeblocks(1, b"\x0f" * 4096)
    journal.writeblocks(1, b"\xf1\xff", 5)
    buf = bytearray(8)
    journal.readblocks(1, buf, 2)
    tell(buf)
    for action in (
        lambda: journal.readblocks(256, buf),
        lambda: journal.readblocks(257, buf),
        lambda: Partition("none"),
        lambda: machine.I2C(0).readfrom(0x20, 1),
    ):
        try:
            action()
        except OSError as error:
            tell("OSError", error.errno)
    tell(Partition.find(Partition.TYPE_DATA, label="none"), machine.I2C(0).scan())


def hashes():
    value = hashlib.sha256(b"a")
    value.update(b"bc")
    tell(value.digest())
    tell(hasattr(hashlib, "sha512"), sys.platform, os.urandom(3) == os.urandom(3))


async def main():
    clocks()
    files()
    partitions()
    hashes()
    await tasks()
    await primitives()
    asyncio.create_task(fails(0))
    await asyncio.sleep_ms(10)
    tell("done")
    await asyncio.sleep_ms(10000)


asyncio.run(main())
