"""The framebuf stand-in draws what the real one draws, and the reader reads it back."""

import random
import subprocess

import pytest

from simulator.screen_reader import read_screen
from simulator.standins import framebuf
from tests.runtimes import micropython_or_skip

WIDTH, HEIGHT = 128, 64


def drawing(seed):
    rng = random.Random(seed)
    calls = []
    for _ in range(30):
        x, y = rng.randrange(-20, 140), rng.randrange(-20, 80)
        w, h, c = rng.randrange(1, 60), rng.randrange(1, 60), rng.randrange(2)
        calls.append(
            rng.choice(
                [
                    f"text('Ab{w}~\\u4e2d', {x}, {y}, {c})",
                    f"rect({x}, {y}, {w}, {h}, {c})",
                    f"rect({x}, {y}, {w}, {h}, {c}, True)",
                    f"fill_rect({x}, {y}, {w}, {h}, {c})",
                    f"hline({x}, {y}, {w}, {c})",
                    f"vline({x}, {y}, {h}, {c})",
                    f"pixel({x}, {y}, {c})",
                    f"scroll({rng.randrange(-9, 9)}, {rng.randrange(-9, 9)})",
                    f"blit(small, {x}, {y})",
                    f"blit(small, {x}, {y}, 0)",
                ]
            )
        )
    return calls


@pytest.mark.parametrize("seed", range(3))
def test_draws_as_the_real_one(seed):
    head = (
        "buffer = bytearray(128 * 8)\n"
        "screen = framebuf.FrameBuffer(buffer, 128, 64, framebuf.MONO_VLSB)\n"
        "small = framebuf.FrameBuffer(bytearray(b'\\xa5\\x0f' * 8), 13, 8, framebuf.MONO_HLSB)\n"
    )
    body = "".join(f"screen.{call}\n" for call in drawing(seed))
    real = subprocess.run(
        [
            micropython_or_skip(),
            "-c",
            f"import framebuf, binascii\n{head}{body}print(binascii.hexlify(buffer).decode())",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {"framebuf": framebuf}
    exec(head + body, names)
    assert names["buffer"].hex() == real.stdout.strip()


def test_text_is_read_back_wherever_it_stands():
    buffer = bytearray(WIDTH * HEIGHT // 8)
    screen = framebuf.FrameBuffer(buffer, WIDTH, HEIGHT, framebuf.MONO_VLSB)
    screen.fill_rect(0, 0, WIDTH, 10, 1)
    screen.text("Scan a tube", 4, 1, 0)
    screen.text("T0012345  3/10", 0, 20)
    screen.hline(0, 40, WIDTH, 1)
    screen.text("PRESSED", 0, 48)
    screen.text("WRONG-ISSUER", 3, 56)
    assert read_screen(buffer, WIDTH, HEIGHT) == [
        "Scan a tube",
        "T0012345  3/10",
        "PRESSED",
        "WRONG-ISSUER",
    ]
