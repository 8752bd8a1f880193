"""Starts the device: builds what stays, reads what is kept, runs its tasks."""

# Before anything else is loaded: later there may be no memory for machine code.
from system import machine_code  # noqa: F401

# isort: split

import asyncio

from link.port import open_port
from system import faults, rooms
from system.device import Device
from system.hardware import Hardware
from ui import screens
from ui.feedback import Feedback


def start(hardware, feedback):
    """The device, ready for its tasks."""
    device = Device(hardware, feedback)
    rooms.START.enter()
    from system import starting

    starting.start(device)
    rooms.START.close()
    return device


def tasks_of(device):
    """Functions, each with what it is called with; they run for ever."""
    app = device.app
    return (
        (app.run_scanner,),
        (app.run_ok,),
        (app.run_upkeep,),
        (app.run_journal,),
        (device.endpoint.run, open_port()),
        (device.tables.run, device.provisioned.public_keys),
        (rooms.run,),
    )


async def main():
    """Runs until the power goes."""
    hardware = Hardware()
    feedback = Feedback(hardware.display, hardware.buzzer, hardware.green, hardware.red)
    feedback.show(screens.starting())
    try:
        device = start(hardware, feedback)
    except Exception:
        # Who stands there must know; the technician finds the reason on the port.
        hardware.red.on()
        feedback.show(screens.fault("does not start"))
        raise
    told = device.app.failed
    first, *others = [faults.keep_running(told, *task) for task in tasks_of(device)]
    kept = [asyncio.create_task(task) for task in others]
    await first
    await asyncio.gather(*kept)


if __name__ == "__main__":
    asyncio.run(main())
