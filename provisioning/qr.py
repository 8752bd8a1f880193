"""Passes as pictures: the code, and under it what the holder must be able to check."""

import functools
import io
import re
from datetime import tzinfo
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import zxingcpp
from PIL import Image, UnidentifiedImageError

from provisioning import claims, local_time, passes
from provisioning.errors import FileProblem
from provisioning.lettering import LINE_PIXELS, TEXT_PIXELS, Lettering

BORDER_MODULES = 4  # ISO/IEC 18004 asks for that quiet zone
MODULE_PIXELS = 8
# What a PNG says of its size: a pass of 53 modules is printed 41 mm wide, and office printers
# (300, 600 dots an inch) have a whole number of dots for a module.
DOTS_PER_INCH = 300
MARGIN_PIXELS = BORDER_MODULES * MODULE_PIXELS
GREYS = 4  # enough for smooth letters
_TO_GREYS = [value * GREYS // 256 for value in range(256)]
_PALETTE = [255 * grey // (GREYS - 1) for grey in range(GREYS) for _ in "RGB"]
MAX_PICTURE_PIXELS = 64_000_000

_RELATIONS = {
    claims.OWN: ("Claimed by the holder", "本人申领"),
    claims.MINOR: ("Claimed by a relative: holder under 18", "亲属代领：未满18周岁"),
    claims.ELDER: ("Claimed by a relative: holder 60 or older", "亲属代领：60周岁及以上"),
    claims.UNABLE: ("Claimed by a relative: holder unable to apply", "亲属代领：本人无法申领"),
}

_VARIATION_SELECTORS = dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))


def caption(said: passes.Claims, local: tzinfo, lettering: Lettering | None = None) -> list[str]:
    """The lines under a code: holder, relation, validity in local time.

    lettering: draw them with this; where it has no Chinese they are English only, and what it has
    not of a name is a star. None: whoever shows them has every character.
    """
    english, chinese = _RELATIONS[said.relation]
    begins = local_time.show(said.not_before, local)
    ends = local_time.show(said.expires_at, local)
    validity = f"有效期 {begins[:16]} 至 {ends[:16]}（不含）"
    name = said.name_hint.translate(_VARIATION_SELECTORS)  # drawn with its letter, never alone
    for character in undrawable(said, lettering):
        name = name.replace(character, "*")
    lines = [f"{name}  {said.id_hint}".strip()]
    if lettering is None or not lettering.lacks(chinese + validity):
        lines += [chinese, validity]
    lines += [english, f"Valid from {begins}", f"and until {ends}"]
    return lines


def undrawable(said: passes.Claims, lettering: Lettering | None) -> str:
    """The characters of a pass's name that this lettering does not have."""
    name = said.name_hint.translate(_VARIATION_SELECTORS)
    return lettering.lacks(name) if lettering else ""


def has_chinese(lettering: Lettering) -> bool:
    """True if captions drawn with this lettering have their Chinese lines."""
    return not lettering.lacks("".join(chinese for _, chinese in _RELATIONS.values()))


def png(text: str, lines: list[str], lettering: Lettering | None = None) -> bytes:
    """A PNG of the code with these lines under it."""
    code = modules(text)
    side = code.width * MODULE_PIXELS
    whole = side + 2 * MARGIN_PIXELS
    picture = Image.new("L", (whole, whole + LINE_PIXELS * len(lines)), 255)
    enlarged = code.resize((side, side), Image.Resampling.NEAREST)
    picture.paste(enlarged, (MARGIN_PIXELS, MARGIN_PIXELS))
    for number, line in enumerate(lines):
        drawn = (lettering or _plain()).line(line, side)
        picture.paste(drawn, (MARGIN_PIXELS, whole - MODULE_PIXELS + LINE_PIXELS * number))
    few = picture.point(_TO_GREYS).convert("P")
    few.putpalette(_PALETTE)
    buffer = io.BytesIO()
    # Compressing is half of the work (benchmarks/issuing.py): two bits a pixel and level 3 take
    # 0.8 ms, eight and the usual level 6 would take 3.7.
    dots = (DOTS_PER_INCH, DOTS_PER_INCH)
    few.save(buffer, "png", bits=2, dpi=dots, compress_level=3)
    return buffer.getvalue()


def svg(text: str, lines: list[str]) -> bytes:
    """An SVG of the code with these lines under it, as text of the viewer's font."""
    code = modules(text)
    whole = code.width * MODULE_PIXELS + 2 * MARGIN_PIXELS
    rows = "".join(
        f'<text x="{MARGIN_PIXELS}" y="{whole + LINE_PIXELS * number + TEXT_PIXELS // 2}" '
        f'font-family="sans-serif" font-size="{TEXT_PIXELS - 6}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    height = whole + LINE_PIXELS * len(lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{height}">'
        f'<rect width="{whole}" height="{height}" fill="#fff"/>'
        f'<path transform="translate({MARGIN_PIXELS} {MARGIN_PIXELS}) scale({MODULE_PIXELS})" '
        f'd="{_outline(code)}"/>{rows}</svg>\n'
    ).encode()


def modules(text: str) -> Image.Image:
    """The code of a text at level M, a pixel a module: 0 is dark. Without the quiet zone."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawn: Any = zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False)
    height, width = drawn.shape
    return Image.frombytes("L", (width, height), bytes(drawn))


def decode_picture(path: Path) -> bytes:
    """The bytes in the one code of a picture. Raises FileProblem."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PICTURE_PIXELS:
                raise FileProblem(f"{path} is too large a picture; cut the code out of it.")
            # Of QR codes alone: in the pattern of one a bar code is seen now and then.
            formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
            found = zxingcpp.read_barcodes(image.convert("L"), formats=formats)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise FileProblem(f"{path} cannot be read as a picture.") from error
    if len(found) != 1:
        what = "no code" if not found else f"{len(found)} codes"
        raise FileProblem(f"{path} has {what} in it; show a picture with one.")
    return bytes(found[0].bytes)


def _outline(code: Image.Image) -> str:
    """The dark modules as an SVG path, a rectangle for each run of them in a row."""
    rectangles = []
    for y in range(code.height):
        row = code.crop((0, y, code.width, y + 1)).tobytes()
        for run in re.finditer(rb"\x00+", row):
            length = run.end() - run.start()
            rectangles.append(f"M{run.start()} {y}h{length}v1h-{length}z")
    return "".join(rectangles)


@functools.cache
def _plain() -> Lettering:
    return Lettering()
