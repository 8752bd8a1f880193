"""`scanpost settings`: the settings that the root signs for a device."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands import lists
from host_tools.console import AsJson, RootKey, ask_passphrase, print_json, say, told
from provisioning import files, settings
from provisioning.errors import FileProblem, Malformed, Mistyped
from provisioning.settings import Settings
from provisioning.signed_files import Root, read_signed


def register(app: typer.Typer) -> None:
    """Adds `settings` to `scanpost`."""
    app.command("settings")(make_settings)


def make_settings(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The signed settings; made if not there.")
    ],
    root: RootKey,
    site: Annotated[str | None, typer.Option(help="The place's name, up to 32 bytes.")] = None,
    utc_offset: Annotated[
        str | None, typer.Option(help="Local time on the screen, such as +08:00.")
    ] = None,
    tube_size: Annotated[
        int | None, typer.Option(min=1, max=99, help="Samples in one tube.")
    ] = None,
    device_name: Annotated[
        str | None, typer.Option(help="The device's name, up to 16 bytes.")
    ] = None,
    tube_pattern: Annotated[
        str | None,
        typer.Option(
            help="A tube's barcode: # a digit, @ a letter, ? either, * at the end any more of "
            "them, everything else itself."
        ),
    ] = None,
    without_tubes: Annotated[
        bool | None,
        typer.Option("--without-tubes/--with-tubes", help="Register people without tubes."),
    ] = None,
    tube_code: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What kind of barcode a tube has ({', '.join(settings.SYMBOLOGIES)}); "
            "may be repeated."
        ),
    ] = None,
    at_trigger: Annotated[
        bool | None,
        typer.Option(
            "--at-trigger/--hands-free",
            help="The scanner reads when its button is pressed, or all the time.",
        ),
    ] = None,
    any_kind: Annotated[
        bool | None,
        typer.Option(
            "--any-kind-of-code/--known-kinds-of-code",
            help="Accept codes of a scanner that does not say of what kind they are: "
            "a tube's number on a phone then passes for a tube (docs/gm65.md).",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a device's settings, or change them; what is not named stays as it is."""
    with told():
        owner = Root.load(root, ask_passphrase)
        offset = None if utc_offset is None else _offset_minutes(utc_offset)
        named = {
            "site": site,
            "utc_offset_minutes": offset,
            "tube_size": tube_size,
            "device_name": device_name,
            "tube_pattern": tube_pattern,
            "without_tubes": without_tubes,
            "tube_symbologies": [_symbology(name) for name in tube_code] if tube_code else None,
            "reads_at_trigger": at_trigger,
            "accepts_unknown_symbology": any_kind,
        }
        changed = {key: value for key, value in named.items() if value is not None}
        with files.locked(path):
            before, found = None, Settings()
            if files.is_there(path):
                before = read_signed(path, settings.TYP, owner.public)
                found = _settings_in(path, before.body)
            number = lists.next_number(before)
            found = Settings(**{**found._asdict(), **changed})
            found.check()
            owner.write(path, settings.TYP, number, found.body())
    if as_json:
        print_json({"sequence": number, **found._asdict()})
        return
    say(f"{path}: number {number}")
    names = {number: name for name, number in settings.SYMBOLOGIES.items()}
    shown = {
        **found._asdict(),
        "tube_symbologies": ", ".join(names[number] for number in found.tube_symbologies),
    }
    for key, value in shown.items():
        say(f"  {key.replace('_', ' ')}: {value}")


def _symbology(name: str) -> int:
    if name not in settings.SYMBOLOGIES:
        raise Mistyped(f"{name} is no kind of barcode; one of {', '.join(settings.SYMBOLOGIES)}.")
    return settings.SYMBOLOGIES[name]


def _settings_in(path: Path, body: object) -> Settings:
    try:
        return Settings.from_body(body)
    except Malformed as error:
        raise FileProblem(f"{path} holds settings that no device takes.") from error


def _offset_minutes(text: str) -> int:
    try:
        offset = datetime.strptime(text.replace("Z", "+00:00"), "%z").utcoffset()
    except ValueError as error:
        raise Mistyped(f"{text} is no UTC offset; write it like +08:00.") from error
    assert offset is not None
    return int(offset.total_seconds()) // 60
