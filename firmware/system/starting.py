"""Builds the device from its files and its flash; main.py drops this module afterwards."""

from app.application import App
from app.refusals import Refusals
from app.rules import Registrar
from journal import Journal, JournalFull, NoCollectionKey, bodies
from keeping.curve_tables import CurveTables
from keeping.identity import Identity
from keeping.provisioned import Provisioned, TableSlots
from keeping.randomness import Randomness
from link import port, requests
from link.server import Server
from machine import reset_cause
from ui import screens

from system import faults
from system.clock import Clock


def start(hardware, feedback):
    """(App, the device's tasks: each a function and what it is called with)."""
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
        provisioned.collection_source(clock),
        randomness.bytes,
    )
    journal.mount()
    registrar = Registrar(provisioned.settings, journal)
    registrar.resume()
    try:
        journal.append(
            bodies.BOOT, clock.now() or 0, [reset_cause(), requests.VERSION], reserved=True
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
    app = App(
        hardware.scanner,
        feedback,
        clock,
        provisioned,
        journal,
        registrar,
        refusals,
        hardware.ok,
        hardware.trigger,
    )
    served = requests.Device(
        hardware.board_name,
        clock,
        provisioned,
        journal,
        registrar,
        refusals,
        randomness.bytes,
        app.changed,
    )
    # No lambdas: they would keep this module, which is not needed again, in the heap.
    return app, (
        (app.run_scanner,),
        (app.run_ok,),
        (app.run_upkeep,),
        (app.run_journal,),
        (Server(served).run, port.open_port()),
        (tables.run, provisioned.public_keys),
    )
