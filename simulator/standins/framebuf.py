"""`framebuf` for CPython: one bit a pixel, drawn as MicroPython's extmod/modframebuf.c draws."""

from _font8x8 import FIRST, GLYPHS

MONO_VLSB = 0
MONO_HLSB = 3
MONO_HMSB = 4
_LAST = 127  # drawn for what the font has not


class FrameBuffer:
    def __init__(self, buffer, width, height, format, stride=None):
        stride = stride or width
        if format == MONO_VLSB:
            need = stride * ((height + 7) // 8)
        elif format in (MONO_HLSB, MONO_HMSB):
            stride = (stride + 7) // 8 * 8
            need = stride // 8 * height
        else:
            raise ValueError("only formats of one bit a pixel are modelled")
        if width < 1 or height < 1 or stride < width or len(buffer) < need:
            raise ValueError
        self._buffer = buffer
        self._width = width
        self._height = height
        self._format = format
        self._stride = stride

    def _place(self, x, y):
        if self._format == MONO_VLSB:
            return (y >> 3) * self._stride + x, 1 << (y & 7)
        place = (y * self._stride + x) >> 3
        return place, 1 << (x & 7) if self._format == MONO_HMSB else 0x80 >> (x & 7)

    def _get(self, x, y):
        place, bit = self._place(x, y)
        return 1 if self._buffer[place] & bit else 0

    def _set(self, x, y, colour):
        place, bit = self._place(x, y)
        if colour:
            self._buffer[place] |= bit
        else:
            self._buffer[place] &= 0xFF ^ bit

    def fill(self, colour):
        self.fill_rect(0, 0, self._width, self._height, colour)

    def pixel(self, x, y, *colour):
        if not (0 <= x < self._width and 0 <= y < self._height):
            return None
        if not colour:
            return self._get(x, y)
        return self._set(x, y, colour[0])

    def fill_rect(self, x, y, width, height, colour):
        for row in range(max(y, 0), min(y + height, self._height)):
            for column in range(max(x, 0), min(x + width, self._width)):
                self._set(column, row, colour)

    def hline(self, x, y, width, colour):
        self.fill_rect(x, y, width, 1, colour)

    def vline(self, x, y, height, colour):
        self.fill_rect(x, y, 1, height, colour)

    def rect(self, x, y, width, height, colour, fill=False):
        if fill:
            return self.fill_rect(x, y, width, height, colour)
        self.fill_rect(x, y, width, 1, colour)
        self.fill_rect(x, y + height - 1, width, 1, colour)
        self.fill_rect(x, y, 1, height, colour)
        self.fill_rect(x + width - 1, y, 1, height, colour)
        return None

    def text(self, text, x, y, colour=1):
        data = text.encode() if isinstance(text, str) else text
        for character in data:
            if not FIRST <= character <= _LAST:
                character = _LAST
            start = (character - FIRST) * 8
            for column in range(8):
                bits = GLYPHS[start + column]
                if 0 <= x < self._width:
                    for row in range(8):
                        if bits >> row & 1 and 0 <= y + row < self._height:
                            self._set(x, y + row, colour)
                x += 1

    def blit(self, source, x, y, key=-1, palette=None):
        for row in range(max(-y, 0), min(source._height, self._height - y)):
            for column in range(max(-x, 0), min(source._width, self._width - x)):
                colour = source._get(column, row)
                if colour == key:
                    continue
                if palette is not None:
                    colour = palette._get(colour, 0)
                self._set(x + column, y + row, colour)

    def scroll(self, xstep, ystep):
        old = [[self._get(x, y) for x in range(self._width)] for y in range(self._height)]
        for y in range(self._height):
            for x in range(self._width):
                if 0 <= x - xstep < self._width and 0 <= y - ystep < self._height:
                    self._set(x, y, old[y - ystep][x - xstep])
