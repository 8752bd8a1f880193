"""Writes simulator/standins/_font8x8.py: the glyphs that MicroPython's framebuf draws.

Asks the real `micropython` for each character: `python -m simulator.make_font`.
"""

import subprocess
import sys
from pathlib import Path

OUT = Path(__file__).parent / "standins" / "_font8x8.py"
SCRIPT = """
import binascii, framebuf
b = bytearray(8)
f = framebuf.FrameBuffer(b, 8, 8, framebuf.MONO_VLSB)
for c in range(32, 128):
    f.fill(0)
    f.text(chr(c), 0, 0)
    print(binascii.hexlify(b).decode())
"""


def main(micropython="micropython"):
    """Run MicroPython and write the module."""
    done = subprocess.run([micropython, "-c", SCRIPT], capture_output=True, text=True, check=True)
    rows = done.stdout.split()
    lines = [
        '"""Glyphs of framebuf\'s text, made by simulator/make_font.py from MicroPython itself.',
        "",
        "Eight columns of eight pixels for each character from 32 to 127, lowest bit on top.",
        '"""',
        "",
        "FIRST = 32",
        "GLYPHS = bytes.fromhex(",
    ]
    lines += [f'    "{"".join(rows[at : at + 4])}"' for at in range(0, len(rows), 4)]
    lines += [")"]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
