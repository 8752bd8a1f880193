"""A UART of the chip, and the wire to what is plugged into it.

The far end is a chip model with `receive(data, baud, now_us)`, called byte by byte once the wire
has carried it; it is given `line`, and talks back with `line.send(data, baud)`. Both ends have a
rate of their own: what is sent at one and heard at another comes out as `heard` says.

Reception as on the ESP32: a hardware FIFO is emptied by an interrupt (at 120 bytes, or when the
line was quiet for ten characters) into the driver's buffer. That interrupt runs from instruction
RAM (MicroPython's images since 1.21: CONFIG_UART_ISR_IN_IRAM), so it runs while the flash chip is
busy too: Python stands still then, reception does not. Bytes are lost when the buffer is full, and
only then. (ESP-IDF driver/uart: UART_FULL_THRESH_DEFAULT 120, UART_TOUT_THRESH_DEFAULT 10.)

The chip's own USB serial port (`waits`) loses nothing: with a full buffer USB makes the host wait.
"""

from collections import deque

from simulator.clock import Event

FIFO_THRESHOLD = 120
TIMEOUT_CHARACTERS = 10
TX_BUFFER_BYTES = 256 + 128  # the driver's buffer, and the transmit FIFO
WAIT_US = 1000  # until a host that had to wait tries again: a frame of USB
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
        self._waiting = deque()  # (data, baud): only before a port whose host waits
        self._retry = Event(0, None)

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
        if self._uart.waits:
            self._waiting.append((data, baud))
            self._hand_over()
        elif self._uart.baud:
            self._uart.arrive(heard(data, baud, self._uart.baud))

    def _hand_over(self):
        """What USB's host has to send, as far as there is room for it now."""
        while self._waiting and self._uart.has_room():
            data, baud = self._waiting.popleft()
            if self._uart.baud:
                self._uart.arrive(heard(data, baud, self._uart.baud))
        if self._waiting and self._retry.action is None:
            self._retry = self._clock.after(WAIT_US, self._hand_over)


class Uart:
    """One UART of the chip. The CPU side is `open`, `any`, `read`, `write`.

    waits: True for the chip's USB serial port, whose host waits when the buffer is full.
    """

    def __init__(self, clock, name="uart", waits=False):
        self._clock = clock
        self.name = name
        self.waits = waits
        self.baud = 0
        self.lost_bytes = 0  # since the board was made: what found the buffer full
        self._rxbuf_bytes = 0
        self._fifo = bytearray()
        self._buffer = deque()
        self._timeout = None
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

    def has_room(self):
        """Whether one more byte finds a place."""
        return len(self._buffer) + len(self._fifo) < self._rxbuf_bytes

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

    # wire side

    def arrive(self, data):
        """Bytes that the receiver made out on the wire just now."""
        if self.on_arrival is not None:
            data = self.on_arrival(data)
        for byte in data:
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
        for byte in self._fifo:
            if len(self._buffer) >= self._rxbuf_bytes:
                self.lost_bytes += 1
            else:
                self._buffer.append(byte)
        self._fifo.clear()

    def _deliver(self, data, baud):
        if self._far_end is not None:
            self._far_end.receive(data, baud, self._clock.now_us())
