"""`scanpost trace`: what a device printed of a fault, in the names of the sources."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import say, told
from provisioning import files
from provisioning.build.name_map import NameMap


def register(app: typer.Typer) -> None:
    """Adds `trace` to `scanpost`."""
    app.command("trace")(trace)


def trace(
    output: Annotated[
        Path, typer.Argument(metavar="FILE", help="What the device printed; - for standard input.")
    ],
    names: Annotated[
        Path,
        typer.Option("--map", help="The build's map of names: it lies beside the build's folder."),
    ],
) -> None:
    """Make a device's traceback readable: its names are those of a build (docs/firmware.md)."""
    with told():
        known = NameMap.load(names)
        data = sys.stdin.buffer.read() if str(output) == "-" else files.read(output)
    # Between frames of the link there may be anything.
    for line in known.readable(data.decode("utf-8", "replace")).splitlines():
        say(line)
