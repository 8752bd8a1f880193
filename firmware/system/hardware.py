"""Builds the buses and the drivers that this board's data names.

With drivers/ and boards/ the only place that knows `machine` and `esp32`.
"""

import os
import time

import board
from drivers.button import Button
from drivers.buzzer import Buzzer
from drivers.ds3231 import Ds3231
from drivers.led import Led
from drivers.ssd1306 import Ssd1306
from esp32 import Partition
from machine import ADC, I2C, PWM, UART, Pin
from micropython import const

# A pass is at most 512 characters, and a scanner that is asked sends one; an erase may take 400 ms
# in which nothing is read from here.
_SCANNER_BUFFER_BYTES = const(1024)
_NOISE_READINGS = const(64)


def partition(label):
    """The data partition of this name. Raises OSError if the partition table lacks it."""
    found = Partition.find(Partition.TYPE_DATA, label=label)
    if not found:
        raise OSError("no partition " + label)
    return found[0]


def _scanner(uart):
    """The driver of the board's scanner; the other one's code is not loaded."""
    if board.SCANNER == "line":
        from drivers.line_scanner import LineScanner

        return LineScanner(uart, board.SCANNER_BAUD)
    from drivers.gm65 import Gm65

    return Gm65(uart)


class Hardware:
    """The drivers. What is on I2C is not asked yet: it may be plugged in, or be well, later."""

    def __init__(self):
        self.board_name = board.NAME
        i2c = I2C(
            board.I2C_BUS,
            scl=Pin(board.I2C_SCL),
            sda=Pin(board.I2C_SDA),
            freq=board.I2C_FREQ_HZ,
        )
        self.display = Ssd1306(i2c, board.SCREEN_WIDTH, board.SCREEN_HEIGHT, board.SCREEN_ADDRESS)
        self.clock_chip = Ds3231(i2c, board.CLOCK_ADDRESS)
        self.buzzer = Buzzer(PWM(Pin(board.BUZZER)))
        self.green = Led(Pin(board.LED_GREEN, Pin.OUT))
        self.red = Led(Pin(board.LED_RED, Pin.OUT))
        self.ok = Button(Pin(board.BUTTON_OK, Pin.IN, Pin.PULL_UP))
        self.trigger = Button(Pin(board.BUTTON_TRIGGER, Pin.IN, Pin.PULL_UP))
        self.scanner = _scanner(
            UART(
                board.SCANNER_UART,
                baudrate=board.SCANNER_BAUD,
                tx=board.SCANNER_TX,
                rx=board.SCANNER_RX,
                rxbuf=_SCANNER_BUFFER_BYTES,
            )
        )
        self.journal = partition("journal")
        self.lists = partition("lists")
        self.curve = partition("curve")
        self._open_pin = ADC(Pin(board.NOISE_ADC))

    def fresh(self):
        """Bytes that differ from start to start: the chip's generator, noise, times, a count of
        the starts that the clock chip keeps.

        With its radios off the generator is only pseudo-random, and an open pin's noise is a few
        bits: none of it makes a key by itself (randomness.py). The clock chip's share is no secret,
        but differs also where the whole flash was put back to what it was.
        """
        found = bytearray(os.urandom(32))
        try:
            found += self.clock_chip.fresh()
        except OSError:
            # Not plugged in or not well: what else there is has to do.
            found += b"no clock chip"
        for _ in range(_NOISE_READINGS):
            found += self._open_pin.read_u16().to_bytes(2, "little")
        found += time.ticks_us().to_bytes(4, "little")
        return bytes(found + time.time().to_bytes(5, "little"))
