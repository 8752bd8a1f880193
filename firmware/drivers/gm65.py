"""GM65 scanner module on a UART (GROW GM65-S manual V1.3) in command mode: asked, it reads once.

How it is found and set up is in gm65_setup.py, which is in the heap only until that is done; what
goes over the wire in gm65_frames.py. The states are scanner.py's:

    IDLE     the module reads nothing; what comes in is no answer to anything, and dropped
    READING  its light is on. One code comes, or none. Every _RENEW_MS the reading is ended, the
             module asked whether it is still set up, and a new reading begun: a module that was
             without power for a moment has forgotten that it was to read.

What came since the reading began lies in one buffer. A tail may be a code's end, or have been
printed into the middle of it. So a code is given out once a tail came, for it can be looked at
while the silence is waited for; `is_over` says whether there was one. Where there was none, the
code goes on, and is given out again once the line is silent.
"""

import asyncio
import time

from micropython import const
from system import rooms

from drivers import gm65_frames as frames
from drivers import scanner
from drivers.receiver import Receiver

# Symbology, content (a pass is at most 512 characters; what is longer is junk), line end, tail, and
# a reply before and behind it.
_BUFFER_BYTES = const(1 + 512 + 2 + 1 + 14)
_SILENCE_MS = const(13)  # receiver.silence_ms(115200)
_ANSWER_MS = const(400)  # half a command is dropped by the module after that time
_POLL_MS = const(2)
_TRIES = const(2)  # an answer may come late: then the second question finds it
_RENEW_MS = const(2000)

# By what it says of a code's symbology, one character (Grow's manuals; docs/gm65.md says how to
# confirm them on a module).
_SYMBOLOGIES = {
    0x51: scanner.QR,  # Q
    0x6A: scanner.CODE_128,  # j
    0x75: scanner.DATA_MATRIX,  # u
    0x72: scanner.PDF417,  # r
}


