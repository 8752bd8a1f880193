"""Makes docs/screens.png: what the device's screen shows in some moments, from its own firmware.

    python -m tools.screens [FILE]

A simulated board runs the firmware as it is, is provisioned over its link and shown codes; what
then is in its display controller's memory is drawn at three pixels each. Run it again whenever a
screen has changed, and look at the picture.
"""

import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from PIL import Image, ImageDraw, ImageFont

from host_tools.client import Client
from host_tools.provision import Plan, provision
from provisioning import claims, collection, cose, issuing, local_time, settings, trust
from provisioning.keys import raw_public
from provisioning.signed import seal
from simulator import hands
from simulator.board import VirtualBoard
from simulator.link import LinkPort
from simulator.wiring import wire

ROOT = Path(__file__).parents[1]
NOW_S = 1795397700  # 2026-11-23 at 9:35 in China
DAY_S = 86400
SCALE = 3
COLUMNS = 3
GAP = 16
CAPTION_PIXELS = 26
GLASS, LIT, PAPER, INK = (12, 16, 24), (190, 225, 255), (255, 255, 255), (40, 40, 40)


class Desk:
    """A device on the desk, with an owner and an office that issues passes."""

    def __init__(self, folder):
        self.root, self.issuer = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self.board = VirtualBoard(folder, wire=wire)
        self.board.power_on()
        self.board.run_for_ms(5000)
        self.shots = []

    def plan(self):
        def sealed(typ, body):
            return seal(self.root, typ, 1, NOW_S, body)

        public = raw_public(self.issuer)
        row = trust.Issuer(cose.kid_of(public), -8, public, 0, 2 * NOW_S, 30 * DAY_S, "City")
        lab = raw_public(X25519PrivateKey.generate().public_key())
        keys = collection.CollectionList((collection.row_of(lab, NOW_S - DAY_S, "Lab"),))
        return Plan(
            root=raw_public(self.root),
            unix_s=NOW_S,
            collection=sealed(collection.TYP, keys.body()),
            trust=sealed(trust.TYP, trust.TrustList((row,)).body()),
            settings=sealed(settings.TYP, settings.Settings(site="Gate 3", tube_size=10).body()),
        )

    def a_pass(self, subject, name, key=None, issued_at=NOW_S - DAY_S, days=30, **more):
        validity = issuing.Validity(issued_at, issued_at + days * DAY_S)
        person = issuing.Person(subject * 16, name, **more)
        return issuing.issue(key or self.issuer, person, validity, local_time.zone()).text

    def show(self, text, caption, kind="QR"):
        """Holds a code in front of the scanner; the screen is kept with this caption."""
        answer = hands.show(self.board, text.encode(), kind)
        if not answer.reacted:
            raise SystemExit(f"The device did not react to {caption}: {answer.lines}")
        self.keep(caption)
        self.board.run_for_ms(4000)

    def keep(self, caption):
        frame = bytes(self.board.chips["screen"].frame())
        self.shots.append((caption, frame))


def scenes(desk):
    """A morning at a sampling point."""
    client = Client(LinkPort(desk.board))
    provision(client, desk.plan(), lambda *_: None)
    desk.board.run_for_ms(3000)
    desk.keep("in the morning")
    desk.show("T0012345", "a tube's barcode", kind="Code128")
    zhang = desk.a_pass(b"a", "张三丰", id_number="11010519491231002X", relation=claims.ELDER)
    desk.show(zhang, "a pass that relatives fetched")
    desk.show(desk.a_pass(b"b", "李四"), "the next person")
    desk.show(desk.a_pass(b"b", "李四"), "the same person again")
    old = desk.a_pass(b"c", "王五", issued_at=NOW_S - 31 * DAY_S)
    desk.show(old, "a pass of last month")
    desk.show(desk.a_pass(b"d", "周六", key=Ed25519PrivateKey.generate()), "somebody's own key")
    desk.show("https://example.org/pay?id=7", "a payment code")
    desk.keep("until the next scan")


def drawn(frame, width, height):
    """A frame of the display as a picture."""
    picture = Image.new("RGB", (width, height), GLASS)
    for y in range(height):
        for x in range(width):
            if frame[(y >> 3) * width + x] >> (y & 7) & 1:
                picture.putpixel((x, y), LIT)
    return picture.resize((SCALE * width, SCALE * height), Image.Resampling.NEAREST)


def sheet(shots, width, height):
    """All pictures with their captions, in rows."""
    font = ImageFont.load_default(16)
    cell_x, cell_y = SCALE * width + GAP, SCALE * height + CAPTION_PIXELS + GAP
    rows = -(-len(shots) // COLUMNS)
    picture = Image.new("RGB", (COLUMNS * cell_x + GAP, rows * cell_y + GAP), PAPER)
    draw = ImageDraw.Draw(picture)
    for number, (caption, frame) in enumerate(shots):
        row, column = divmod(number, COLUMNS)
        at = (GAP + column * cell_x, GAP + row * cell_y)
        picture.paste(drawn(frame, width, height), at)
        draw.text((at[0], at[1] + SCALE * height + 4), caption, fill=INK, font=font)
    return picture.quantize(16)


def main(path):
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(folder)
        try:
            scenes(desk)
        finally:
            desk.board.close()
        size = desk.board.data.SCREEN_WIDTH, desk.board.data.SCREEN_HEIGHT
    sheet(desk.shots, *size).save(path, optimize=True)
    print(f"{path}: {len(desk.shots)} screens")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screens.png")
