"""Makes a TrueType font that has exactly these characters, each of them one black square.

Format: OpenType 1.9, with only the tables that FreeType insists on.
"""

import struct

UNITS = 1000


def font_with(characters: str) -> bytes:
    """The font's file. What it does not have is drawn as a lower box."""
    outlines = [_box(100, 300), _box(0, 900)]  # glyph 0 stands for what is missing
    glyf = b"".join(outlines)
    ends = [0, len(outlines[0]), len(glyf)]
    groups = b"".join(struct.pack(">III", ord(each), ord(each), 1) for each in sorted(characters))
    cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12)
    cmap += struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(groups) // 12) + groups
    tables = {
        b"cmap": cmap,
        b"glyf": glyf,
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh",
            *(0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0, UNITS, 0, 0),
            *(0, 0, 900, 900, 0, 8, 2, 1, 0),
        ),
        b"hhea": struct.pack(">IhhhHhhhhhhhhhhhH", 0x00010000, 900, -100, 0, 1000, *[0] * 11, 2),
        b"hmtx": struct.pack(">HhHh", 1000, 0, 1000, 0),
        b"loca": struct.pack(">III", *ends),
        b"maxp": struct.pack(">I14H", 0x00010000, 2, 4, 1, *[0] * 11),
    }
    at = 12 + 16 * len(tables)
    directory = struct.pack(">IHHHH", 0x00010000, len(tables), 64, 2, 16 * len(tables) - 64)
    body = b""
    for tag, data in tables.items():
        directory += tag + struct.pack(">III", 0, at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    return directory + body


def _box(low: int, high: int) -> bytes:
    """A square outline of four points on the curve, their distances in 16 bits."""
    header = struct.pack(">hhhhh", 1, 0, low, 900, high)
    xs = struct.pack(">hhhh", 0, 0, 900, 0)
    ys = struct.pack(">hhhh", low, high - low, 0, low - high)
    return header + struct.pack(">HH", 3, 0) + bytes([1] * 4) + xs + ys + bytes(2)
