"""The conversation with the scanner: when it is asked for a code, and which answers are new.

    LOST --start--> WAITING --ask--> READING --a code--> its outcome --sounded--> WAITING
     ^                 |                |
     |                 |                +-- the trigger is let go of --> WAITING
     |                 +-- hands-free: at once; else until the trigger is pressed
     +-- OSError: the scanner does not answer any more

The scanner reads only between `ask` and the code, so nobody's code comes while another's outcome
is being written, shown and heard. A code that was never taken away gives no second outcome; shown
again it does.
"""

import asyncio
import time
from binascii import crc32

from crypto.wipe import wipe
from micropython import const

_LOST_PAUSE_MS = const(1000)
# Read again so soon after the scanner was asked, a code was never taken away.
_HELD_MS = const(700)
_HELD_PAUSE_MS = const(200)
# A trigger that is let go of sooner was pressed once, and wants a code all the same.
_SHORT_PRESS_MS = const(500)
_TRIGGER_MS = const(5000)
# How often the scanner is asked whether it still reads, and the trigger whether it is held.
_RENEW_MS = const(2000)
_LOOK_MS = const(50)


class Reading:
    """scanner: a driver (drivers/scanner.py); trigger: a button; app: the Application."""

    def __init__(self, scanner, trigger, app):
        self._scanner = scanner
        self._trigger = trigger
        self._app = app
        self._symbologies = None  # of tubes, as the scanner was told
        self._mark = None  # the last code's check sum: the code itself is somebody's
        self._marked_ms = 0  # when it was seen, or the scanner asked again after it
        self._pressed_ms = 0  # when the trigger was pressed
        self._held_ms = 0  # and how long it was held

    def forget_last(self):
        """The code that is held there counts as a new one."""
        self._mark = None

    async def run(self):
        """For ever."""
        while True:
            try:
                self._symbologies = self._app.tube_symbologies()
                self._app.scanner_found(await self._scanner.start(self._symbologies))
                while self._is_set_up():
                    await self._read_one()
            except OSError:
                self._app.scanner_lost()
                await asyncio.sleep_ms(_LOST_PAUSE_MS)

    def _is_set_up(self):
        """False once the settings ask for other symbologies than the scanner was told."""
        return self._symbologies == self._app.tube_symbologies()

    async def _read_one(self):
        wanted, look_ms = self._is_set_up, _RENEW_MS
        if self._app.reads_at_trigger():
            await self._trigger.pressed()
            self._pressed_ms = time.ticks_ms()
            self._held_ms = 0
            wanted, look_ms = self._is_triggered, _LOOK_MS
        await self._scanner.ask()
        code = await self._scanner.next_code(wanted, look_ms)
        if code is None:
            return
        while True:
            # Of each length of it anew: what seemed to be a code may have been its first half.
            mark = crc32(code.data, code.symbology)
            if self._is_held(mark):
                if self._scanner.is_over(code):
                    wipe(code.data)
                    await asyncio.sleep_ms(_HELD_PAUSE_MS)
                    break
            elif self._app.handle(code):
                wipe(code.data)
                await self._app.sounded()
                break
            code = await self._scanner.next_code(wanted, look_ms)
        self._mark = mark
        self._marked_ms = time.ticks_ms()

    def _is_held(self, mark):
        return mark == self._mark and time.ticks_diff(time.ticks_ms(), self._marked_ms) < _HELD_MS

    def _is_triggered(self):
        since_ms = time.ticks_diff(time.ticks_ms(), self._pressed_ms)
        if self._trigger.is_down():
            self._held_ms = since_ms
            return True
        return self._held_ms < _SHORT_PRESS_MS and since_ms < _TRIGGER_MS
