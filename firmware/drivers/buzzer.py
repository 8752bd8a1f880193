"""A passive buzzer on a PWM output: a square wave is a tone, duty 0 is silence."""

from micropython import const

_HALF = const(32768)  # of 65536: the loudest


class Buzzer:
    """pwm: a machine.PWM. It sounds from the moment it is made, so it is silenced first."""

    def __init__(self, pwm):
        self._pwm = pwm
        pwm.duty_u16(0)

    def tone(self, hertz):
        """Sounds until the next tone or `off`."""
        self._pwm.freq(hertz)
        self._pwm.duty_u16(_HALF)

    def off(self):
        self._pwm.duty_u16(0)
