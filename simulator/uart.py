"""A UART of the chip, and the wire to what is plugged into it.

The far end is a chip model with `receive(data, baud, now_us)`, called byte by byte once the wire
has carried it; it is given `line`, and talks back with `line.send(data, baud)`. Both ends have a
rate of their own: what is sent at one and heard at another comes out as `heard` says.

Reception as on the ESP32: a hardware FIFO of 128 bytes is emptied by an interrupt (at 120 bytes,
or when the line was quiet for ten characters) into the driver's buffer. While the flash chip is
busy no interrupt runs, and what comes on top of a full FIFO is lost.
(ESP-IDF driver/uart: UART_FULL_THRESH_DEFAULT 120, UART_TOUT_THRESH_DEFAULT 10.)
"""

from collections import deque

FIFO_BYTES = 128
FIFO_THRESHOLD = 120
TIMEOUT_CHARACTERS = 10
TX_BUFFER_BYTES = 256 + 128  # the driver's buffer, and the transmit FIFO
TOLERANCE = 0.03  # rates this close understand each other


def character_us(baud, count=1):
    """Microseconds that `count` characters of 8N1 take."""
    return (count * 10 * 1_000_000 + baud - 1) // baud


def heard(data, sent_baud, listening_baud):
    """What a receiver at `listening_baud` makes of `data` sent at `sent_baud` in one run.

    The wire's levels are sampled as a UART samples them: from a falling edge, in the middle of the
    start bit (high there: noise), of eight data bits and of the stop bit (low there: thrown away).
    """
    if abs(sent_baud - listening_baud) <= TOLERANCE * listening_baud:
        return bytes(data)
    levels = []
    for byte in data:
        levels.append(0)
        levels.extend(byte >> bit & 1 for bit in range(8))
        levels.append(1)
    step = sent_baud / listening_baud  # sent bits per heard bit

    def level(at):
        return levels[int(at)] if at < len(levels) else 1

    out = bytearray()
    at = 0.0
    while at < len(levels):
        if level(at):
            at = int(at) + 1.0
            continue
        if level(at + step / 2):
            at = int(at) + 1.0
            continue
        bits = [level(at + step * (1.5 + bit)) for bit in range(8)]
        if level(at + step * 9.5):
            out.append(sum(bit << place for place, bit in enumerate(bits)))
        at += step * 9.5
    return bytes(out)


class Line:
    """The wire from the far end into the chip's receiver."""

    def __init__(self, clock, uart):
        self._clock = clock
        self._uart = uart
        self._free_us = 0

    def send(self, data, baud):
        """Send `data` at `baud`, after what is already on the wire. Returns when it is over."""
        at_us = max(self._clock.now_us(), self._free_us)
        sent = bytes(data)
        self._free_us = at_us + character_us(baud, len(sent))
        for place in range(len(sent)):
            arrival_us = at_us + character_us(baud, place + 1)
            self._clock.at(arrival_us, lambda one=sent[place : place + 1]: self._arrive(one, baud))
        return self._free_us

    def quiet(self):
        """Whether nothing is on the wire."""
        return self._clock.now_us() >= self._free_us

    def _arrive(self, data, baud):
        if self._uart.baud:
            self._uart.arrive(heard(data, baud, self._uart.baud))


class Uart:
    """One UART of the chip. The CPU side is `open`, `any`, `read`, `write`."""

    def __init__(self, clock, name="uart"):
        self._clock = clock
        self.name = name
        self.baud = 0
        self.lost_bytes = 0  # since the board was made: overruns of the FIFO or the buffer
        self._rxbuf_bytes = 0
        self._fifo = bytearray()
        self._buffer = deque()
        self._timeout = None
        self._blocked_until_us = 0
        self._tx_free_us = 0
        self._tx_events = deque()
        self._far_end = None
        self.on_arrival = None  # sees what arrives, returns what is kept of it
        self.line = Line(clock, self)

    def attach(self, far_end):
        """Plug a chip model in; it gets `line` to talk back."""
        self._far_end = far_end
        far_end.line = self.line

    def detach(self):
        """Unplug it."""
        self._far_end = None

    # CPU side

    def open(self, baud, rxbuf_bytes):
        """Set the rate and the receive buffer; a buffer of another size starts empty."""
        if rxbuf_bytes != self._rxbuf_bytes or not self.baud:
            self._fifo.clear()
            self._buffer.clear()
        self.baud = baud
        self._rxbuf_bytes = rxbuf_bytes

    def close(self):
        """Power gone or UART switched off: nothing received, nothing kept, nothing sent on."""
        self.baud = 0
        self._fifo.clear()
        self._buffer.clear()
        for event in self._tx_events:
            event.cancel()
        self._tx_events.clear()
        self._tx_free_us = 0
        self._blocked_until_us = 0

    def any(self):
        """How many bytes can be read now."""
        return len(self._buffer)

    def read(self, count):
        """Up to `count` received bytes."""
        count = min(count, len(self._buffer))
        return bytes(self._buffer.popleft() for _ in range(count))

    def write(self, data):
        """Queue `data` for sending. Returns when (us) the CPU may go on: the buffers are finite."""
        if not self.baud:
            raise OSError(5, "UART is not open")
        baud = self.baud
        at_us = max(self._clock.now_us(), self._tx_free_us)
        sent = bytes(data)
        self._tx_free_us = at_us + character_us(baud, len(sent))
        now_us = self._clock.now_us()
        while self._tx_events and self._tx_events[0].at_us < now_us:
            self._tx_events.popleft()
        for place in range(len(sent)):
            self._tx_events.append(
                self._clock.at(
                    at_us + character_us(baud, place + 1),
                    lambda one=sent[place : place + 1]: self._deliver(one, baud),
                )
            )
        return max(now_us, self._tx_free_us - character_us(baud, TX_BUFFER_BYTES))

    def sent_us(self):
        """When everything written will have left (for `flush`)."""
        return max(self._clock.now_us(), self._tx_free_us)

    def block_interrupts(self, until_us):
        """Flash is busy until then: the FIFO is on its own."""
        self._blocked_until_us = until_us
        self._clock.at(until_us, self._unblock)

    # wire side

    def arrive(self, data):
        """Bytes that the receiver made out on the wire just now."""
        if self.on_arrival is not None:
            data = self.on_arrival(data)
        for byte in data:
            if len(self._fifo) >= FIFO_BYTES:
                self.lost_bytes += 1
                continue
            self._fifo.append(byte)
            if len(self._fifo) >= FIFO_THRESHOLD:
                self._interrupt()
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None
        if self._fifo:
            quiet_us = character_us(self.baud, TIMEOUT_CHARACTERS)
            self._timeout = self._clock.after(quiet_us, self._interrupt)

    def _interrupt(self):
        if self._clock.now_us() < self._blocked_until_us or not self._fifo:
            return
        for byte in self._fifo:
            if len(self._buffer) >= self._rxbuf_bytes:
                self.lost_bytes += 1
            else:
                self._buffer.append(byte)
        self._fifo.clear()

    def _unblock(self):
        # the interrupt that was pending while flash was busy
        if len(self._fifo) >= FIFO_THRESHOLD or self._timeout_passed():
            self._interrupt()

    def _timeout_passed(self):
        return self._timeout is not None and self._timeout.action is None

    def _deliver(self, data, baud):
        if self._far_end is not None:
            self._far_end.receive(data, baud, self._clock.now_us())
