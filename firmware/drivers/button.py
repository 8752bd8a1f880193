"""A button from a pin to ground: pressed is low."""

import asyncio

from micropython import const

_BOUNCE_MS = const(20)
_LOOK_MS = const(30)


class Button:
    """pin: a machine.Pin, an input with its pull-up."""

    def __init__(self, pin):
        self._pin = pin
        self._flag = asyncio.ThreadSafeFlag()
        pin.irq(self._fell, pin.IRQ_FALLING)

    def _fell(self, pin):
        self._flag.set()

    def is_down(self):
        """Whether it is pressed now."""
        return self._pin.value() == 0

    async def pressed(self):
        """Waits for a press; one that is shorter than contacts bounce is none."""
        while True:
            await self._flag.wait()
            await asyncio.sleep_ms(_BOUNCE_MS)
            if self.is_down():
                # What bounced meanwhile was this press.
                self._flag.clear()
                return

    async def released(self):
        """Waits until it is not pressed any more."""
        while self.is_down():
            await asyncio.sleep_ms(_LOOK_MS)
        await asyncio.sleep_ms(_BOUNCE_MS)
        self._flag.clear()
