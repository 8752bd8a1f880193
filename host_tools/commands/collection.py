"""`scanpost collection`: the signed list of keys that devices seal their journals to."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column

from host_tools.commands import lists
from host_tools.console import (
    AsJson,
    RootKey,
    Zone,
    console,
    hex_bytes,
    new_table,
    print_json,
    say,
    told,
)
from provisioning import collection, keys, local_time
from provisioning.collection import CollectionList
from provisioning.signed_files import read_collection

group = typer.Typer(no_args_is_help=True, help="The keys that devices seal their journals to.")

KIND = lists.Kind(collection.TYP, read_collection, CollectionList.body, CollectionList())

ListFile = Annotated[
    Path, typer.Argument(metavar="LIST", help="The signed list of collection keys.")
]


def register(app: typer.Typer) -> None:
    """Adds `collection` to `scanpost`."""
    app.add_typer(group, name="collection")


@group.command("new")
def new(
    path: ListFile,
    root: RootKey,
    sequence: lists.Sequence = None,
    replace: lists.Replace = False,
    as_json: AsJson = False,
) -> None:
    """Start a list of collection keys, empty. Devices take it once a key is added."""
    KIND.start(path, root, sequence, replace, f"scanpost collection add {path} KEY", as_json)


@group.command("add")
def add(
    path: ListFile,
    key: Annotated[
        Path, typer.Argument(help="The collection key's public part (PEM, SPKI, X25519).")
    ],
    root: RootKey,
    name: Annotated[str, typer.Option(help="The key's name, for people. Up to 32 bytes.")] = "",
    valid_from: Annotated[
        str | None, typer.Option("--from", help="Devices seal to it from then on. [now]")
    ] = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Add a collection key to the list (or change one that is in it) and sign it anew.

    Devices use the key whose --from is the latest that has passed. Keep the private keys before
    it for as long as records sealed to them are unread.
    """
    with told():
        local = local_time.zone(zone)
        start = local_time.parse(valid_from, local) if valid_from else local_time.now()
        row = collection.row_of(keys.load_collection_public(key), start, name)
        number, _ = KIND.change(path, root, lambda found: found.with_key(row))
    lists.tell_added(path, row.kid, number, as_json)


@group.command("remove")
def remove(
    path: ListFile,
    kid: Annotated[str, typer.Argument(help="The collection key's kid, 16 hex digits.")],
    root: RootKey,
    as_json: AsJson = False,
) -> None:
    """Take a key off the list. What is sealed to it stays so: keep its private part."""
    with told():
        gone = hex_bytes(kid, "A kid", 8, 8)
        number, left = KIND.change(path, root, lambda found: found.without(gone))
    lists.tell_removed(path, number, len(left.keys), "keys", as_json)


@group.command("show")
def show(
    path: ListFile,
    root_public: lists.RootPublic = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Show the keys in a list, and which of them devices seal to now."""
    with told():
        local = local_time.zone(zone)
        head, found = KIND.look(path, root_public)
    now = found.at(int(time.time()))
    if as_json:
        print_json(
            {
                **head.as_json(),
                "in_use": now.kid.hex() if now else None,
                "keys": [
                    {
                        "kid": row.kid.hex(),
                        "public_key": row.key.hex(),
                        "from": row.valid_from,
                        "name": row.name,
                    }
                    for row in found.keys
                ],
            }
        )
        return
    say(head.line(local))
    table = new_table(Column("kid", no_wrap=True), "name", "from", "in use")
    for row in found.keys:
        begins = local_time.show(row.valid_from, local)[:16]
        table.add_row(row.kid.hex(), row.name or "-", begins, "now" if row == now else "")
    console().print(table)
