"""`scanpost`, one command with groups. docs/cli.md describes it, exit codes included."""

from importlib import metadata
from typing import Annotated

import typer

from host_tools.commands import (
    clock,
    collection,
    conform,
    deploy,
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
        typer.echo(f"scanpost {metadata.version('scanpost')}")
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
    app()


if __name__ == "__main__":
    main()
