"""Run as main.py of a simulated board: the firmware's parts that the host talks to, no scanner."""

import asyncio
import os

import device
from clock import Clock
from esp32 import Partition
from identity import Identity
from journal import Journal, bodies
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
identity = Identity()
randomness = Randomness(lambda: os.urandom(32))
provisioned = Provisioned(TableSlots(_partition("lists")), identity, randomness)
provisioned.load()
journal = Journal(
    _partition("journal"),
    identity,
    lambda: provisioned.collection_key(clock.now()),
    randomness.bytes,
)
journal.mount()
registrar = Registrar(provisioned.settings, journal)
registrar.resume()
if provisioned.collection:
    journal.append(bodies.BOOT, 0, [reset_cause(), device.VERSION], reserved=True)
refusals = Refusals(journal, clock)
served = device.Device(
    "simulator", clock, provisioned, journal, registrar, refusals, randomness.bytes, lambda: None
)
asyncio.run(Server(served).run(port.open_port()))
