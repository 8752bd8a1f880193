"""What a start does once the parts are there: everything is read, and the start is recorded."""

from keeping import loading
from machine import reset_cause
from ui import screens

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
    journal.note_start(device.clock.now() or 0, [reset_cause(), VERSION])
    if held.missing():
        device.feedback.show(screens.Screen("NOT SET UP"))
    elif not journal.remaining:
        device.feedback.show(screens.Screen("MEMORY FULL"))
