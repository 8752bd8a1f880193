"""`scanpost pull`: what a device has recorded, into a database."""

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands.connected import Port, connected, told
from host_tools.commands.progress import bars
from host_tools.console import AsJson, ask_passphrase, print_json, say
from host_tools.journal.damage import told as told_damage
from host_tools.operators import Operator
from host_tools.pull import Pulled, pull
from host_tools.store import Store
from provisioning.keys import load_collection_keys

EXIT_DAMAGED = 5  # beside those of console.py and connected.py

Database = Annotated[Path, typer.Option("--db", help="The database (SQLite); made if not there.")]


def register(app: typer.Typer) -> None:
    """Adds `pull` to `scanpost`."""
    app.command("pull")(pull_journal)


def pull_journal(
    port: Port,
    db: Database,
    collection_key: Annotated[
        list[Path] | None,
        typer.Option(
            help="Collection key (PEM, private) that opens the records; may be repeated. "
            "Without it they are kept sealed, and opened by a later pull that has it."
        ),
    ] = None,
    operator: Annotated[
        Path | None, typer.Option(help="The operator's private key (PEM), to acknowledge with.")
    ] = None,
    credential: Annotated[
        Path | None, typer.Option(help="The operator's credential, with the role collect.")
    ] = None,
    close_shift: Annotated[
        bool,
        typer.Option(
            "--close-shift", help="Let the device forget what is acknowledged, and whom it saw."
        ),
    ] = False,
    accept_damage: Annotated[
        bool,
        typer.Option(
            "--accept-damage", help="Go on although records are altered or missing; they stay so."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take what a device has recorded into a database; open and verify it.

    The device is told only after the database has it on disk, and only by an operator. Doing it
    again brings only what is new. Exit code 5: it went well, but records are altered or missing.
    """
    if (operator is None) != (credential is None):
        raise typer.BadParameter("An operator takes both --operator and --credential.")
    if close_shift and operator is None:
        raise typer.BadParameter("Only an operator closes a shift: --operator and --credential.")
    with told():
        signer = _operator(operator, credential)
        opening_keys = load_collection_keys(collection_key or [], ask_passphrase)
        with connected(port) as client:
            store = Store(db)
            with bars() as show:
                pulled = pull(
                    *(client, store, int(time.time()), opening_keys, signer),
                    close_shift=close_shift,
                    accept_damage=accept_damage,
                    progress=lambda done, last: show("journal", done, last),
                )
            store.close()
    if as_json:
        print_json(pulled._asdict())
    else:
        _tell_pulled(pulled)
    if not pulled.is_whole:
        raise typer.Exit(EXIT_DAMAGED)


def _tell_pulled(pulled: Pulled) -> None:
    say(f"Device {pulled.device.hex()}: {pulled.new} new records, {pulled.opened} opened.")
    for kid, count in Counter(problem.sealed_to for problem in pulled.problems).items():
        if kid is not None:
            say(f"{count} records are sealed to collection key {kid.hex()}; they are kept.")
    for problem in pulled.damaged:
        say(f"Record {problem.sequence}: {problem.problem}.")
    for damage in pulled.damages:
        say(f"{_sentence(told_damage(damage))}.")
    for first, last in pulled.elsewhere:
        say(f"Records {first} to {last} went to another host, and left the device.")
    if pulled.acknowledged is not None:
        say(f"Acknowledged up to record {pulled.acknowledged}.")
    elif not pulled.is_whole:
        say("Not acknowledged. To go on all the same: --accept-damage")
    if pulled.released is not None:
        say(f"The shift is closed; the device may forget up to record {pulled.released}.")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _operator(key: Path | None, credential: Path | None) -> Operator | None:
    return Operator.load(key, credential, ask_passphrase) if key and credential else None
