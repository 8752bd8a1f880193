"""Run as main.py of a simulated board: the firmware's parts that the host talks to, no scanner."""

import asyncio
import os

import device
from clock import Clock
from esp32 import Partition
from journal import Journal, records
from link import port
from link.server import Server
from machine import reset_cause
from provisioned import Provisioned, TableSlots
from randomness import Randomness
from refusals import Refusals
from rules import Registrar


def _partition(label):
    return Partition.find(Partition.TYPE_DATA, label=label)[0]


clock = Clock(None)
provisioned = Provisioned(TableSlots(_partition("lists")), Randomness(lambda: os.urandom(32)))
provisioned.load()
journal = Journal(_partition("journal"))
registrar = Registrar(provisioned.settings, journal)
journal.mount(registrar.replay)
journal.append(records.BOOT, 0, [reset_cause(), device.VERSION], reserved=True)
served = device.Device(
    "simulator", clock, provisioned, journal, registrar, Refusals(journal, clock), lambda: None
)
asyncio.run(Server(served).run(port.open_port()))
