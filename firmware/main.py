"""Starts the device: builds what stays, reads what is kept, runs its tasks."""

# Before anything else is loaded: later there may be no memory for machine code.
from system import machine_code  # noqa: F401

# isort: split

import asyncio
import os
import time

import micropython
from keeping.identity import ROOT
from link.port import open_port
from machine import reset
from micropython import const
from system import faults, rooms
from system.device import Device
from system.hardware import Hardware
from ui import screens
from ui.feedback import Feedback

_TO_BE_READ_MS = const(5000)
_LOOK_MS = const(1000)
_CTRL_C = const(3)


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
    """Runs until the power goes, or an operator wants the prompt."""
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
    kept = [asyncio.create_task(faults.keep_running(told, *task)) for task in tasks_of(device)]
    while not device.is_prompt_wanted:
        await asyncio.sleep_ms(_LOOK_MS)
    for task in kept:
        task.cancel()
    feedback.show(screens.prompt_open())


def is_owned():
    """True once a root was installed: from then on there is no prompt."""
    return ROOT in os.listdir()


def run():
    """The program. Where the device has an owner it ends with the prompt only if an operator wants
    that; whatever else ends it is a reset, a while after it was printed."""
    try:
        asyncio.run(main())
    except BaseException as error:
        if not is_owned():
            raise
        faults.report(error)
        time.sleep_ms(_TO_BE_READ_MS)
        reset()
    micropython.kbd_intr(_CTRL_C)


if __name__ == "__main__":
    run()
