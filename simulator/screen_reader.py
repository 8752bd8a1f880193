"""Reads text back from a screen's pixels, by the font that framebuf draws with.

A line of text may begin at any pixel row and column; it is found by its glyphs, as exact bit
patterns, light on dark or dark on light. What is drawn otherwise (a frame, a bar) is passed over.
"""

from functools import lru_cache

from simulator.standins._font8x8 import FIRST, GLYPHS

CELL = 8
_BY_SHAPE = {
    GLYPHS[place : place + CELL]: chr(FIRST + place // CELL)
    for place in range(0, len(GLYPHS), CELL)
}
UNKNOWN = "□"  # the block that framebuf draws for what its font has not
_BY_SHAPE[GLYPHS[-CELL:]] = UNKNOWN
_INVERTED = {bytes(255 - bits for bits in shape): char for shape, char in _BY_SHAPE.items()}
BLANKS = (bytes(CELL), b"\xff" * CELL)


def columns_at(frame, width, top):
    """The eight pixels below row `top` of each column, lowest bit on top.

    frame: pages of `width` bytes, each byte eight pixels with the lowest bit on top.
    """
    page, shift = divmod(top, 8)
    upper = frame[page * width : (page + 1) * width]
    if not shift:
        return bytes(upper)
    lower = frame[(page + 1) * width : (page + 2) * width]
    pairs = zip(upper, lower, strict=True)
    return bytes((low << 8 | up) >> shift & 0xFF for up, low in pairs)


def read_row(columns):
    """(score, text) of one row of columns: the best of the eight ways to cut it into cells.

    The score is the number of characters found, less the cells that hold anything else.
    """
    best = (0, "")
    for shapes in (_BY_SHAPE, _INVERTED):
        for start in range(CELL):
            cells = [
                shapes.get(columns[place : place + CELL], "\0")
                for place in range(start, len(columns) - CELL + 1, CELL)
            ]
            # the edge of an inverted line looks like underscores: they prove nothing
            found = sum(cell not in "\0 _" for cell in cells)
            text = "".join(cells).replace("\0", " ").strip()
            best = max(best, (found - cells.count("\0"), text), key=lambda row: row[0])
    return best


def read_screen(frame, width, height):
    """The lines of text on a screen, from top to bottom."""
    return list(_lines(bytes(frame), width, height))


@lru_cache(maxsize=32)  # who waits for a text asks at each event, and the screen seldom changes
def _lines(frame, width, height):
    rows = [read_row(columns_at(frame, width, top)) for top in range(height - CELL + 1)]
    lines = []
    top = 0
    while top < len(rows):
        # rows that cut a line in two may look like something; the line itself has more in it
        score, at = max((rows[at][0], -at) for at in range(top, min(top + CELL, len(rows))))
        if score <= 0:
            top += CELL
            continue
        lines.append(rows[-at][1])
        top = -at + CELL
    return lines


def as_blocks(frame, width, height):
    """The picture in characters: each stands for one pixel wide and two high."""
    marks = " ▀▄█"
    out = []
    for y in range(0, height, 2):
        page, shift = divmod(y, 8)
        row = frame[page * width : (page + 1) * width]
        out.append("".join(marks[bits >> shift & 3] for bits in row).rstrip())
    return "\n".join(out)


def as_picture(frame, width, height, scale=4):
    """The screen as a Pillow image, light blue on black."""
    from PIL import Image

    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            if frame[(y >> 3) * width + x] >> (y & 7) & 1:
                image.putpixel((x, y), (120, 200, 255))
    return image.resize((width * scale, height * scale), Image.Resampling.NEAREST)
