"""Passes as pictures: what is drawn under a code, and whether a code is one."""

import io

import pytest
import segno
from PIL import Image

from provisioning import claims, local_time, passes, qr
from provisioning.lettering import LINE_PIXELS, Lettering
from tests.provisioning.small_font import font_with

LOCAL = local_time.zone("UTC")
TEXT = "SP1:" + "8UM$ 1" * 37
CHINESE = "".join(
    qr.caption(passes.Claims(bytes(16), relation, "张*三", "", bytes(8), 0, 0, 1, None), LOCAL)[
        line
    ]
    for relation in claims.RELATION_NAMES.values()
    for line in (0, 1, 2)
)


def said(name="张*三", relation=claims.OWN):
    return passes.Claims(bytes(16), relation, name, "002X", bytes(8), 0, 0, 86400, None)


@pytest.fixture
def fallback(tmp_path):
    """A font like Debian's fonts-droid-fallback: Chinese, and nothing of ASCII."""
    path = tmp_path / "fallback.ttf"
    path.write_bytes(font_with({each for each in CHINESE if not each.isascii()}))
    return Lettering([path])


def test_a_chinese_font_without_ascii(fallback):
    lines = qr.caption(said(), LOCAL, fallback)
    assert lines == qr.caption(said(), LOCAL)
    assert not fallback.lacks("".join(lines))
    # in ASCII such a font changes nothing: it is drawn by the other
    for line in lines:
        ascii_only = "".join(each for each in line if each.isascii())
        drawn, plain = fallback.line(ascii_only, 424), Lettering().line(ascii_only, 424)
        assert drawn.tobytes() == plain.tobytes()
    squares = fallback.line("张三", 424)
    assert squares.tobytes() != Lettering().line("张三", 424).tobytes()
    assert squares.crop((2, 8, 18, 20)).getextrema() == (0, 0)


def test_without_a_chinese_font_lines_are_english():
    plain = Lettering()
    assert not qr.has_chinese(plain)
    lines = qr.caption(said(), LOCAL, plain)
    assert lines[:2] == ["***  002X", "Claimed by the holder"] and len(lines) == 4
    assert not plain.lacks("".join(lines))


def test_a_letter_that_no_font_has(fallback):
    rare = said("\U00030000*\ue123")
    assert qr.undrawable(rare, fallback) == "\U00030000\ue123"
    assert qr.caption(rare, LOCAL, fallback)[0] == "***  002X"
    # a variation selector is no letter of its own
    assert qr.undrawable(said("三\U000e0100*"), fallback) == ""
    assert qr.caption(said("三\U000e0100*"), LOCAL, fallback)[0] == "三*  002X"


def test_long_lines_become_smaller(fallback):
    short, long = fallback.line("张", 200), fallback.line("张三" * 20, 200)
    assert short.size == long.size == (200, LINE_PIXELS)
    assert long.crop((0, 0, 200, 10)).getextrema() == (255, 255)  # nothing that high


@pytest.mark.parametrize("text", [TEXT, "SP1:A"])
def test_modules_are_those_of_another_encoder(text):
    """Of the eight masks a QR code may have, encoders need not choose the same."""
    ours = qr.modules(text)
    others = [
        segno.make(text, error="m", micro=False, boost_error=False, mask=mask).matrix
        for mask in range(8)
    ]
    drawn = [b"".join(bytes(0 if dark else 255 for dark in row) for row in one) for one in others]
    assert ours.tobytes() in drawn and ours.width == len(others[0])


def test_a_picture_says_how_large_it_is():
    with Image.open(io.BytesIO(qr.png(TEXT, []))) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert picture.size == (61 * qr.MODULE_PIXELS,) * 2
        width_mm = picture.width / picture.info["dpi"][0] * 25.4
        assert 40 < width_mm < 42  # docs/pass.md
        corner = picture.convert("L").crop((0, 0, 40, 40))
    assert corner.getpixel((31, 31)) == 255 and corner.getpixel((32, 32)) == 0


@pytest.mark.parametrize("lines", [[], ["张*三", "Valid"]])
def test_pictures_are_read_again(tmp_path, fallback, lines):
    path = tmp_path / "code.png"
    path.write_bytes(qr.png(TEXT, lines, fallback))
    assert qr.decode_picture(path) == TEXT.encode()


def test_a_drawing_has_the_same_modules():
    """The SVG's path, filled in, is the code."""
    drawing = qr.svg(TEXT, ["<a>"]).decode()
    ours = qr.modules(TEXT)
    filled = Image.new("L", ours.size, 255)
    for rectangle in drawing.split('d="M')[1].split('"')[0].split("M"):
        at, length = rectangle.split("h")[:2]
        x, y = map(int, at.split(" "))
        filled.paste(0, (x, y, x + int(length.split("v")[0]), y + 1))
    assert filled.tobytes() == ours.tobytes() and "&lt;a&gt;" in drawing
