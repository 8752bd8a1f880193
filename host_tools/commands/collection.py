"""`scanpost collection`: the signed list of keys that devices seal their journals to."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from host_tools.console import AsJson, RootKey, Zone, console, hex_bytes, print_json, told
from host_tools.signed_files import Root, read_collection
from provisioning import collection, keys, local_time
from provisioning.collection import CollectionList
from provisioning.errors import FileProblem

group = typer.Typer(no_args_is_help=True, help="The keys that devices seal their journals to.")

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
    sequence: Annotated[
        int | None,
        typer.Option(min=1, help="Its number, where the last list's file is lost: a higher one."),
    ] = None,
    replace: Annotated[bool, typer.Option(help="Empty a list that is there already.")] = False,
) -> None:
    """Start a list of collection keys, empty. Devices take it once a key is added."""
    with told():
        owner = Root.load(root)
        number = sequence or 1
        if path.exists():
            if not replace:
                raise FileProblem(
                    f"{path} is there already. Add to it, or empty it with --replace."
                )
            number = sequence or read_collection(path, owner.public)[0].sequence + 1
        owner.write(path, collection.TYP, number, CollectionList().body())
    typer.echo(f"{path}: number {number}, no keys. Next: scanpost collection add {path} KEY")


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
        start = local_time.parse(valid_from, local) if valid_from else int(time.time())
        row = collection.row_of(keys.load_collection_public(key), start, name)
        owner = Root.load(root)
        signed, found = read_collection(path, owner.public)
        owner.write(path, collection.TYP, signed.sequence + 1, found.with_key(row).body())
    if as_json:
        print_json({"kid": row.kid.hex(), "sequence": signed.sequence + 1})
    else:
        typer.echo(f"{path}: number {signed.sequence + 1}")
        typer.echo(f"kid: {row.kid.hex()}")


@group.command("remove")
def remove(
    path: ListFile,
    kid: Annotated[str, typer.Argument(help="The collection key's kid, 16 hex digits.")],
    root: RootKey,
) -> None:
    """Take a key off the list. What is sealed to it stays so: keep its private part."""
    with told():
        owner = Root.load(root)
        signed, found = read_collection(path, owner.public)
        left = found.without(hex_bytes(kid, "A kid", 8, 8))
        owner.write(path, collection.TYP, signed.sequence + 1, left.body())
    typer.echo(f"{path}: number {signed.sequence + 1}, {len(left.keys)} keys")


@group.command("show")
def show(
    path: ListFile,
    root_public: Annotated[
        Path | None, typer.Option(help="The root's public key (PEM), to check the signature.")
    ] = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Show the keys in a list, and which of them devices seal to now."""
    with told():
        local = local_time.zone(zone)
        root = keys.load_public(root_public) if root_public else None
        signed, found = read_collection(path, root)
    now = found.at(int(time.time()))
    if as_json:
        print_json(
            {
                "sequence": signed.sequence,
                "signed_at": signed.signed_at,
                "root_kid": signed.kid.hex(),
                "signature_checked": root is not None,
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
    checked = "signature good" if root else "signature not checked: name --root-public"
    typer.echo(
        f"Number {signed.sequence}, signed {local_time.show(signed.signed_at, local)} "
        f"by root {signed.kid.hex()}; {checked}."
    )
    table = Table(Column("kid", no_wrap=True), "name", "from", "in use")
    for row in found.keys:
        begins = local_time.show(row.valid_from, local)[:16]
        table.add_row(row.kid.hex(), row.name or "-", begins, "now" if row == now else "")
    console().print(table)
