"""What the commands that talk to a device share: the port, the connection, what can go wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer

from host_tools import console
from host_tools.client import Client, DeviceError, NoAnswer
from host_tools.console import EXIT_FILE, EXIT_REFUSED, give_up
from host_tools.journal.statement import StatementError
from host_tools.store import StoreError
from host_tools.transport import PortError, open_transport

EXIT_NO_DEVICE = 4  # no such port, or no answer; beside those of console.py

Port = Annotated[
    str,
    typer.Option(
        envvar="SCANPOST_PORT",
        help="The device: /dev/ttyUSB0, COM3, a simulated device's pty, or socket://host:port.",
    ),
]


@contextmanager
def told() -> Iterator[None]:
    """Turns what can go wrong with files, devices and databases into a message and a code."""
    try:
        with console.told():
            yield
    except DeviceError as error:
        give_up(f"The device refused: {error}", EXIT_REFUSED)
    except StatementError as error:
        give_up(str(error), EXIT_REFUSED)
    except StoreError as error:
        give_up(str(error), EXIT_FILE)
    except (NoAnswer, PortError) as error:
        give_up(str(error), EXIT_NO_DEVICE)


@contextmanager
def connected(port: str) -> Iterator[Client]:
    """A device that has answered. Raises NoAnswer, PortError."""
    client = Client(open_transport(port))
    try:
        client.identify()
        yield client
    finally:
        client.close()


def local(unix_s: int | None) -> str:
    """A time (Unix seconds) for people, in this computer's zone; one of no calendar as it is."""
    if unix_s is None:
        return "-"
    try:
        return datetime.fromtimestamp(unix_s).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return f"{unix_s} s after 1970"
