"""Screen, sound and light of an outcome, together.

The light goes on and the screen is drawn before the sound starts; the sound plays on its
own, so the next person can be scanned meanwhile. A new outcome ends the sound of the last.
"""

import asyncio

from micropython import const

from ui import screens, sounds

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

    def accepted(self, screen, sound=sounds.ACCEPTED):
        self._start(screen, sound, self._green)

    def refused(self, screen, sound):
        self._start(screen, sound, self._red)

    def _start(self, screen, sound, light):
        if self._task:
            self._task.cancel()
        self._quiet()
        light.on()
        self.show(screen)
        self._task = asyncio.create_task(self._play(sound))

    async def _play(self, sound):
        left_ms = _RESULT_MS
        for hertz, length_ms in sound:
            if hertz:
                self._buzzer.tone(hertz)
            else:
                self._buzzer.off()
            await asyncio.sleep_ms(length_ms)
            left_ms -= length_ms
        self._buzzer.off()
        await asyncio.sleep_ms(left_ms)
        self._quiet()
        self._task = None
        if self._back_to:
            self.show(self._back_to())

    def _quiet(self):
        self._buzzer.off()
        self._green.off()
        self._red.off()
