"""Watches and listens to the device as a person does: lamps, sounds, and the screen."""

import itertools
from collections import namedtuple

# at_us: when it began; tones: ((hertz, milliseconds), ...) with 0 hertz for a short silence
Sound = namedtuple("Sound", "at_us tones")

SILENCE_ENDS_US = 150_000  # a longer silence ends one sound
# Lengths are told in whole steps of this: asyncio counts whole milliseconds from the one that is
# under way, so that a tone of 120 ms is one of 119 to 120.1, on a chip too. Nobody hears that.
HEARD_MS = 5


class Lamp:
    """Watches an LED's pin."""

    def __init__(self):
        self.lit = False
        self.changes = []  # (at_us, lit)

    def level(self, value, now_us):
        """The pin went high or low."""
        if bool(value) != self.lit:
            self.lit = bool(value)
            self.changes.append((now_us, self.lit))


def heard_ms(lasted_us):
    """A tone's length as it is heard, in milliseconds."""
    return round(lasted_us / 1000 / HEARD_MS) * HEARD_MS


class Ear:
    """Listens to the buzzer's pin."""

    def __init__(self):
        self.changes = []  # (at_us, hertz): 0 for silence

    def tone(self, freq_hz, duty, now_us):
        """The square wave on the pin changed."""
        hertz = freq_hz if duty else 0
        if hertz != (self.changes[-1][1] if self.changes else 0):
            self.changes.append((now_us, hertz))

    def level(self, value, now_us):
        """A steady level makes no sound."""
        self.tone(0, 0, now_us)

    def quiet_since_us(self):
        """Since when it has been silent; None while it sounds."""
        if not self.changes:
            return 0
        at_us, hertz = self.changes[-1]
        return None if hertz else at_us

    def sounds(self, since_us=0):
        """The sounds that began at or after `since_us`, each over once it is given here."""
        out = []
        tones = []
        began_us = None
        steps = [*self.changes, (None, 0)]
        for (at_us, hertz), (until_us, _) in itertools.pairwise(steps):
            if at_us < since_us:
                continue
            lasted_us = None if until_us is None else until_us - at_us
            if hertz:
                began_us = at_us if began_us is None else began_us
                if lasted_us is not None:
                    tones.append((hertz, heard_ms(lasted_us)))
            elif began_us is not None:
                if lasted_us is None or lasted_us >= SILENCE_ENDS_US:
                    out.append(Sound(began_us, tuple(tones)))
                    tones, began_us = [], None
                else:
                    tones.append((0, heard_ms(lasted_us)))
        return out


class Observer:
    """Attached to a board's buzzer and lamps. `screen` is the display model, once there is one."""

    def __init__(self, board):
        data = board.data
        self.ear = Ear()
        self.green = Lamp()
        self.red = Lamp()
        board.pins.attach(data.BUZZER, self.ear)
        board.pins.attach(data.LED_GREEN, self.green)
        board.pins.attach(data.LED_RED, self.red)
