"""Passes as pictures: the code, and under it what the holder must be able to check."""

import io
from datetime import tzinfo
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import segno
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from provisioning import claims, local_time, passes
from provisioning.errors import FileProblem

BORDER_MODULES = 4  # ISO/IEC 18004 asks for that quiet zone
MODULE_PIXELS = 8
TEXT_PIXELS = 22
LINE_PIXELS = 30
MARGIN_PIXELS = BORDER_MODULES * MODULE_PIXELS
MAX_PICTURE_PIXELS = 64_000_000

_RELATIONS = {
    claims.OWN: ("Claimed by the holder", "本人申领"),
    claims.MINOR: ("Claimed by a relative: holder under 18", "亲属代领：未满18周岁"),
    claims.ELDER: ("Claimed by a relative: holder 60 or older", "亲属代领：60周岁及以上"),
    claims.UNABLE: ("Claimed by a relative: holder unable to apply", "亲属代领：本人无法申领"),
}

# Fonts with Chinese, where Linux, macOS and Windows put them.
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simsun.ttc",
)


def caption(said: passes.Claims, local: tzinfo, chinese: bool = True) -> list[str]:
    """The lines under a code: holder, relation, validity in local time.

    chinese: False for ASCII only, with stars for what ASCII does not have.
    """
    english, relation = _RELATIONS[said.relation]
    begins = local_time.show(said.not_before, local)
    ends = local_time.show(said.expires_at, local)
    name = said.name_hint if chinese else _ascii(said.name_hint)
    lines = [f"{name}  {said.id_hint}".strip()]
    if chinese:
        lines += [relation, f"有效期 {begins[:16]} 至 {ends[:16]}（不含）"]
    lines += [english, f"Valid from {begins}", f"and until {ends}"]
    return lines


def png(text: str, lines: list[str], font: Path | None = None) -> bytes:
    """A PNG of the code with these lines under it. font: with their characters."""
    code = _image(text)
    drawn = _font(font)
    picture = Image.new("L", (code.width, code.height + LINE_PIXELS * len(lines)), 255)
    picture.paste(code, (0, 0))
    draw = ImageDraw.Draw(picture)
    room = code.width - 2 * MARGIN_PIXELS
    for number, line in enumerate(lines):
        at = (MARGIN_PIXELS, code.height - MODULE_PIXELS + LINE_PIXELS * number)
        fitting = drawn
        width = draw.textlength(line, font=drawn)
        if width > room:
            fitting = drawn.font_variant(size=int(TEXT_PIXELS * room / width))
        draw.text(at, line, fill=0, font=fitting)
    buffer = io.BytesIO()
    picture.save(buffer, "png")
    return buffer.getvalue()


def svg(text: str, lines: list[str]) -> bytes:
    """An SVG of the code with these lines under it, as text of the viewer's font."""
    buffer = io.BytesIO()
    code = _code(text)
    code.save(buffer, kind="svg", scale=MODULE_PIXELS, border=BORDER_MODULES, xmldecl=False)
    width, height = code.symbol_size(scale=MODULE_PIXELS, border=BORDER_MODULES)
    rows = "".join(
        f'<text x="{MARGIN_PIXELS}" y="{height + LINE_PIXELS * number + TEXT_PIXELS // 2}" '
        f'font-family="sans-serif" font-size="{TEXT_PIXELS - 6}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    whole = height + LINE_PIXELS * len(lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{whole}">'
        f'<rect width="{width}" height="{whole}" fill="#fff"/>'
        f"{buffer.getvalue().decode()}{rows}</svg>\n"
    ).encode()


def find_font() -> Path | None:
    """A font with Chinese characters on this computer, or None."""
    return next((Path(path) for path in _FONTS if Path(path).exists()), None)


def decode_picture(path: Path) -> bytes:
    """The bytes in the one code of a picture. Raises FileProblem."""
    import zxingcpp

    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PICTURE_PIXELS:
                raise FileProblem(f"{path} is too large a picture; cut the code out of it.")
            found = zxingcpp.read_barcodes(image.convert("L"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise FileProblem(f"{path} cannot be read as a picture.") from error
    if len(found) != 1:
        what = "no code" if not found else f"{len(found)} codes"
        raise FileProblem(f"{path} has {what} in it; show a picture with one.")
    return bytes(found[0].bytes)


def _code(text: str) -> Any:
    return segno.make(text, error="m", micro=False, boost_error=False)


def _image(text: str) -> Image.Image:
    buffer = io.BytesIO()
    _code(text).save(buffer, kind="png", scale=MODULE_PIXELS, border=BORDER_MODULES)
    buffer.seek(0)
    return Image.open(buffer).convert("L")


@cache
def _font(path: Path | None) -> ImageFont.FreeTypeFont:
    if path is None:
        default = ImageFont.load_default(TEXT_PIXELS)
        if isinstance(default, ImageFont.FreeTypeFont):
            return default
        raise FileProblem("This Pillow has no FreeType; name a font with --font.")
    try:
        return ImageFont.truetype(str(path), TEXT_PIXELS)
    except OSError as error:
        raise FileProblem(f"{path} cannot be read as a font.") from error


def _ascii(text: str) -> str:
    return "".join(character if character.isascii() else "*" for character in text)
