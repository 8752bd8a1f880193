"""Run as main.py of a simulated board: the firmware's parts that the host talks to, no scanner."""

import asyncio
import os

from app.refusals import Refusals
from app.rules import Registrar
from esp32 import Partition
from journal import Journal, bodies
from keeping.identity import Identity
from keeping.provisioned import Provisioned, TableSlots
from keeping.randomness import Randomness
from link import port, requests
from link.server import Server
from machine import reset_cause
from system.clock import Clock


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
    journal.append(bodies.BOOT, 0, [reset_cause(), requests.VERSION], reserved=True)
refusals = Refusals(journal, clock)
served = requests.Device(
    "simulator", clock, provisioned, journal, registrar, refusals, randomness.bytes, lambda: None
)
asyncio.run(Server(served).run(port.open_port()))
