"""The chip's pins: levels that the CPU drives or reads, and what is soldered to them.

A chip on an output has `level(value, now_us)` and, if it makes sound, `tone(freq_hz, duty,
now_us)` (duty of 65535; 0 is silence). A chip that drives an input calls `drive(pin, value)`.

The CPU may have itself told of edges (`watch`): they are kept until it asks (`take_edges`).
"""

RISING, FALLING = 1, 2  # as machine.Pin's IRQ_* on the ESP32


class Pins:
    def __init__(self, clock, on_change=None):
        self._clock = clock
        self._chips = {}
        self._outputs = {}
        self._driven = {}
        self._on_change = on_change
        self._watched = {}  # pin -> edges
        self.edges = 0  # pins, as bits, on which a watched edge was seen

    def attach(self, pin, chip):
        """Solder `chip` to an output pin."""
        self._chips.setdefault(pin, []).append(chip)

    def write(self, pin, value):
        """The CPU drives `pin` to 0 or 1."""
        self._outputs[pin] = value
        for chip in self._chips.get(pin, ()):
            chip.level(value, self._clock.now_us())

    def pwm(self, pin, freq_hz, duty):
        """The CPU puts a square wave on `pin`; duty of 65535."""
        for chip in self._chips.get(pin, ()):
            chip.tone(freq_hz, duty, self._clock.now_us())

    def read(self, pin):
        """What the CPU reads: what drives the pin from outside, or else its own output or 1."""
        if pin in self._driven:
            return self._driven[pin]
        return self._outputs.get(pin, 1)  # inputs are used with pull-ups

    def drive(self, pin, value):
        """Something outside pulls `pin` to 0 or 1; None lets go."""
        before = self.read(pin)
        if value is None:
            self._driven.pop(pin, None)
        else:
            self._driven[pin] = value
        after = self.read(pin)
        if after != before and self._watched.get(pin, 0) & (RISING if after else FALLING):
            self.edges |= 1 << pin
        if self._on_change:
            self._on_change()

    def watch(self, pin, edges):
        """The CPU wants to know of these edges (RISING | FALLING; 0: none) on a pin."""
        self._watched[pin] = edges

    def take_edges(self):
        """Pins, as bits, on which a watched edge was seen since the last call."""
        seen, self.edges = self.edges, 0
        return seen

    def reset(self):
        """The chip starts anew: nothing is watched."""
        self._watched.clear()
        self.edges = 0

    def power_lost(self):
        """Outputs float: lights out, silence."""
        for pin, chips in self._chips.items():
            for chip in chips:
                if hasattr(chip, "tone"):
                    chip.tone(0, 0, self._clock.now_us())
                elif self._outputs.get(pin):
                    chip.level(0, self._clock.now_us())
        self._outputs.clear()
