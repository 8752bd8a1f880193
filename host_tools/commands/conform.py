"""`scanpost conform`: a file of vectors through the host's code or the device's."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools.console import EXIT_REFUSED, AsJson, console, print_json, say, told
from host_tools.device_vectors import answers
from host_tools.vectors import VectorFile, answer
from provisioning import files
from provisioning.errors import FileProblem


class Runtime(StrEnum):
    """Whose code answers."""

    host = "host"
    cpython = "cpython"
    micropython = "micropython"


def register(app: typer.Typer) -> None:
    """Adds `conform` to `scanpost`."""
    app.command("conform")(conform)


def conform(
    vectors: Annotated[
        Path, typer.Argument(metavar="VECTORS.json", help="trust, revoked and vectors.")
    ],
    runtime: Annotated[
        Runtime, typer.Option(help="The host's code, or the device's on CPython or MicroPython.")
    ] = Runtime.host,
    firmware: Annotated[
        Path | None, typer.Option(help="The firmware's folder, where it lies elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that every vector gets the answer it names. Exit code 1: some do not."""
    with told():
        file = _read(vectors)
        if runtime is Runtime.host:
            found = [answer(file, vector) for vector in file.vectors]
        else:
            found = answers(file, runtime.value, firmware)
    differences = [
        _difference(number, vector.name, vector.expected, got)
        for number, (vector, got) in enumerate(zip(file.vectors, found, strict=True))
        if any(got.get(key) != value for key, value in vector.expected.items())
    ]
    if as_json:
        print_json({"runtime": runtime.value, "vectors": len(found), "differences": differences})
    else:
        for each in differences:
            console().print(f"{each['number']}. {each['name']}", style="red")
            for key, (expected, got) in each["differs"].items():
                console().print(f"   {key}: expected {expected}, answered {got}", soft_wrap=True)
            if "rule" in each:
                console().print(f"   {each['rule']}", soft_wrap=True)
        say(f"{len(found)} vectors ({runtime.value}): {len(differences)} differ.")
    if differences:
        raise typer.Exit(EXIT_REFUSED)


def _read(path: Path) -> VectorFile:
    try:
        data = json.loads(files.read(path))
    except (ValueError, RecursionError) as error:
        raise FileProblem(f"{path} is no JSON: {error}.") from error
    return VectorFile.from_json(data)


def _difference(
    number: int, name: str, expected: dict[str, Any], got: dict[str, Any]
) -> dict[str, Any]:
    differs = {
        key: (value, got.get(key)) for key, value in expected.items() if got.get(key) != value
    }
    rule = {"rule": got["rule"]} if "rule" in got else {}
    return {"number": number, "name": name, "differs": differs, **rule}
