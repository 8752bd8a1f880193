"""`scanpost`, one command with groups. docs/cli.md describes it, exit codes included."""

import io
import sys
from importlib import metadata
from typing import Annotated

import typer

from host_tools.commands import (
    clock,
    collection,
    conform,
    deploy,
    devices,
    issue,
    journal,
    keys,
    operator,
    provision,
    pull,
    revoke,
    service,
    settings,
    sim,
    status,
    trace,
    trust,
    tubes,
    verify,
)
from host_tools.console import EXIT_FILE, say

app = typer.Typer(
    name="scanpost",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they may hold keys
)
for command in (
    keys,
    trust,
    revoke,
    settings,
    collection,
    operator,
    issue,
    verify,
    conform,
    deploy,
    devices,
    provision,
    status,
    clock,
    service,
    pull,
    tubes,
    journal,
    sim,
    trace,
):
    command.register(app)


def _version(is_asked: bool) -> None:
    if is_asked:
        say(f"scanpost {metadata.version('scanpost')}")
        raise typer.Exit


@app.callback()
def scanpost(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it, and end.")
    ] = False,
) -> None:
    """Offline registration of sampling passes: keys, passes, devices, journals."""


def main() -> None:
    """The entry point of `scanpost`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every encoding has every letter
    try:
        app()
    except OSError as error:  # what the commands do not expect: their output has no room
        print(f"scanpost cannot go on: {error.strerror}.", file=sys.stderr)
        sys.exit(EXIT_FILE)


if __name__ == "__main__":
    main()
