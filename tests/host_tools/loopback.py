"""A device's end of the link in a thread: the firmware's own server behind a pty or a socket.

Faults can be set to happen to frames, by number, in either direction.
"""

import os
import select
import socket
import threading
import tty
from collections.abc import Callable

from link import frames
from link.endpoint import MAX_REQUEST_BYTES, Endpoint
from link.server import Server
from link_device import LinkDevice
from system.rooms import Room

Fault = Callable[[int, bytes], bytes]


def unharmed(_number: int, data: bytes) -> bytes:
    return data


class Loopback:
    """Serves until closed. `port` is what a host opens."""

    def __init__(
        self,
        device: LinkDevice,
        kind: str = "pty",
        on_reply: Fault = unharmed,
        on_request: Fault = unharmed,
        greeting: bytes = b"",
    ) -> None:
        self._device = device
        self.restart()
        self._on_reply = on_reply
        self._on_request = on_request
        self._greeting = greeting
        self.requests = 0  # whole requests that got through, repeats included
        self._reads = 0
        self._replies = 0
        self._stop_read, self._stop_write = os.pipe()
        self._opened: list[int] = []
        self._listener: socket.socket | None = None
        if kind == "pty":
            self._fd, device_end = os.openpty()
            tty.setraw(device_end)
            self._opened += [self._fd, device_end]
            self.port = os.ttyname(device_end)
        else:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.port = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def restart(self) -> None:
        """What a reset does to the link: everything is forgotten."""
        self._endpoint = Endpoint(lambda: Server(self._device), Room())

    def _wait(self, fd: int) -> bool:
        ready, _, _ = select.select([fd, self._stop_read], [], [])
        return self._stop_read not in ready

    def _run(self) -> None:
        if self._listener is not None:
            if not self._wait(self._listener.fileno()):
                return
            connection, _ = self._listener.accept()
            self._fd = connection.detach()
            self._opened.append(self._fd)
        if self._greeting:
            os.write(self._fd, self._greeting)
        decoder = frames.Decoder(MAX_REQUEST_BYTES)
        while self._wait(self._fd):
            data = os.read(self._fd, 4096)
            if not data:
                return
            self._reads += 1
            for byte in self._on_request(self._reads, data):
                payload = decoder.feed(byte)
                if payload is not None:
                    self.requests += 1
                    self._replies += 1
                    reply = bytes(self._endpoint.handle(payload))
                    os.write(self._fd, self._on_reply(self._replies, reply))

    def close(self) -> None:
        os.write(self._stop_write, b"x")
        self._thread.join(5)
        assert not self._thread.is_alive()
        for fd in (*self._opened, self._stop_read, self._stop_write):
            os.close(fd)
        if self._listener is not None:
            self._listener.close()

    def __enter__(self) -> "Loopback":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
