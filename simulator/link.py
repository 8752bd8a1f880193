"""The host's end of the serial link: bytes out of the device, and in.

`HostEnd` is what is plugged into UART 0. `LinkPort` makes it look like pyserial's Serial to host
code in the same process (its reads let simulated time pass). A pty on top is in `pty_link`.
"""

from simulator.cpu import HOST_LINK_BAUD


class HostEnd:
    """The far end of UART 0: keeps what the device sent, or hands it to `on_data`."""

    def __init__(self):
        self.line = None
        self.received = bytearray()
        self.on_data = None
        self.bytes_sent_by_device = 0

    def receive(self, data, baud, now_us):
        """Called by the UART."""
        self.bytes_sent_by_device += len(data)
        if self.on_data is not None:
            self.on_data(data)
        else:
            self.received += data

    def send(self, data):
        """Put bytes on the wire to the device."""
        return self.line.send(data, HOST_LINK_BAUD)


class LinkPort:
    """A serial port on a stepped board: `read` lets the device run until it has its bytes."""

    def __init__(self, board, timeout_s=1.0):
        self._board = board
        self.timeout = timeout_s

    def write(self, data):
        """Send bytes; returns how many."""
        self._board.pace.outside(lambda: self._board.link.send(data))
        return len(data)

    def read(self, size=1):
        """Up to `size` bytes: fewer when `timeout` (simulated seconds) passed."""
        board = self._board
        board.run_until(
            lambda: len(board.link.received) >= size,
            timeout_ms=int((self.timeout or 0) * 1000),
        )
        out = bytes(board.link.received[:size])
        del board.link.received[: len(out)]
        return out

    @property
    def in_waiting(self):
        """How many bytes are there already."""
        return len(self._board.link.received)

    def reset_input_buffer(self):
        """Forget them."""
        self._board.link.received.clear()

    def flush(self):
        """Let the device run until everything written is on its side."""
        self._board.run_until(self._board.uarts[0].line.quiet, timeout_ms=60_000)

    def close(self):
        """Nothing to close."""
