"""The lettering of captions: which fonts this computer has, and which of them has a character."""

import functools
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from provisioning.errors import FileProblem

TEXT_PIXELS = 22
LINE_PIXELS = 30
_BASELINE_PIXELS = 24
_NO_CHARACTER = "\U0010ffff"  # never assigned

# Fonts with Chinese, where Linux, macOS and Windows put them.
_PATHS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simsun.ttc",
)


class Lettering:
    """Fonts in the order of their use: a character is drawn with the first that has it.

    Some fonts with Chinese have no Latin letters (Debian's fonts-droid-fallback), so Pillow's own
    is always the last.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        """Raises FileProblem where a file is no font."""
        self._fonts = [*map(_load, paths), _default()]
        self._of: dict[str, ImageFont.FreeTypeFont | None] = {}
        # Most lines are the same under every pass.
        self.line = functools.lru_cache(maxsize=64)(self._line)

    def lacks(self, text: str) -> str:
        """The characters of a text that none of the fonts has, each once."""
        return "".join(character for character in dict.fromkeys(text) if not self._font(character))

    def _line(self, text: str, width: int) -> Image.Image:
        """A text as grey pixels, `width` wide and LINE_PIXELS high; smaller where it is too long.

        What no font has is drawn as the first one's sign for it.
        """
        runs = [
            (font or self._fonts[0], "".join(characters))
            for font, characters in groupby(text, self._font)
        ]
        long = sum(font.getlength(run) for font, run in runs)
        size = TEXT_PIXELS if long <= width else int(TEXT_PIXELS * width / long)
        picture = Image.new("L", (width, LINE_PIXELS), 255)
        draw = ImageDraw.Draw(picture)
        x = 0.0
        for font, run in runs:
            sized = font if size == TEXT_PIXELS else font.font_variant(size=size)
            draw.text((x, _BASELINE_PIXELS), run, fill=0, font=sized, anchor="ls")
            x += sized.getlength(run)
        return picture

    def _font(self, character: str) -> ImageFont.FreeTypeFont | None:
        if character not in self._of:
            having = (font for font in self._fonts if _has(font, character))
            self._of[character] = next(having, None)
        return self._of[character]


def found_here() -> list[Path]:
    """The fonts with Chinese on this computer."""
    return [Path(path) for path in _PATHS if Path(path).exists()]


def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    return _drawn(font, character) != _sign(font)


def _drawn(font: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


@functools.cache
def _sign(font: ImageFont.FreeTypeFont) -> tuple[tuple[int, int], bytes]:
    """What a font draws for a character that it does not have."""
    return _drawn(font, _NO_CHARACTER)


@functools.cache
def _load(path: Path) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(str(path), TEXT_PIXELS)
    except OSError as error:
        raise FileProblem(f"{path} cannot be read as a font.") from error


@functools.cache
def _default() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(TEXT_PIXELS)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise FileProblem("This Pillow has no FreeType, so it cannot draw letters: write .svg.")
    return font
