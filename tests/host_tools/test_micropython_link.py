"""The host's client against the firmware's port and server in the real MicroPython, over a pty."""

import os
import subprocess
import tty
from pathlib import Path

import pytest

from host_tools.client import Client, DeviceError
from host_tools.transport import open_transport
from tests.runtimes import micropython_or_skip

ROOT = Path(__file__).parents[2]


@pytest.fixture
def client():
    micropython = micropython_or_skip()
    host_end, device_end = os.openpty()
    tty.setraw(device_end)
    command = [
        micropython,
        "-X",
        "heapsize=256K",
        ROOT / "tests/host_tools/served_by_micropython.py",
    ]
    process = subprocess.Popen(
        [*command, ROOT / "firmware", ROOT / "tests/firmware"],
        stdin=host_end,
        stdout=host_end,
    )
    client = Client(open_transport(os.ttyname(device_end)))
    yield client
    client.close()
    process.kill()
    process.wait()
    os.close(host_end)
    os.close(device_end)


def test_requests_replies_and_objects(client):
    assert client.identify()["board"] == "test"
    # every byte value crosses the port, Ctrl-C and line ends among them
    table = bytes(index % 256 for index in range(2000))
    assert client.send_object("revoked-table", table) == 1
    sequence, found = 1, []
    while True:
        sequence, some = client.read_journal(sequence)
        if not some:
            break
        found += some
    assert [body[4] for body in found] == list(range(1, 200))
    assert client.statement(bytes(16), 1, 199).startswith(b"statement")
    with pytest.raises(DeviceError, match="NOT_WRITTEN"):
        client.statement(bytes(16), 1, 200)
