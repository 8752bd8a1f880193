"""What nobody foresaw: whoever is at the cable is told, and the rest of the device goes on.

An exception that ends one task would end all of them and leave a screen that says READY.
"""

import asyncio
import sys

from micropython import const

_PAUSE_MS = const(1000)


def report(error):
    """Prints an exception on the link, as text between its frames (docs/link.md)."""
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        # MicroPython's alone
        print("fault:", repr(error))


async def keep_running(told, make, *arguments):
    """Runs a task for ever: when it fails, reports it, calls told(), and starts it again.

    make: function that returns the task's coroutine, called with the arguments.
    """
    while True:
        try:
            await make(*arguments)
            return
        except Exception as error:
            report(error)
        told()
        await asyncio.sleep_ms(_PAUSE_MS)
