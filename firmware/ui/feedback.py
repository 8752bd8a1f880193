"""Screen, sound and light of an outcome, together.

The light goes on and the sound starts first (`accepted`, `refused`), for what they tell is already
in the flash; what the screen says takes longer to be put together and sent (`show`). The rest of
the sound plays on its own. A new outcome ends the sound of the last.
"""

import asyncio
import time

from micropython import const

from ui import screens

_RESULT_MS = const(2500)


class Feedback:
    """display: as framebuf with show(), or None; buzzer: tone(hertz), off().

    green, red: on(), off().
    """

    def __init__(self, display, buzzer, green, red):
        self._display = display
        self._buzzer = buzzer
        self._green = green
        self._red = red
        self._task = None
        self._back_to = None
        self._began_ms = time.ticks_ms()  # when the last sound began
        self._sound = ()  # and what it is

    def show(self, screen):
        """Puts a screen up at once, where there is one: sound and light say it too."""
        if self._display:
            try:
                screens.draw(self._display, screen)
            except OSError:
                # A loose cable stops no scan; the next screen finds whether it is back.
                return

    def idle(self, make_screen):
        """What to show when no result is up. make_screen: called each time, returns a Screen."""
        self._back_to = make_screen
        if self._task is None:
            self.show(make_screen())

    def end_result(self):
        """Staff want to go on: what is up makes way for the idle screen at once."""
        if self._task:
            self._task.cancel()
            self._task = None
        self._quiet()
        if self._back_to:
            self.show(self._back_to())

    def accepted(self, sound):
        self._start(sound, self._green)

    def refused(self, sound):
        self._start(sound, self._red)

    async def sounded(self):
        """Waits until the sound of the last outcome is over: who stands there has heard it."""
        sound_ms = 0
        for _, length_ms in self._sound:
            sound_ms += length_ms
        await asyncio.sleep_ms(self._left_ms(sound_ms))

    def _left_ms(self, until_ms):
        return max(0, until_ms - time.ticks_diff(time.ticks_ms(), self._began_ms))

    def _start(self, sound, light):
        if self._task:
            self._task.cancel()
        self._quiet()
        light.on()
        self._began_ms = time.ticks_ms()
        self._sound = sound
        self._tone(sound[0][0])
        self._task = asyncio.create_task(self._play(sound))

    def _tone(self, hertz):
        if hertz:
            self._buzzer.tone(hertz)
        else:
            self._buzzer.off()

    async def _play(self, sound):
        until_ms = 0
        for hertz, length_ms in sound:
            if until_ms:
                self._tone(hertz)
            until_ms += length_ms
            await asyncio.sleep_ms(self._left_ms(until_ms))
        self._buzzer.off()
        await asyncio.sleep_ms(self._left_ms(_RESULT_MS))
        self._quiet()
        self._task = None
        if self._back_to:
            self.show(self._back_to())

    def _quiet(self):
        self._buzzer.off()
        self._green.off()
        self._red.off()
