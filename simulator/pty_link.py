"""The device's serial port for other programs: a pseudo-terminal, or a TCP port.

Both hand on bytes as they are, to `host_sent` (simulator/time_modes.py says when time passes for
them). What the device sends while nobody reads is kept as far as the
system's buffer goes and then dropped, as a USB bridge does.
"""

import contextlib
import os
import select
import socket
import threading
import tty

CHUNK_BYTES = 4096
# What the host writes at once can come in two parts; then the rest is close behind. A frame's end
# (docs/link.md) is not waited for, so that nothing depends on this computer's clock with frames.
GATHER_S = 0.02


def _has_more(number, timeout_s=0):
    return bool(select.select([number], [], [], timeout_s)[0])


def _gather(number, read):
    """What came on a file descriptor, and what belongs to it; empty at the end."""
    data = read(CHUNK_BYTES)
    while data and (len(data) == 1 or data[-1]) and _has_more(number, GATHER_S):
        more = read(CHUNK_BYTES)
        if not more:
            break
        data += more
    return data


class PtyLink:
    """A pty wired to UART 0. `path` is what a program opens; `link_path` a lasting name for it."""

    def __init__(self, board, host_sent, link_path=None):
        self._board = board
        self._host_sent = host_sent
        self._master, self._slave = os.openpty()  # ours stays open: clients come and go
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._link_path = link_path
        if link_path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(link_path)
            os.symlink(self.path, link_path)
        self._stop_in, self._stop_out = os.pipe()
        board.link.on_data = self._to_host
        self._thread = threading.Thread(target=self._from_host, name="pty", daemon=True)
        self._thread.start()

    def _to_host(self, data):
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, data)

    def _from_host(self):
        came_meanwhile = False
        while True:
            ready, _, _ = select.select([self._master, self._stop_in], [], [])
            if self._stop_in in ready:
                return
            data = _gather(self._master, lambda count: os.read(self._master, count))
            self._host_sent(data, came_meanwhile)
            came_meanwhile = _has_more(self._master)

    def close(self):
        """Take the port away."""
        self._board.link.on_data = None
        os.write(self._stop_out, b"x")
        self._thread.join()
        for number in (self._master, self._slave, self._stop_in, self._stop_out):
            os.close(number)
        if self._link_path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._link_path)


class SocketLink:
    """A TCP port on this machine wired to UART 0, one client at a time (socket://host:port)."""

    def __init__(self, board, host_sent, port=0):
        self._board = board
        self._host_sent = host_sent
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._client = None
        board.link.on_data = self._to_host
        self._thread = threading.Thread(target=self._serve, name="socket", daemon=True)
        self._thread.start()

    def _to_host(self, data):
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.sendall(data)

    def _serve(self):
        while True:
            try:
                self._client, _ = self._listener.accept()
            except OSError:  # closed
                return
            with contextlib.suppress(OSError), self._client:
                came_meanwhile = False
                while data := _gather(self._client.fileno(), self._client.recv):
                    self._host_sent(data, came_meanwhile)
                    came_meanwhile = _has_more(self._client.fileno())
            self._client = None

    def close(self):
        """Take the port away."""
        self._board.link.on_data = None
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()
