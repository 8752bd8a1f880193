"""`scanpost journal`: examines a raw image of a journal's partition, from a device in pieces."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools import console
from host_tools.commands.connected import local
from host_tools.console import AsJson, give_up, hex_bytes, new_table, say, told
from host_tools.journal import image, records
from host_tools.journal.damage import told as told_damage
from host_tools.journal.image import Image
from host_tools.journal.opening import Opened
from host_tools.store import Store, StoreError
from provisioning import files
from provisioning.deploy import BOARDS
from provisioning.errors import FileProblem
from provisioning.keys import load_collection_keys
from simulator import partitions

EXIT_DAMAGED = 1


def _how_to_read() -> str:
    """The command that reads the partition; every board has the same table (docs/flash-map.md)."""
    table = (BOARDS / "esp32_devkitc" / "partitions.csv").read_text(encoding="utf-8")
    (part,) = [part for part in partitions.parse(table) if part.label == "journal"]
    return f"esptool read-flash {part.offset:#x} {part.size:#x} journal.bin"


group = typer.Typer(
    no_args_is_help=True,
    help=(
        "Examine a journal's partition, read from a device that no longer starts.\n\n"
        f"Read it with esptool, all of it: {_how_to_read()}"
    ),
)


def register(app: typer.Typer) -> None:
    """Adds `journal` to `scanpost`."""
    app.add_typer(group, name="journal")


ImageFile = Annotated[Path, typer.Argument(metavar="IMAGE", help="The partition's bytes.")]
Key = Annotated[
    list[Path] | None,
    typer.Option("--collection-key", help="A collection key (PEM, private); may be repeated."),
]
Db = Annotated[
    Path | None,
    typer.Option("--db", help="A database that has pulled the device: it knows id and key."),
]
DeviceId = Annotated[
    str | None, typer.Option("--device", help="The device's id (16 hexadecimal digits).")
]
DeviceKey = Annotated[
    str | None, typer.Option("--device-key", help="The device's public key (64 digits).")
]


class Examined:
    """An image with what could be opened of it."""

    def __init__(
        self,
        path: Path,
        keys: list[Path] | None,
        db: Path | None,
        device: str | None,
        device_key: str | None,
    ) -> None:
        data = files.read(path)
        self.image: Image = image.read(data)
        if not self.image.records:
            raise FileProblem(
                f"{path} holds no record. Is it the journal's partition, from its first byte on?"
            )
        collection = load_collection_keys(keys or [], console.ask_passphrase)
        self.device = hex_bytes(device, "A device's id", 8, 8) if device else None
        key = hex_bytes(device_key, "A device's key", 32, 32) if device_key else None
        if db is not None:
            self.device, key = self._look_up(db)
        self.is_checked = self.device is not None
        self.opened = (
            image.open_records(self.image, self.device, key, collection)
            if self.device is not None
            else [Opened(record, None) for record in self.image.records]
        )
        self.has_device_key = key is not None

    def _look_up(self, db: Path) -> tuple[bytes, bytes]:
        if not db.exists():
            raise StoreError(f"{db} is not there. Name the device with --device instead.")
        store = Store(db)
        known = store.device_keys()
        store.close()
        if self.device is not None and self.device not in known:
            raise StoreError(f"{db} does not know device {self.device.hex()}.")
        device = self.device or image.find_device(self.image, known)
        if device is None:
            raise StoreError(f"None of the devices in {db} has signed this journal.")
        return device, known[device]

    @property
    def problems(self) -> list[Opened]:
        """What is altered or missing; not what only wants a key."""
        return [one for one in self.opened if one.problem and one.sealed_to is None]

    @property
    def is_damaged(self) -> bool:
        """True if anything is wrong that a key cannot mend."""
        has_hole = any(one.hole for one in self.opened)
        return bool(self.problems or self.image.damages or has_hole)


def _examine(*arguments: Any) -> Examined:
    with told():
        try:
            return Examined(*arguments)
        except StoreError as error:
            raise FileProblem(str(error)) from error


@group.command()
def verify(
    file: ImageFile,
    key: Key = None,
    db: Db = None,
    device: DeviceId = None,
    device_key: DeviceKey = None,
    as_json: AsJson = False,
) -> None:
    """Check an image: what is readable, what is damaged, altered or missing.

    Exit code 1: something is. Without a collection key, signatures and the chain are checked;
    with it every record.
    """
    examined = _examine(file, key, db, device, device_key)
    if not examined.is_checked:
        give_up("Whose journal is it? Name the device with --device, or a database with --db.", 2)
    found = examined.image
    sealed = [one for one in examined.opened if one.sealed_to]
    verified = sum(one.is_verified for one in examined.opened)
    if as_json:
        console.print_json(
            {
                "device": examined.device.hex() if examined.device else None,
                "sectors": len(found.sectors),
                "records": len(found.records),
                "verified": verified,
                "sealed": len(sealed),
                "problems": [
                    {"sequence": one.record.sequence, "problem": one.problem}
                    for one in examined.problems
                ],
                "damages": [damage._asdict() for damage in found.damages],
                "damaged_sectors": [
                    damage._asdict() for damage in image.damaged_sectors(found, examined.opened)
                ],
            }
        )
    else:
        _tell(examined, verified, sealed)
    if examined.is_damaged:
        raise typer.Exit(EXIT_DAMAGED)


def _tell(examined: Examined, verified: int, sealed: list[Opened]) -> None:
    found = examined.image
    first, last = found.records[0].sequence, found.records[-1].sequence
    say(
        f"{len(found.records)} records, {first} to {last}, in {len(found.sectors)} sectors; "
        f"{verified} verified."
    )
    if not examined.has_device_key:
        say("The device's signatures were not checked: name its key with --device-key.")
    for kid, count in Counter(one.sealed_to for one in sealed).items():
        assert kid is not None
        say(f"{count} records are sealed to collection key {kid.hex()}: --collection-key")
    for one in examined.problems:
        say(f"record {one.record.sequence}: {one.problem}")
    for damage in image.damaged_sectors(found, examined.opened):
        say(told_damage(damage))
    if found.is_cut_off:
        say("the file ends within a sector: the rest of the image is not in it")
    if not examined.is_damaged:
        say("Nothing is damaged, altered or missing in between.")


@group.command()
def show(
    file: ImageFile,
    key: Key = None,
    db: Db = None,
    device: DeviceId = None,
    device_key: DeviceKey = None,
) -> None:
    """List an image's records. Without device and key: what lies there in the clear."""
    examined = _examine(file, key, db, device, device_key)
    table = new_table("number", "time", "record", "says")
    for one in examined.opened:
        record = one.record
        said = ", ".join(f"{name} {value}" for name, value in _said(one).items())
        kind = records.TYPE_NAMES.get(record.type, f"type {record.type}")
        table.add_row(str(record.sequence), local(record.minute and record.minute * 60), kind, said)
    console.console().print(table)


@group.command()
def dump(
    file: ImageFile,
    key: Key = None,
    db: Db = None,
    device: DeviceId = None,
    device_key: DeviceKey = None,
) -> None:
    """Write every readable record as one line of JSON."""
    for one in _examine(file, key, db, device, device_key).opened:
        record = one.record
        line = {
            "sequence": record.sequence,
            "type": records.TYPE_NAMES.get(record.type, record.type),
            "time": None if record.minute is None else record.minute * 60,
            **_said(one),
            "problem": one.problem,
            "raw": record.raw.hex(),
        }
        console.print_json_line(line)


def _said(one: Opened) -> dict[str, Any]:
    said = one.content._asdict() if one.content else records.clear_content(one.record)
    return {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in said.items()
        if value is not None
    }
