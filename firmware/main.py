"""Starts the device: finds its hardware, has the rest built, runs its tasks."""

import asyncio

from system import faults, modules
from system.hardware import Hardware
from ui import screens
from ui.feedback import Feedback


def start(hardware, feedback):
    """What starting.start returns."""
    from system import starting

    found = starting.start(hardware, feedback)
    # Its code is never needed again, and takes as much of the heap as a screen's buffer.
    modules.drop("system.starting")
    return found


async def main():
    """Runs until the power goes."""
    hardware = Hardware()
    feedback = Feedback(hardware.display, hardware.buzzer, hardware.green, hardware.red)
    feedback.show(screens.starting())
    try:
        app, tasks = start(hardware, feedback)
    except Exception:
        # Who stands there must know; the technician finds the reason on the port.
        hardware.red.on()
        feedback.show(screens.fault("does not start"))
        raise
    first, *others = [faults.keep_running(app.failed, *task) for task in tasks]
    kept = [asyncio.create_task(task) for task in others]
    await first
    await asyncio.gather(*kept)


if __name__ == "__main__":
    asyncio.run(main())
