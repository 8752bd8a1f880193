"""How large a pass has to be in a scanner's picture, and which error correction suits it.

    .venv/bin/python benchmarks/print_size.py [pictures]

Draws passes at one width in pixels for each level, distorts the pictures as a hand, a cheap lens
and a glossy sheet do (rotation, perspective, blur, noise, JPEG, gloss), reads them with zxing-cpp
and prints the share that was read. A scanner module's own reader is another, so what counts is the
comparison. docs/pass.md draws the conclusions.
"""

import io
import random
import sys

import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from provisioning import base45

BORDER = 4
REFERENCE_MODULES = 53 + 2 * BORDER  # a pass at level M: version 9
GLOSS = 0.08  # of the code's area
ROOM = 1.5  # the picture's side, in widths of the code


def main(pictures):
    print(f"{pictures} pictures each; width of the code as pixels a module of level M")
    print("px    " + "".join(f"{level + what:>14}" for level in "LMQ" for what in ("", " +gloss")))
    for pixels in (1.5, 2.0, 2.5, 3.0, 4.0):
        row = []
        for level in "LMQ":
            for gloss in (False, True):
                chance = random.Random(f"{pixels} {gloss}")
                tries = (_is_read(chance, level, pixels, gloss) for _ in range(pictures))
                row.append(sum(tries) / pictures)
        print(f"{pixels:3}   " + "".join(f"{share:14.0%}" for share in row))


def _is_read(chance, level, pixels, gloss):
    text = "SP1:" + base45.encode(chance.randbytes(145))
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    drawn = zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False)
    modules = Image.frombytes("L", drawn.shape[::-1], bytes(drawn))
    seen = _seen(chance, modules, round(pixels * REFERENCE_MODULES), gloss)
    return any(found.text == text for found in zxingcpp.read_barcodes(seen))


def _seen(chance, modules, width, gloss):
    """A grey picture of a code `width` pixels wide, quiet zone included."""
    side = modules.width + 2 * BORDER
    sheet = Image.new("L", (side, side), 235)
    sheet.paste(modules.point(lambda value: 30 if value == 0 else 235), (BORDER, BORDER))
    fine = sheet.resize((side * 8, side * 8), Image.Resampling.NEAREST)
    if gloss:
        _put_gloss(chance, fine)
    # the corners of the sheet, somewhere in the picture
    picture = round(width * ROOM)
    margin = (picture - width) / 2
    turn = chance.uniform(-30, 30)
    lean = [chance.uniform(-0.04, 0.04) * width for _ in range(8)]
    corners = [(margin, margin), (margin, margin + width), (margin + width, margin + width)]
    corners.append((margin + width, margin))
    corners = [(x + lean[2 * n], y + lean[2 * n + 1]) for n, (x, y) in enumerate(corners)]
    over = 4  # averages what falls into one pixel of the sensor, as a sensor does
    coefficients = _perspective([(x * over, y * over) for x, y in corners], fine.width)
    large = fine.transform(
        (picture * over,) * 2,
        Image.Transform.PERSPECTIVE,
        coefficients,
        Image.Resampling.BILINEAR,
        fillcolor=200,
    )
    large = large.rotate(turn, Image.Resampling.BILINEAR, fillcolor=200)
    small = large.resize((picture, picture), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 0.9)))
    noise = Image.effect_noise(small.size, chance.uniform(5, 25))
    small = ImageChops.add(small, noise, offset=-128)
    buffer = io.BytesIO()
    small.save(buffer, "jpeg", quality=chance.randrange(40, 90))
    return Image.open(buffer).convert("L")


def _put_gloss(chance, sheet):
    area = GLOSS * sheet.width * sheet.height
    wide = chance.uniform(0.5, 2)
    half_x, half_y = (area / 3.14 * wide) ** 0.5, (area / 3.14 / wide) ** 0.5
    x, y = chance.uniform(0.25, 0.75) * sheet.width, chance.uniform(0.25, 0.75) * sheet.height
    ImageDraw.Draw(sheet).ellipse((x - half_x, y - half_y, x + half_x, y + half_y), fill=255)


def _perspective(corners, side):
    """Pillow's eight numbers that take a point of the picture to one of the sheet.

    corners: upper left, lower left, lower right and upper right of the sheet, in the picture.
    """
    rows = []
    for (x, y), (u, v) in zip(corners, [(0, 0), (0, side), (side, side), (side, 0)], strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return _solved(rows)


def _solved(rows):
    """Gauss's elimination: rows of coefficients, the right side last."""
    size = len(rows)
    for at in range(size):
        best = max(range(at, size), key=lambda row: abs(rows[row][at]))
        rows[at], rows[best] = rows[best], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for other in range(size):
            if other != at:
                factor = rows[other][at]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[at], strict=True)]
    return [row[-1] for row in rows]


main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
