"""`scanpost sim`: a simulated device, to try everything without one.

It runs as a process of its own; its flash and its chips' memories stay in a folder, so it goes on
where it stopped. Its serial port is a pty in that folder: `--port FOLDER/port`.
"""

import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools.console import console, print_json_line, remark, say
from simulator import control
from simulator.screen_reader import as_blocks, as_picture

EXIT_NO_REACTION = 1  # the device did not answer
EXIT_FILE = 3  # a picture cannot be read
EXIT_NO_DEVICE = 4  # no simulated device runs there

# as zxing-cpp names them, and as the scanner's model does
KINDS = {
    "QRCode": "QR",
    "QRCodeModel2": "QR",
    "Code128": "Code128",
    "DataMatrix": "DataMatrix",
    "PDF417": "PDF417",
}
START_TIMEOUT_S = 120  # of a computer that has other work; one that ends says so at once

Folder = Annotated[
    Path,
    typer.Option("--folder", envvar="SCANPOST_SIM", help="Where the simulated device is kept."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DEFAULT_FOLDER = Path(".sim")

group = typer.Typer(no_args_is_help=True, help="A simulated device: start it, show it codes.")


class Runtime(StrEnum):
    """What executes the firmware."""

    cpython = "cpython"
    micropython = "micropython"


class Power(StrEnum):
    """What to do with the power."""

    on = "on"
    off = "off"
    cut = "cut"


class Button(StrEnum):
    """The buttons of the board."""

    ok = "ok"
    back = "back"
    trigger = "trigger"


def register(app: typer.Typer) -> None:
    """Adds `sim` to the command line."""
    app.add_typer(group, name="sim")


def _fail(message: str, code: int) -> typer.Exit:
    remark(message, "red")
    return typer.Exit(code)


def _ask(folder: Path, do: str, **what: Any) -> dict[str, Any]:
    try:
        return control.ask(folder, do, **what)
    except control.NotRunning as error:
        raise _fail(f"{error}; start one: scanpost sim start --folder {folder}", 4) from None
    except control.Refused as error:
        raise _fail(f"The simulated device cannot do that: {error}", EXIT_NO_REACTION) from None


def _is_running(folder: Path) -> bool:
    try:
        control.ask(folder, "status")
    except control.NotRunning:
        return False
    return True


@group.command()
def start(
    folder: Folder = DEFAULT_FOLDER,
    runtime: Annotated[
        Runtime, typer.Option(help="Run the firmware under CPython or in the real MicroPython.")
    ] = Runtime.cpython,
    board: Annotated[str, typer.Option(help="The board, a folder of boards/.")] = "simulator",
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Let its time pass by itself, to watch it. Otherwise it passes while something "
            "is asked of the device: show, press, wait, or a command over its port.",
        ),
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(min=0.01, help="With --live: simulated seconds a second, 1 if not given."),
    ] = None,
    firmware: Annotated[
        Path | None, typer.Option(help="The firmware's folder, of .py or (MicroPython) .mpy files.")
    ] = None,
    listen: Annotated[
        int | None, typer.Option(help="A TCP port for the serial port, instead of a pty.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of everything random in a new device, to repeat a trial.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Switch a simulated device on; it keeps running until `scanpost sim stop`."""
    if speed is not None and not live:
        raise typer.BadParameter("--speed needs --live: else no time passes by itself")
    if _is_running(folder):
        raise _fail(
            f"A simulated device runs in {folder} already; stop it: scanpost sim stop "
            f"--folder {folder}",
            EXIT_NO_REACTION,
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / control.RUNNING).unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "simulator",
        str(folder),
        f"--board={board}",
        f"--runtime={runtime}",
    ]
    command += [f"--speed={speed or 1.0}"] if live else []
    command += [f"--firmware={firmware.resolve()}"] if firmware else []
    command += [f"--seed={seed}"] if seed is not None else []
    command += [f"--listen={listen}"] if listen is not None else []
    log_path = folder / "log.txt"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (folder / control.RUNNING).exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise _fail(
                f"The simulated device did not start:\n{log_path.read_text()}", EXIT_NO_DEVICE
            )
        time.sleep(0.02)
    if not live:
        _ask(folder, "ready")
    port = control.running(folder)["port"]
    if as_json:
        print_json_line({"port": port, "folder": str(folder)})
        return
    say(f"The device is on. Its serial port: --port {port}")


@group.command()
def status(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """What the device shows now, and what its chips counted."""
    answer = _ask(folder, "status")
    if as_json:
        print_json_line(answer)
        return
    say("powered" if answer["powered"] else "without power")
    _print_lines(answer["lines"])
    if answer["stopped"]:
        for line in ("The firmware stopped:", *answer["stopped"].split("\n")):
            say(line)


@group.command()
def show(
    picture: Annotated[
        Path | None, typer.Argument(help="A picture with a code: PNG, JPEG, a photograph.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="The code's text, without a picture.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="What kind of code the text is: QR, Code128, DataMatrix or PDF417. Without it, "
            "Code128 for a tube's number, QR for anything else."
        ),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    save: Annotated[
        Path | None, typer.Option(help="Save the device's screen as a PNG picture.")
    ] = None,
    pause_ms: Annotated[
        int | None,
        typer.Option(
            min=0, help="Let so much of its time pass first; if not live, 2000, as in a queue."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a code in front of the scanner, once it reads, and say what the device did."""
    if (picture is None) == (text is None):
        raise typer.BadParameter("give a picture, or --text")
    if kind is not None and kind not in KINDS.values():
        raise typer.BadParameter(f"--kind is one of {', '.join(KINDS.values())}")
    data, kind = (text.encode(), kind) if text is not None else _decode(picture)
    answer = _ask(folder, "show", data=data.hex(), kind=kind, pause_ms=pause_ms)
    frame = bytes.fromhex(answer["frame"])
    if save is not None:
        as_picture(frame, answer["width"], answer["height"]).save(save)
    if as_json:
        print_json_line(answer)
    else:
        _print_answer(answer, frame)
    if not answer["reacted"]:
        raise typer.Exit(EXIT_NO_REACTION)


def _decode(picture: Path | None) -> tuple[bytes, str]:
    import zxingcpp
    from PIL import Image, UnidentifiedImageError

    assert picture is not None
    try:
        with Image.open(picture) as image:
            grey = image.convert("L")
            # What the scanner reads; in one QR code of 200 the library sees another kind besides.
            found = zxingcpp.read_barcodes(grey, formats=_formats())
            other = not found and zxingcpp.read_barcodes(grey)
    except (OSError, UnidentifiedImageError) as error:
        raise _fail(f"{picture} cannot be read as a picture: {error}", EXIT_FILE) from None
    if other:
        raise _fail(f"{picture} has a code that the scanner does not read", EXIT_FILE)
    if len(found) != 1:
        what = "no code" if not found else f"{len(found)} codes"
        raise _fail(f"{picture} has {what} in it; show it a picture with one", EXIT_FILE)
    return bytes(found[0].bytes), KINDS[found[0].format.name]


def _formats() -> Any:
    import zxingcpp

    return [getattr(zxingcpp.BarcodeFormat, name) for name in KINDS]


def _print_lines(lines: list[str]) -> None:
    for line in lines:
        say(f"  | {line}")


def _print_answer(answer: dict[str, Any], frame: bytes) -> None:
    if not answer["powered"]:
        say("The device has no power.")
        return
    if not answer["reacted"]:
        say("The device did not react.")
    if console().width >= answer["width"]:  # else its lines would be folded
        for line in as_blocks(frame, answer["width"], answer["height"]).split("\n"):
            say(line)
    _print_lines(answer["lines"])
    if answer["reacted"]:
        tones = ", ".join(
            f"{hertz} Hz {ms} ms" if hertz else f"silence {ms} ms" for hertz, ms in answer["sound"]
        )
        lights = ", ".join(answer["lights"]) or "none"
        say(f"after {answer['took_ms']} ms; sound: {tones}; lights: {lights}")


@group.command()
def press(
    button: Annotated[Button, typer.Argument(help="Which button.")],
    folder: Folder = DEFAULT_FOLDER,
    hold_ms: Annotated[int, typer.Option(min=1, max=60_000, help="For how long.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Press a button of the device."""
    answer = _ask(folder, "press", button=str(button), hold_ms=hold_ms)
    if as_json:
        print_json_line(answer)
        return
    _print_lines(answer["lines"])


@group.command()
def wait(
    seconds: Annotated[float, typer.Argument(min=0, max=86400, help="Simulated seconds.")],
    folder: Folder = DEFAULT_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Let the device's time pass: it erases ahead, makes tables, shows the time."""
    _ask(folder, "wait", ms=round(seconds * 1000))
    answer = _ask(folder, "status")
    if as_json:
        print_json_line(answer)
        return
    _print_lines(answer["lines"])


@group.command()
def power(
    what: Annotated[Power, typer.Argument(help="on, off, or cut: fail inside a flash write.")],
    folder: Folder = DEFAULT_FOLDER,
    after: Annotated[
        int, typer.Option(min=0, help="With cut: let so many flash operations pass first.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Switch the device's power, or let it fail in the middle of a flash write."""
    if what is Power.cut:
        answer = _ask(folder, "power", cut_in=after)
        if as_json:
            print_json_line(answer)
            return
        say("The power will fail inside a flash operation to come.")
        return
    answer = _ask(folder, "power", on=what is Power.on)
    if answer["powered"] and _ask(folder, "status")["speed"] is None:
        _ask(folder, "ready")
    if as_json:
        print_json_line(answer)
        return
    say("powered" if answer["powered"] else "without power")


@group.command()
def stop(folder: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """End the simulated device. Its flash stays in the folder."""
    pid_file = folder / control.RUNNING
    _ask(folder, "stop")
    deadline = time.monotonic() + START_TIMEOUT_S
    while pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if as_json:
        print_json_line({"folder": str(folder)})
        return
    say(f"The device is off. What it keeps is in {folder}.")
