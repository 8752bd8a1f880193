"""GM65 scanner module on a UART (GROW GM65-S manual V1.3): found, set up, and read.

A setting code printed on paper can mute or reconfigure a module, so setting codes are switched
off and what had to be changed is reported. The module's own beep is off: only the device's
sound says whether a scan counted. docs/gm65.md has the settings and why.
"""

import asyncio

from micropython import const

from drivers import gm65_frames as frames

_BAUD = const(115200)
# The rate it should be at comes first, then the factory's.
_BAUDS = const((115200, 9600, 57600, 38400, 19200))
_ANSWER_MS = const(150)
# It is silent for a second after power-up, and a round over all rates takes 1.25 s.
_ROUNDS = const(3)
_READ_BYTES = const(64)
# A pass is at most 512 characters; what is longer is junk, and known to be after this many.
_MAX_LINE_BYTES = const(520)
_MAX_WAITING_LINES = const(4)

_BLOCK_BYTES = const(0x61)  # settings 0x00 to 0x60
_BAUD_ADDRESS = const(0x2A)
_BAUD_VALUE = const(b"\x1a\x00")  # 3 000 000 / 26

# (address, bits that matter, their value, what it is)
_SETTINGS = const(
    (
        (0x00, 0xC3, 0x82, "mode"),  # light on a good read, no sound, read continuously
        (0x03, 0x03, 0x02, "setting codes"),  # off, and their content is not given out
        (0x05, 0xFF, 1, "pause"),  # 0.1 s between reads
        (0x06, 0xFF, 0, "time limit"),  # none
        (0x07, 0x80, 0x00, "sleep"),
        (0x0D, 0x03, 0x00, "output"),  # to the UART
        (0x0E, 0x04, 0x00, "sound"),
        (0x13, 0xFF, 0x80 + 50, "same code"),  # the same code again after 5 s
        (0x2C, 0x07, 0x05, "symbologies"),  # those chosen one by one, in any direction
        (0x3F, 0x01, 0x01, "QR"),
        (0x33, 0x01, 0x01, "Code 128"),
        (0x54, 0x01, 0x00, "Data Matrix"),
        (0x55, 0x01, 0x00, "PDF417"),
        (0x60, 0x6F, 0x01, "tail"),  # CR, nothing else around the code
    )
)


class Gm65:
    """uart: a machine.UART of 3.3 V, 8N1, with a receive buffer of 1 KB or more."""

    def __init__(self, uart):
        self._uart = uart
        self._reader = asyncio.StreamReader(uart)
        self._stream = frames.Demultiplexer(_MAX_LINE_BYTES)
        self._lines = []
        self._changed = []  # names of settings that were changed and are not saved yet

    async def start(self):
        """Finds the module and sets it up, writing and saving only what differs.

        Returns the names of the settings that had to be changed. Raises OSError if no module
        answers within 4 s, or if it does not keep what it is told.
        """
        block, baud = await self._find()
        if baud != _BAUD:
            await self._change_baud()
            self._note("baud %d" % baud)
            block = await self._ask(frames.read_command(0, _BLOCK_BYTES), _BLOCK_BYTES)
        for address, mask, value, name in _SETTINGS:
            if block is not None and block[address] & mask != value:
                byte = block[address] & ~mask & 0xFF | value
                await self._ask(frames.write_command(address, bytes((byte,))), 1)
                self._note(name)
        if self._changed:
            block = await self._ask(frames.read_command(0, _BLOCK_BYTES), _BLOCK_BYTES)
        self._check(block)
        if self._changed:
            if await self._ask(frames.save_command(), 1) is None:
                raise OSError("scanner: settings not saved")
            self._stream.forget_line()
        changed, self._changed = self._changed, []
        return changed

    def _note(self, name):
        """Remembered until all is saved, so that a second attempt saves and reports it too."""
        if name not in self._changed:
            self._changed.append(name)

    async def read_line(self):
        """The next code: bytes without the tail, MAX_LINE_BYTES at most (a longer one is cut)."""
        while not self._lines:
            data = await self._reader.read(_READ_BYTES)
            if data:
                self._keep(self._stream.feed(data))
        return self._lines.pop(0)

    async def _find(self):
        for _ in range(_ROUNDS):
            for baud in _BAUDS:
                self._uart.init(baudrate=baud)
                self._stream.forget_line()
                block = await self._ask(frames.read_command(0, _BLOCK_BYTES), _BLOCK_BYTES)
                if block is not None:
                    return block, baud
        raise OSError("scanner: no answer")

    async def _change_baud(self):
        # The reply comes at the old rate or, from some versions, at the new one, where it cannot
        # be read: what counts is whether the module answers at the new rate.
        await self._ask(frames.write_command(_BAUD_ADDRESS, _BAUD_VALUE), 1)
        self._uart.init(baudrate=_BAUD)
        self._stream.forget_line()

    def _check(self, block):
        if block is None:
            raise OSError("scanner: no answer")
        for address, mask, value, name in _SETTINGS:
            if block[address] & mask != value:
                raise OSError("scanner: does not keep " + name)

    async def _ask(self, command, data_bytes):
        """Sends a command; returns the data of its reply, or None if none comes in time."""
        self._stream.expect(data_bytes)
        self._uart.write(command)
        # A reply of 97 bytes takes 110 ms at 9600 baud, and 13 ms more for each command byte.
        try:
            await asyncio.wait_for_ms(self._receive_reply(), _ANSWER_MS + data_bytes)
        except asyncio.TimeoutError:
            self._keep(self._stream.expect_nothing())
        return self._stream.reply

    async def _receive_reply(self):
        while self._stream.reply is None:
            data = await self._reader.read(_READ_BYTES)
            if data:
                self._keep(self._stream.feed(data))

    def _keep(self, lines):
        """Codes that came while a reply was waited for are kept, a few."""
        self._lines.extend(lines[: _MAX_WAITING_LINES - len(self._lines)])