class Gm65:
    """uart: a machine.UART of 3.3 V, 8N1, with a receive buffer of 1 KB or more."""

    def __init__(self, uart):
        self.uart = uart
        self.state = scanner.OFF
        self.changed = []  # names of settings that were changed and are not saved yet
        self.receiver = Receiver(uart, _BUFFER_BYTES)
        self._reader = asyncio.StreamReader(uart)
        self._no_room = bytearray(0)
        self._was_given_out = False  # this code, when its first tail came
        self._code = scanner.Code()
        self._start_command = frames.write_command(frames.TRIGGER_ADDRESS, b"\x01")
        self._stop_command = frames.write_command(frames.TRIGGER_ADDRESS, b"\x00")
        self._mode_command = frames.read_command(frames.MODE_ADDRESS, frames.MODE_BYTES)

    async def start(self, symbologies):
        """Finds the module and sets it up, writing and saving only what differs.

        symbologies: those to be read besides QR. Returns the names of the settings that had to be
        changed. Raises OSError if no module answers within 4 s, or if it does not keep what it is
        told.
        """
        rooms.SCANNER.enter()
        from drivers import gm65_setup

        self.state = scanner.OFF
        changed = await gm65_setup.set_up(self, symbologies)
        self.state = scanner.IDLE
        return changed

    async def ask(self):
        """Begins one reading. Raises OSError if the module does not answer."""
        for command in (self._start_command, self._stop_command, self._start_command):
            self.receiver.forget()
            self._was_given_out = False
            is_answered = await self.exchange(command, 1) is not None
            # A code without the reply before it: it reads all the same.
            if command is self._start_command and (is_answered or self.receiver.used):
                self.state = scanner.READING
                return
        self._lost()

    async def next_code(self, wanted, look_ms):
        """The code of this reading, or None once wanted() says no. Raises OSError.

        look_ms: how often that is asked.
        """
        receiver = self.receiver
        while True:
            waited_ms = 0
            while not receiver.used:
                if not wanted():
                    await self._end_reading()
                    if not receiver.used:
                        return None
                elif waited_ms >= _RENEW_MS:
                    waited_ms = 0
                    await self._renew()
                else:
                    waited_ms += look_ms
                    await self._first_bytes(look_ms)
            await self._rest_of_code()
            if self._read_code():
                return self._code

    def is_receiving(self):
        """True from a code's first bytes until the next is asked for."""
        return self.receiver.used > 0

    def is_over(self, code):
        """True if the line was silent behind the code. Takes 13 ms at most."""
        if not self.receiver.is_silent(_SILENCE_MS):
            return False
        self.state = scanner.IDLE
        return True

    async def exchange(self, command, data_bytes, answer_ms=_ANSWER_MS):
        """Sends a command; returns the data of its reply, or None if none comes in time.

        What came with the reply stays in the buffer: a code in front of it was under way when the
        command was sent, one behind it is the reading's that the command began.
        """
        self.uart.write(command)
        end_ms = time.ticks_add(time.ticks_ms(), answer_ms)
        while time.ticks_diff(end_ms, time.ticks_ms()) > 0:
            await asyncio.sleep_ms(_POLL_MS)
            if not self.receiver.take():
                continue
            received = self.receiver.received()
            at = self._reply_at(received, data_bytes)
            if at >= 0:
                data = frames.reply_data(received, at, data_bytes)
                self.receiver.cut_out(at, frames.AROUND_BYTES + data_bytes)
                return data
        return None

    def _reply_at(self, received, data_bytes):
        if self.state == scanner.OFF or data_bytes > 1:
            # While it is not set up it may read by itself, and a code lie around the reply. Later
            # it is asked for more than one byte only when it reads nothing: then there is no code.
            return frames.find_reply(received, data_bytes)
        if frames.is_reply(received, 0, 1):
            return 0
        start, end = frames.code_bounds(received)
        return end if start < end < len(received) else -1

    async def _first_bytes(self, timeout_ms):
        try:
            # Only waits: with no room nothing is read, and so nothing lost in the moment in which
            # both the first byte and the end of the time come.
            await asyncio.wait_for_ms(self._reader.readinto(self._no_room), timeout_ms)
        except asyncio.TimeoutError:
            return
        self.receiver.take()

    async def _rest_of_code(self):
        """Until the first tail, or until the line is silent."""
        receiver = self.receiver
        while True:
            receiver.take()
            if not self._was_given_out and receiver.last() == frames.TAIL:
                self._was_given_out = True
                return
            await asyncio.sleep_ms(_SILENCE_MS)
            if not self.uart.any():
                return

    def _read_code(self):
        """Fills in the Code; False if only late replies came."""
        received = self.receiver.received()
        start, end = frames.code_bounds(received)
        if start == end:
            self.receiver.used = 0
            self._was_given_out = False
            return False
        code = self._code
        code.code_id = received[start]
        code.symbology = _SYMBOLOGIES.get(code.code_id, scanner.UNKNOWN)
        has_tail = received[end - 1] == frames.TAIL
        # Of one that is too long the tail was not kept, and is not missed.
        code.is_half = not has_tail and not self.receiver.is_full()
        code.data = received[start + 1 : end - 1 if has_tail else end]
        return True

    async def _end_reading(self):
        """Raises OSError. A code that came just before is in the buffer afterwards."""
        for _ in range(_TRIES):
            is_answered = await self.exchange(self._stop_command, 1) is not None
            start, end = frames.code_bounds(self.receiver.received())
            if start < end:
                return
            self.receiver.used = 0
            if is_answered:
                self.state = scanner.IDLE
                return
        self._lost()

    async def _renew(self):
        await self._end_reading()
        if self.receiver.used:
            return
        for _ in range(_TRIES):
            mode = await self.exchange(self._mode_command, frames.MODE_BYTES)
            if mode is not None:
                break
        if mode is None or mode[0] != frames.MODE:
            self._lost()
        await self.ask()

    def _lost(self):
        self.state = scanner.OFF
        raise OSError("scanner: no answer")
