"""A 128 x 64 OLED with an SSD1306 controller on I2C (Solomon Systech datasheet, rev 1.1).

Models the addressing of its memory and the commands that decide what is seen. A command that the
controller has not raises ValueError: a driver that sends one is wrong.
"""

WIDTH = 128
HEIGHT = 64
PAGES = HEIGHT // 8

# commands by first byte: how many bytes follow
OPERANDS = {
    0x20: 1,  # addressing mode
    0x21: 2,  # column range
    0x22: 2,  # page range
    0x2E: 0,  # scrolling off
    0x81: 1,  # contrast
    0x8D: 1,  # charge pump
    0xA0: 0,  # segments as wired
    0xA1: 0,  # segments mirrored
    0xA4: 0,  # show the memory
    0xA5: 0,  # all pixels lit
    0xA6: 0,  # normal
    0xA7: 0,  # inverted
    0xA8: 1,  # multiplex ratio
    0xAE: 0,  # off
    0xAF: 0,  # on
    0xC0: 0,  # rows as wired
    0xC8: 0,  # rows mirrored
    0xD3: 1,  # offset
    0xD5: 1,  # clock
    0xD9: 1,  # precharge
    0xDA: 1,  # wiring of the rows
    0xDB: 1,  # deselect level
    0xE3: 0,  # nothing
}
OPERANDS.update({command: 0 for command in range(0x40, 0x80)})  # start line
OPERANDS.update({command: 0 for command in range(0x00, 0x20)})  # column, page addressing mode
OPERANDS.update({command: 0 for command in range(0xB0, 0xB8)})  # page, page addressing mode

HORIZONTAL, VERTICAL, PAGE = 0, 1, 2


class Ssd1306:
    def __init__(self):
        self.writes = 0  # of pixel data, since it was made
        self.power(False)

    def power(self, on):
        """Power comes or goes; memory after power-up is what it happens to be."""
        self._memory = bytearray(b"\x5a" * (WIDTH * PAGES))
        self._mode = PAGE
        self._columns = (0, WIDTH - 1)
        self._pages = (0, PAGES - 1)
        self._column = self._page = 0
        self._on = self._pump = self._inverted = self._all_lit = False
        self._segments_mirrored = self._rows_mirrored = False
        self._start_line = 0
        self._pending = []
        self.contrast = 0x7F

    def write(self, data, now_us):
        """One I2C transfer: control bytes, commands and pixel data (datasheet 8.1.5.2)."""
        place = 0
        while place < len(data):
            control = data[place]
            place += 1
            if control & 0x3F:
                raise ValueError(f"control byte 0x{control:02x}")
            end = place + 1 if control & 0x80 else len(data)
            for byte in data[place:end]:
                if control & 0x40:
                    self._pixels(byte)
                else:
                    self._command(byte)
            place = end

    def read(self, count, now_us):
        """The status byte: bit 6 set while the display is off."""
        return bytes([0x00 if self._on else 0x40]) * count

    def _pixels(self, byte):
        self.writes += 1
        self._memory[self._page * WIDTH + self._column] = byte
        if self._mode == PAGE:
            self._column = (self._column + 1) % WIDTH
        elif self._mode == HORIZONTAL:
            if self._step_column():
                self._step_page()
        elif self._step_page():
            self._step_column()

    def _step_column(self):
        first, last = self._columns
        around = self._column == last
        self._column = first if around else (self._column + 1) % WIDTH
        return around

    def _step_page(self):
        first, last = self._pages
        around = self._page == last
        self._page = first if around else (self._page + 1) % PAGES
        return around

    def _command(self, byte):
        self._pending.append(byte)
        command = self._pending[0]
        if command not in OPERANDS:
            raise ValueError(f"SSD1306 has no command 0x{command:02x}")
        if len(self._pending) <= OPERANDS[command]:
            return
        operands, self._pending = self._pending[1:], []
        self._obey(command, operands)

    def _obey(self, command, operands):
        if command == 0x20:
            self._mode = operands[0] & 3
        elif command == 0x21:
            self._columns = (operands[0] & 0x7F, operands[1] & 0x7F)
            self._column = self._columns[0]
        elif command == 0x22:
            self._pages = (operands[0] & 7, operands[1] & 7)
            self._page = self._pages[0]
        elif command < 0x10:
            self._column = self._column & 0xF0 | command
        elif command < 0x20:
            self._column = (command & 7) << 4 | self._column & 0x0F
        elif 0xB0 <= command < 0xB8:
            self._page = command & 7
        elif 0x40 <= command < 0x80:
            self._start_line = command & 0x3F
        elif command == 0x81:
            self.contrast = operands[0]
        elif command == 0x8D:
            self._pump = bool(operands[0] & 4)
        elif command in (0xA0, 0xA1):
            self._segments_mirrored = command == 0xA1
        elif command in (0xC0, 0xC8):
            self._rows_mirrored = command == 0xC8
        elif command in (0xA4, 0xA5):
            self._all_lit = command == 0xA5
        elif command in (0xA6, 0xA7):
            self._inverted = command == 0xA7
        elif command in (0xAE, 0xAF):
            self._on = command == 0xAF

    def frame(self):
        """What a person sees: pages of 128 bytes, each eight pixels with the lowest bit on top.

        The usual module is soldered so that it stands upright with segments and rows mirrored.
        """
        if not (self._on and self._pump):
            return bytes(WIDTH * PAGES)
        if self._all_lit:
            return b"\xff" * (WIDTH * PAGES)
        out = bytearray(WIDTH * PAGES)
        upright = self._segments_mirrored and self._rows_mirrored and not self._start_line
        if upright:
            out[:] = self._memory
        else:
            for y in range(HEIGHT):
                row = (y + self._start_line) % HEIGHT
                row = row if self._rows_mirrored else HEIGHT - 1 - row
                for x in range(WIDTH):
                    column = x if self._segments_mirrored else WIDTH - 1 - x
                    if self._memory[(row >> 3) * WIDTH + column] >> (row & 7) & 1:
                        out[(y >> 3) * WIDTH + x] |= 1 << (y & 7)
        if self._inverted:
            out = bytearray(byte ^ 0xFF for byte in out)
        return bytes(out)
