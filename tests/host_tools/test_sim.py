"""`scanpost sim`, with a device in a process of its own."""

import json
from pathlib import Path

import pytest
import segno
import serial
import typer
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from host_tools.commands import sim

BEEPER = Path(__file__).parents[1] / "simulator" / "beeper"

app = typer.Typer()
sim.register(app)


@app.callback()
def main():
    """So that `sim` is a group beside others."""


def run(*words, code=0):
    result = CliRunner().invoke(app, ["sim", *map(str, words)])
    assert result.exit_code == code, result.output + str(result.exception)
    return result.output


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "device"
    run("start", "--folder", made, "--firmware", BEEPER)
    yield made
    run("stop", "--folder", made)
    assert not (made / "port").exists()


def test_a_picture_is_shown_and_the_answer_told(folder, tmp_path):
    segno.make_qr("T0012345").save(tmp_path / "code.png", scale=4)
    status = json.loads(run("status", "--folder", folder, "--json"))
    assert status["lines"] == ["HELLO"]
    assert "HELLO" in run("wait", 2.5, "--folder", folder)
    later = json.loads(run("status", "--folder", folder, "--json"))
    assert later["now_ms"] == status["now_ms"] + 2500
    said = run("show", tmp_path / "code.png", "--folder", folder, "--save", tmp_path / "s.png")
    assert "| T0012345" in said
    assert "sound: 1000 Hz 50 ms, silence 50 ms, 2000 Hz 50 ms" in said
    assert "lights: green" in said
    assert (tmp_path / "s.png").stat().st_size > 200
    answer = json.loads(run("show", "--text", "T2", "--folder", folder, "--json"))
    assert answer["lines"] == ["T2"]
    assert "PRESSED" in run("press", "ok", "--folder", folder)
    with serial.Serial(str(folder / "port")) as port:
        assert port.is_open
    assert "without power" in run("power", "off", "--folder", folder)
    assert "no power" in run("show", "--text", "T3", "--folder", folder, code=1)
    run("start", "--folder", folder, code=1)


def code_picture(name, text):
    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, name))
    return Image.fromarray(made.to_image(scale=3))


def test_codes_that_the_scanner_does_not_read(tmp_path):
    """The library sees one in every 200th QR code: whoever shows that means the QR code."""
    other = code_picture("ITF", "00123456789012")
    other.save(tmp_path / "other.png")
    said = run("show", tmp_path / "other.png", "--folder", tmp_path, code=3)
    assert "does not read" in said
    qr = code_picture("QRCode", "T0012345")
    both = Image.new("L", (other.width + 40, qr.height + other.height + 80), 255)
    both.paste(qr, (20, 20))
    both.paste(other, (20, qr.height + 60))
    both.save(tmp_path / "both.png")
    assert len(zxingcpp.read_barcodes(both)) == 2
    assert sim._decode(tmp_path / "both.png") == (b"T0012345", "QR")


def test_a_live_device_needs_nobody(tmp_path):
    run("start", "--folder", tmp_path, "--firmware", BEEPER, "--live", "--speed", 10)
    answer = json.loads(run("show", "--text", "T1", "--folder", tmp_path, "--json"))
    assert answer["lines"] == ["T1"]
    run("stop", "--folder", tmp_path)


def test_mistakes_are_explained(tmp_path):
    assert "--live" in run("start", "--speed", 2, "--folder", tmp_path, code=2)
    assert "scanpost sim start" in run("status", "--folder", tmp_path, code=4)
    run("show", "--folder", tmp_path, code=2)
    (tmp_path / "no.png").write_bytes(b"no picture")
    assert "cannot be read" in run("show", tmp_path / "no.png", "--folder", tmp_path, code=3)
    assert "did not start" in run("start", "--board", "none", "--folder", tmp_path / "x", code=4)
