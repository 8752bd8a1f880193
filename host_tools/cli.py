"""`scanpost`, one command with groups. docs/cli.md describes it, exit codes included."""

import typer

from host_tools.commands import (
    clock,
    collection,
    conform,
    device,
    issue,
    journal,
    keys,
    operator,
    sim,
    trace,
    trust,
    verify,
)

app = typer.Typer(
    name="scanpost",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they may hold keys
    help="Offline registration of sampling passes: keys, passes, devices, journals.",
)
for command in (
    keys,
    trust,
    collection,
    operator,
    issue,
    verify,
    conform,
    device,
    clock,
    journal,
    sim,
    trace,
):
    command.register(app)


def main() -> None:
    """The entry point of `scanpost`."""
    app()


if __name__ == "__main__":
    main()
