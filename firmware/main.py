"""Starts the device: finds its hardware, mounts the journal, runs the application."""

import asyncio

import device
import faults
from app import App
from clock import Clock
from curve_tables import CurveTables
from hardware import Hardware
from identity import Identity
from journal import Journal, JournalFull, NoCollectionKey, bodies
from link import port
from link.server import Server
from machine import reset_cause
from provisioned import Provisioned, TableSlots
from randomness import Randomness
from refusals import Refusals
from rules import Registrar
from ui import screens
from ui.feedback import Feedback


def start(hardware, feedback):
    """Builds the parts; returns the App and the functions that make the device's tasks."""
    clock = Clock(hardware.clock_chip)
    tables = CurveTables(hardware.curve)
    tables.use_base()
    randomness = Randomness(hardware.fresh)
    identity = Identity()
    provisioned = Provisioned(TableSlots(hardware.lists), identity, randomness)
    provisioned.load()
    tables.use_keys(provisioned.public_keys())
    journal = Journal(
        hardware.journal,
        identity,
        lambda: provisioned.collection_key(clock.now()),
        randomness.bytes,
    )
    journal.mount()
    registrar = Registrar(provisioned.settings, journal)
    registrar.resume()
    try:
        journal.append(
            bodies.BOOT, clock.now() or 0, [reset_cause(), device.VERSION], reserved=True
        )
    except NoCollectionKey:
        feedback.show(screens.Screen("NOT SET UP"))
    except JournalFull:
        feedback.show(screens.Screen("MEMORY FULL"))
    except OSError as error:
        # What is in the journal can still be collected.
        faults.report(error)
        feedback.show(screens.Screen("MEMORY FAULT", "", "call technician"))
    refusals = Refusals(journal, clock)
    app = App(hardware.scanner, feedback, clock, provisioned, journal, registrar, refusals)
    served = device.Device(
        hardware.board_name,
        clock,
        provisioned,
        journal,
        registrar,
        refusals,
        randomness.bytes,
        app.changed,
    )
    server = Server(served)
    link = port.open_port()
    return app, (
        app.run_scanner,
        app.run_upkeep,
        app.run_journal,
        lambda: server.run(link),
        lambda: tables.run(provisioned.public_keys),
    )


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
    await asyncio.gather(*[faults.keep_running(task, app.failed) for task in tasks])


if __name__ == "__main__":
    asyncio.run(main())
