"""`scanpost tubes`: tubes with their registrations, of a database or a device."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Column, Table

from host_tools.commands.connected import connected, local, told
from host_tools.console import AsJson, ask_passphrase, console, new_table, print_json
from host_tools.pull import pull
from host_tools.store import Store, StoreError, Tube
from provisioning import claims
from provisioning.keys import load_collection_keys

_RELATIONS = {number: name for name, number in claims.RELATION_NAMES.items()}


def register(app: typer.Typer) -> None:
    """Adds `tubes` to `scanpost`."""
    app.command("tubes")(tubes)


def tubes(
    db: Annotated[Path | None, typer.Option("--db", help="The database to read.")] = None,
    port: Annotated[
        str | None,
        typer.Option(help="Read a device's journal instead, and leave it as it is."),
    ] = None,
    collection_key: Annotated[
        list[Path] | None,
        typer.Option(help="With --port: collection key (PEM, private); may be repeated."),
    ] = None,
    people: Annotated[bool, typer.Option(help="List the registrations of each tube too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show tubes with their registrations, and what was refused."""
    if (db is None) == (port is None):
        raise typer.BadParameter("Name either --db or --port.")
    with told():
        if db is not None and not db.exists():
            raise StoreError(f"{db} is not there. Make it with: scanpost pull --db {db}")
        store = Store(db or ":memory:")
        if port is not None:
            opening_keys = load_collection_keys(collection_key or [], ask_passphrase)
            with connected(port) as client:
                pull(client, store, int(time.time()), opening_keys)
        found, refused = store.tubes(), store.refusals_by_reason()
        registrations = store.registrations()
        store.close()
    if as_json:
        print_json(
            {
                "tubes": [tube._asdict() for tube in found],
                "registrations": registrations,
                "refusals": refused,
            }
        )
        return
    out = console()
    out.print(_tube_table(found))
    if people:
        out.print(_people_table(registrations))
    if refused:
        out.print(_refusal_table(refused))


def _tube_table(found: list[Tube]) -> Table:
    table = new_table("tube", "people", "opened", "closed", "device", title="Tubes")
    for tube in found:
        people = str(tube.people)
        if tube.closed_people is not None and tube.closed_people != tube.people:
            people += f" (the device counted {tube.closed_people})"
        table.add_row(
            tube.tube or "(without a tube)",
            people,
            local(tube.opened_time),
            local(tube.closed_time),
            tube.device.hex(),
        )
    return table


def _people_table(registrations: list[dict[str, Any]]) -> Table:
    # Subjects are copied as a whole; 80 columns have room for all of it without lines between.
    subject, when = (Column(name, no_wrap=True) for name in ("subject", "time"))
    table = new_table(
        *("tube", "no.", subject, "relation", when),
        title="Registrations",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for row in registrations:
        table.add_row(
            row["tube"] or "-",
            str(row["position"] or "-"),
            row["subject"].hex(),
            _RELATIONS.get(row["relation"], str(row["relation"])),
            local(row["time"]),
        )
    return table


def _refusal_table(refused: dict[str, int]) -> Table:
    table = new_table("reason", "times", title="Refused")
    for reason, times in refused.items():
        table.add_row(reason, str(times))
    return table
