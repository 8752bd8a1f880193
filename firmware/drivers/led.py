"""A light on a pin, lit when the pin is high."""


class Led:
    """pin: a machine.Pin, already an output."""

    def __init__(self, pin):
        self._pin = pin
        pin.value(0)

    def on(self):
        self._pin.value(1)

    def off(self):
        self._pin.value(0)
