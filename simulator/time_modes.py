"""When simulated time passes, for a device in a process of its own (docs/simulator.md, Time).

On demand: while somebody asks the device for something; else it stands still. Live: with the clock
on the wall. Both have `asked()`, around everything somebody wants of the device, `host_sent(data)`,
for what the host puts on the link, and `default_pause_ms`, the time that passes before a code is
held in front of the scanner.
"""

import contextlib
import threading
import time

from simulator.board import FirmwareStopped
from simulator.cpu import HOST_LINK

# How long the link is quiet before the device is taken to have answered: ten times what the UART
# waits before it hands on what came, and more than the firmware's tasks leave between two slices.
ANSWERED_MS = 20
LINK_LIMIT_MS = 30_000  # a firmware that never reads what the host sends
NEXT_PERSON_MS = 2000  # from one code to the next, in a queue
DATE_BEHIND_S = 60


class Live:
    """speed: simulated seconds that pass in a second."""

    default_pause_ms = 0  # who watches waits by himself

    def __init__(self, board, speed):
        self._board = board
        board.set_speed(speed)

    @contextlib.contextmanager
    def asked(self):
        """Time passes anyway."""
        yield

    def host_sent(self, data, came_meanwhile=False):
        """Bytes from the host, now."""
        self._board.pace.outside(lambda: self._board.link.send(data))


class OnDemand:
    """computer_s: says the computer's time of day (Unix seconds).

    What several people ask at once is done one after the other, the host's bytes too: each begins
    when the device is done with the one before, however long that took this computer.
    """

    default_pause_ms = NEXT_PERSON_MS

    def __init__(self, board, computer_s=time.time):
        self._board = board
        self._turn = threading.RLock()
        self._last_frame = None
        self._is_answered = False
        self._computer_s = computer_s
        self._behind_s = computer_s() - self._simulated_s()

    def _simulated_s(self):
        return self._board.clock.now_us() / 1e6

    @contextlib.contextmanager
    def asked(self):
        """In it, and only in it, time may be let pass."""
        with self._turn:
            self._keep_date()
            with contextlib.suppress(FirmwareStopped):  # `status` says so
                yield

    def host_sent(self, data, came_meanwhile=False):
        """Bytes from the host: time passes until the device has answered and is quiet.

        came_meanwhile: they came before that was so for the bytes before.
        """
        board = self._board
        data = self._without_repeats(data, came_meanwhile)
        if not data:
            return
        before = board.link.bytes_sent_by_device
        with self.asked():
            self._let_answer(data)
        self._is_answered = board.link.bytes_sent_by_device != before

    def _without_repeats(self, data, came_meanwhile):
        """Takes out frames that the host sent again before it had the answer.

        It waits in real time: in the device's time, in which computing takes none, it would not
        have sent them. A frame stands between zero bytes (docs/link.md); other bytes stay.
        """
        last = self._last_frame if came_meanwhile and self._is_answered else None
        parts = data.split(b"\0")
        kept = parts[:1]
        place = 1
        while place < len(parts):
            part = parts[place]
            is_frame = bool(part) and place + 1 < len(parts)
            if is_frame and part == last:
                place += 2  # it, and what stands before the zero byte after its own
                continue
            if is_frame:
                last = self._last_frame = part
            kept.append(part)
            place += 1
        return b"\0".join(kept)

    def _let_answer(self, data):
        board = self._board
        board.pace.outside(lambda: board.link.send(data))
        limit_us = board.clock.now_us() + LINK_LIMIT_MS * 1000
        while board.run_to_us(limit_us, self._is_quiet):
            sent = board.link.bytes_sent_by_device
            answered_us = board.clock.now_us() + ANSWERED_MS * 1000
            if not board.run_to_us(answered_us, lambda sent=sent: self._is_talking(sent)):
                return

    def _is_quiet(self):
        """All has arrived, was read and worked on, and what was said about it has left."""
        return self._is_wire_quiet() and (not self._board.powered or self._board.cpu.is_waiting)

    def _is_talking(self, sent):
        return self._board.link.bytes_sent_by_device != sent or not self._is_wire_quiet()

    def _is_wire_quiet(self):
        uart = self._board.uarts[HOST_LINK]
        now_us = self._board.clock.now_us()
        return uart.line.quiet() and not uart.any() and uart.sent_us() <= now_us

    def _keep_date(self):
        """After a pause the device's clocks tell today's time, as if its time had gone on.

        Only the time of day jumps, by whole seconds, as a clock does that is set. It is the one
        thing that a device on demand has from this computer's clock.
        """
        behind_s = int(self._computer_s() - self._simulated_s() - self._behind_s)
        if behind_s >= DATE_BEHIND_S:
            self._behind_s += behind_s
            self._board.skip_date(behind_s)
