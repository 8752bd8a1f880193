"""SSD1306 display on I2C (Solomon Systech datasheet, rev 1.1), drawn with framebuf."""

import framebuf
from micropython import const

_COMMANDS = const(0x00)  # control byte: nothing but commands follow
_PIXELS = const(0x40)

# In the order of the datasheet's application note.
_SET_UP = const(
    b"\xae"  # off while it is set up
    b"\xd5\x80"  # clock: the recommended ratio
    b"\xa8\x3f"  # 64 rows
    b"\xd3\x00"  # no offset
    b"\x40"  # start at row 0
    b"\x8d\x14"  # charge pump on: the module has no high voltage of its own
    b"\x20\x00"  # memory from left to right, then the next page
    b"\xa1"  # column 127 is segment 0: the module is mounted upside down
    b"\xc8"  # rows likewise
    b"\xda\x12"  # wiring of a 64-row panel
    b"\x81\xff"  # full contrast: it is read in the sun
    b"\xd9\xf1"  # precharge for the pump
    b"\xdb\x30"
    b"\xa4"  # show the memory
    b"\xa6"  # lit is 1
)


class Ssd1306(framebuf.FrameBuffer):
    """A frame buffer with `show`.

    i2c: a machine.I2C; width: 128, height: 64 pixels; address: 0x3C or 0x3D.
    """

    def __init__(self, i2c, width, height, address):
        self._i2c = i2c
        self._address = address
        # The control byte stands before the pixels, so that one transfer carries both.
        self._transfer = bytearray(1 + width * height // 8)
        self._transfer[0] = _PIXELS
        super().__init__(memoryview(self._transfer)[1:], width, height, framebuf.MONO_VLSB)
        self._window = bytes((0x21, 0, width - 1, 0x22, 0, height // 8 - 1))
        self._is_set_up = False

    def _command(self, commands):
        self._i2c.writeto(self._address, bytes((_COMMANDS,)) + commands)

    def show(self):
        """Sends all pixels: 23 ms at 400 kHz. Raises OSError.

        The first time, and after an error, the display is set up: it may have been without power.
        """
        was_set_up, self._is_set_up = self._is_set_up, False
        if not was_set_up:
            self._command(_SET_UP)
        self._command(self._window)
        self._i2c.writeto(self._address, self._transfer)
        if not was_set_up:
            self._command(b"\xaf")  # on, now that the memory holds a picture
        self._is_set_up = True
