"""What the commands share: exit codes, messages, output for programs, passphrases."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import typer
from rich.console import Console
from rich.table import Column, Table

from host_tools.terminal import json_text, printable
from provisioning.errors import FileProblem, Mistyped, Problem
from provisioning.files import OpenToOthers

# Exit codes (docs/cli.md).
EXIT_REFUSED = 1  # a pass, a claim or a list was refused; vectors differ
EXIT_USAGE = 2  # typed wrongly; typer ends with it, too
EXIT_FILE = 3  # a file cannot be used

PASSPHRASE_VARIABLE = "SCANPOST_PASSPHRASE"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
RootKey = Annotated[
    Path, typer.Option("--root", envvar="SCANPOST_ROOT", help="The root's private key (PEM).")
]
Zone = Annotated[str, typer.Option("--zone", help="Time zone of the place, for days and times.")]


@contextmanager
def told() -> Iterator[None]:
    """Turns a Problem into a message and an exit code, and a file open to others into a remark."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", OpenToOthers)
            warnings.showwarning = _show_warning
            yield
    except FileProblem as error:
        give_up(str(error), EXIT_FILE)
    except Mistyped as error:
        give_up(str(error), EXIT_USAGE)
    except Problem as error:
        give_up(str(error), EXIT_REFUSED)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    note(str(message))


def give_up(message: str, code: int) -> NoReturn:
    """Says it on standard error and ends the command."""
    remark(message, "red")
    raise typer.Exit(code)


def note(message: str) -> None:
    """A remark on standard error, apart from the output."""
    remark(message, "yellow")


def remark(message: str, style: str) -> None:
    """Says it on standard error in this colour."""
    out = _Careful(stderr=True, soft_wrap=True, markup=False, highlight=False)
    for line in message.split("\n"):
        out.print(line, style=style)


def say(line: str) -> None:
    """A line of output."""
    typer.echo(printable(line))


class _Careful(Console):
    """Texts are printed as they are harmless, never as markup."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As rich's; texts, and tables that `new_table` made."""
        super().print(
            *(printable(one) if isinstance(one, str) else one for one in objects), **options
        )


class _CarefulTable(Table):
    def add_row(self, *cells: Any, **options: Any) -> None:
        """As rich's, of texts."""
        super().add_row(*(printable(str(cell)) for cell in cells), **options)


def console() -> Console:
    """For output with names from files and devices in it."""
    return _Careful(markup=False, highlight=False)


def new_table(*columns: str | Column, **options: Any) -> Table:
    """A table to be printed with `console`; its cells are texts from anywhere."""
    return _CarefulTable(*columns, **options)


def print_json(value: object) -> None:
    """Prints JSON, for programs; bytes as hexadecimal, also where they are keys."""
    typer.echo(json_text(_plain(value), indent=2))


def print_json_line(value: object) -> None:
    """The same on one line."""
    typer.echo(json_text(_plain(value)))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def hex_bytes(text: str, what: str, least: int, most: int) -> bytes:
    """Bytes typed as hex digits, `least` to `most` of them. Raises Mistyped."""
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        raise Mistyped(f"{what} is written in hex digits, not like {text!r}.") from error
    if not least <= len(data) <= most:
        size = f"{least}" if least == most else f"{least} to {most}"
        raise Mistyped(f"{what} has {size} bytes, two hex digits each.")
    return data


def ask_passphrase(path: Path) -> bytes:
    """The passphrase of a key: from the environment, or typed. Raises FileProblem."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is not None:
        return given.encode()
    if not sys.stdin.isatty():
        raise FileProblem(f"{path} has a passphrase: set {PASSPHRASE_VARIABLE} to it.")
    return str(typer.prompt(f"Passphrase of {path}", hide_input=True, err=True)).encode()


def new_passphrase(path: Path) -> bytes:
    """A passphrase for a new key: from the environment, or typed twice. Raises FileProblem."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is None:
        if not sys.stdin.isatty():
            raise FileProblem(f"No passphrase for {path}: set {PASSPHRASE_VARIABLE} to it.")
        prompt = f"New passphrase for {path}"
        given = typer.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
    if not given:
        raise FileProblem(f"The passphrase for {path} is empty.")
    return str(given).encode()
