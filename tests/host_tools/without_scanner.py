"""Run as main.py of a simulated board: the firmware's parts that the host talks to, no scanner."""

import asyncio
import os

from esp32 import Partition
from link import port
from system import starting
from system.device import Device


def _partition(label):
    return Partition.find(Partition.TYPE_DATA, label=label)[0]


class Hardware:
    board_name = "simulator"
    clock_chip = scanner = ok = trigger = None

    def __init__(self):
        self.journal = _partition("journal")
        self.lists = _partition("lists")
        self.curve = _partition("curve")

    def fresh(self):
        return os.urandom(32)


class Feedback:
    def show(self, screen):
        pass

    def idle(self, make):
        pass


device = Device(Hardware(), Feedback())
starting.start(device)
asyncio.run(device.endpoint.run(port.open_port()))
