"""What a start does once the parts are there: everything is read, and the start is recorded."""

from journal import JournalFull, NoCollectionKey, bodies
from keeping import loading
from machine import reset_cause
from ui import screens

from system import faults
from system.version import VERSION


def start(device):
    """Makes a system.device.Device ready for its tasks."""
    held, journal, tables = device.provisioned, device.journal, device.tables
    tables.use_base()
    loading.load(held)
    tables.use_keys(held.public_keys())
    journal.mount()
    device.registrar.settings = held.settings
    device.registrar.resume()
    feedback = device.feedback
    try:
        journal.append(
            bodies.BOOT, device.clock.now() or 0, [reset_cause(), VERSION], reserved=True
        )
    except NoCollectionKey:
        feedback.show(screens.Screen("NOT SET UP"))
    except JournalFull:
        feedback.show(screens.Screen("MEMORY FULL"))
    except OSError as error:
        # What is in the journal can still be collected.
        faults.report(error)
        feedback.show(screens.Screen("MEMORY FAULT", "", "call technician"))
