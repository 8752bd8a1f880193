"""`scanpost devices`: which devices a database knows, and what in it does not count."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands.connected import local, told
from host_tools.console import (
    AsJson,
    console,
    hex_bytes,
    new_table,
    print_json,
    print_json_line,
    say,
)
from host_tools.journal import records
from host_tools.store import Store, StoreError

group = typer.Typer(
    no_args_is_help=True, help="Which devices a database knows, and what in it does not count."
)

Database = Annotated[Path, typer.Option("--db", help="The database.")]
DeviceId = Annotated[str, typer.Argument(metavar="DEVICE", help="Its id, 16 hex digits.")]


def register(app: typer.Typer) -> None:
    """Adds `devices` to `scanpost`."""
    app.add_typer(group, name="devices")


@group.command("list")
def list_devices(db: Database, as_json: AsJson = False) -> None:
    """List the devices that count, with their keys, and pulls that did not count."""
    with told():
        store = _there(db)
        known, unproven = store.devices(), store.unproven()
        store.close()
    if as_json:
        print_json(
            {
                "devices": [one._asdict() for one in known],
                "unproven": [one._asdict() for one in unproven],
            }
        )
        return
    table = new_table("device", "key", "name", "last pull", "records", title="Devices")
    for device in known:
        table.add_row(
            device.device.hex(),
            device.key.hex(),
            device.name or "-",
            local(device.last_pull),
            str(device.records),
        )
    console().print(table)
    for one in unproven:
        say(
            f"Apart, number {one.number}: {one.records} records of {local(one.unix_s)}, from "
            f"something that named itself {one.device.hex()} with key {one.key.hex()}. {one.why}"
        )


@group.command("set-apart")
def set_apart(
    device: DeviceId,
    db: Database,
    into: Annotated[Path, typer.Option(help="The database that it goes into; made if not there.")],
    as_json: AsJson = False,
) -> None:
    """Move all that is known of a device into another database: it counts here no more.

    For a device whose id another one took: afterwards the right one can be pulled. Which is right,
    its key says: scanpost status --json shows it, and so did provision. Done the other way round
    it brings the device back.
    """
    with told():
        wanted = hex_bytes(device, "A device's id", 8, 8)
        store = _there(db)
        try:
            moved = store.set_apart(wanted, into)
        finally:
            store.close()
    if as_json:
        print_json({"device": wanted, "records": moved, "into": str(into)})
    else:
        say(f"Device {wanted.hex()} with {moved} records is in {into} now, and no more in {db}.")


@group.command("unproven")
def unproven(
    number: Annotated[int, typer.Argument(help="The number that `devices list` gives.")],
    db: Database,
) -> None:
    """Write the records of a pull that did not count, as they came, a line of JSON each."""
    with told():
        store = _there(db)
        try:
            raws = store.unproven_records(number)
        finally:
            store.close()
    for raw in raws:
        record = records.parse(raw)
        kind = records.TYPE_NAMES.get(record.type, record.type)
        print_json_line({"sequence": record.sequence, "type": kind, "raw": raw})


def _there(db: Path) -> Store:
    if not db.exists():
        raise StoreError(f"{db} is not there. Make it with: scanpost pull --db {db}")
    return Store(db)
