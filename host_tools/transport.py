"""One way to reach a device: a serial port, a simulated device's pty, or socket://host:port."""

import errno
from typing import Protocol

import serial

BAUD = 115200


class Transport(Protocol):
    """What the client needs of a port: a part of pyserial's Serial.

    `read` waits for `size` bytes and gives fewer, or none, after `timeout` seconds.
    """

    timeout: float | None

    @property
    def in_waiting(self) -> int: ...
    def read(self, size: int = 1) -> bytes: ...
    def write(self, data: bytes) -> int | None: ...
    def close(self) -> None: ...


class PortError(Exception):
    """The port cannot be opened or went away. The message says what to do."""


def open_transport(port: str, timeout_s: float = 1.0) -> Transport:
    """Opens `port`: /dev/ttyUSB0, COM3, a pty's path or socket://host:port.

    Does not reset the board. On most boards two transistors make a reset of "RTS on, DTR off".
    Linux switches both on when it opens a port; switching DTR off first, as pyserial does when
    told so, is a reset of some 100 us. So: DTR stays on while RTS goes off, then DTR goes off.
    Raises PortError.
    """
    try:
        link = serial.serial_for_url(
            port, baudrate=BAUD, timeout=timeout_s, write_timeout=10, do_not_open=True
        )
        link.dtr = True
        link.rts = False
        link.exclusive = True if "://" not in port else None
        link.open()
        _switch_dtr_off(link)
    except (serial.SerialException, ValueError, OSError) as error:
        raise PortError(_advice(port, error)) from error
    return link


def _switch_dtr_off(link: serial.SerialBase) -> None:
    try:
        link.dtr = False
    except OSError as error:
        # a pty has no such line
        if error.errno not in (errno.ENOTTY, errno.EINVAL):
            raise


def _advice(port: str, error: Exception) -> str:
    text = str(error)
    if "Permission denied" in text:
        return f"{port}: no permission. On Linux, add yourself to the group that owns it (dialout)."
    if "exclusively lock" in text or "Resource temporarily unavailable" in text:
        return f"{port} is in use. Close the other program that has it open (a terminal, mpremote)."
    if "No such file" in text or "FileNotFoundError" in text:
        return f"{port} is not there. Plug the device in, or look up its name (ls /dev/tty*)."
    if "Could not configure port" in text or "Is a directory" in text:
        return f"{port} is no serial port. Look up the device's name (ls /dev/tty*)."
    if "protocol" in text and "not known" in text:
        return f"{port} is no kind of port: a name such as /dev/ttyUSB0, or socket://host:port."
    if "socket://" in port:
        return f"{port}: nobody answers there ({text}). Is the simulated device running?"
    return f"{port} cannot be opened: {text}"
