"""Run by MicroPython: serves the link on standard input and output, as the device does."""

import asyncio
import sys

sys.path[:0] = sys.argv[1:]

from link import port  # noqa: E402
from link.endpoint import Endpoint  # noqa: E402
from link.server import Server  # noqa: E402
from link_device import LinkDevice  # noqa: E402
from system.rooms import Room  # noqa: E402

records = [b"\x05" + bytes(3) + bytes([number]) + b"r" * 100 for number in range(1, 200)]
device = LinkDevice(records)
print("started")
asyncio.run(Endpoint(lambda: Server(device), Room()).run(port.open_port()))
