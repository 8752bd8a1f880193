"""Commands that talk to a device or read what was pulled: provision, status, pull, tubes."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from host_tools import provision as provisioning_steps
from host_tools.client import Client, DeviceError, NoAnswer
from host_tools.provision import FileProblem, Plan
from host_tools.pull import Pulled, pull
from host_tools.store import Store, StoreError, Tube
from host_tools.transport import PortError, open_transport

# Exit codes; 2 is a usage error.
EXIT_REFUSED = 1  # the device said no, or what was pulled is incomplete
EXIT_FILE = 3  # a file or a database cannot be used
EXIT_NO_DEVICE = 4  # no such port, or no answer

Port = Annotated[
    str,
    typer.Option(
        envvar="SCANPOST_PORT",
        help="The device: /dev/ttyUSB0, COM3, a simulated device's pty, or socket://host:port.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Database = Annotated[Path, typer.Option("--db", help="The database (SQLite); made if not there.")]


def register(app: typer.Typer) -> None:
    """Adds these commands to `scanpost`."""
    app.command("provision")(provision)
    app.command("status")(status)
    app.command("pull")(pull_journal)
    app.command("tubes")(tubes)


@contextmanager
def _told() -> Iterator[None]:
    """Turns what can go wrong into a message and an exit code."""
    try:
        yield
    except DeviceError as error:
        _give_up(f"The device refused: {error}", EXIT_REFUSED)
    except (FileProblem, StoreError) as error:
        _give_up(str(error), EXIT_FILE)
    except (NoAnswer, PortError) as error:
        _give_up(str(error), EXIT_NO_DEVICE)


def _give_up(message: str, code: int) -> None:
    Console(stderr=True, soft_wrap=True).print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(code)


@contextmanager
def _connected(port: str) -> Iterator[Client]:
    client = Client(open_transport(port))
    try:
        client.identify()
        yield client
    finally:
        client.close()


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    """Progress bars on standard error: a function of (what, done, in all)."""
    with Progress(
        TextColumn("{task.description:14}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, size: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what)
            # what has no bytes (an empty table) is done at once
            progress.update(tasks[what], total=size or 1, completed=done if size else 1)

        yield show


def _print_json(value: object) -> None:
    typer.echo(json.dumps(_plain(value), ensure_ascii=False, indent=2))


def _plain(value: Any) -> Any:
    """The same for JSON: bytes as hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _console() -> Console:
    # What a device says is text, never markup.
    return Console(markup=False, highlight=False)


def _local(unix_s: int | None) -> str:
    if unix_s is None:
        return "-"
    return datetime.fromtimestamp(unix_s).astimezone().strftime("%Y-%m-%d %H:%M")


def provision(
    port: Port,
    root: Annotated[
        Path | None,
        typer.Option(help="The root's public key (PEM). A device takes one root, once."),
    ] = None,
    trust: Annotated[Path | None, typer.Option(help="The signed trust list.")] = None,
    settings: Annotated[Path | None, typer.Option(help="The signed settings.")] = None,
    revoked: Annotated[Path | None, typer.Option(help="The signed revocation list.")] = None,
    revoked_table: Annotated[
        Path | None, typer.Option(help="The revocation table that the list vouches for.")
    ] = None,
    secret: Annotated[
        list[Path] | None,
        typer.Option(help="HMAC secret's file; may be repeated. Crosses the cable in the clear."),
    ] = None,
    clock: Annotated[
        bool, typer.Option(help="Set the device's clock to this computer's time.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Give a device its root, clock, lists, settings and secrets.

    What is not named stays as it is. Doing it again does no harm.
    """
    if (revoked is None) != (revoked_table is None):
        raise typer.BadParameter("--revoked and --revoked-table go together.")
    with _told():
        read = provisioning_steps.read_file
        plan = Plan(
            root=provisioning_steps.read_root(root) if root else None,
            unix_s=int(time.time()) if clock else None,
            trust=read(trust) if trust else None,
            settings=read(settings) if settings else None,
            revoked_table=read(revoked_table) if revoked_table else None,
            revoked=read(revoked) if revoked else None,
            secrets=provisioning_steps.read_secrets(secret) if secret else None,
        )
        with _connected(port) as client:
            with _bars() as show:
                done = provisioning_steps.provision(client, plan, show)
            identity = client.identify()
    if as_json:
        _print_json({"done": done, "device": identity})
        return
    device = identity["device"]
    if device is None:
        typer.echo("The device has no owner yet: name the root's public key with --root.")
        raise typer.Exit(EXIT_REFUSED)
    typer.echo(f"Device {device.hex()} ({identity['name'] or 'no name'}) is provisioned.")


def status(port: Port, as_json: AsJson = False) -> None:
    """Show who a device is and how it is."""
    with _told(), _connected(port) as client:
        identity, state = client.identify(), client.status()
    if as_json:
        _print_json({"device": identity, "status": state})
        return
    table = Table(show_header=False, box=None)
    for name, value in _status_rows(identity, state):
        table.add_row(name, value)
    _console().print(table)


def _status_rows(identity: dict[str, Any], state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    device = identity["device"]
    yield "device", device.hex() if device else "not provisioned"
    yield "name", identity["name"] or "-"
    yield "site", state["site"] or "-"
    yield "board, firmware", f"{identity['board']}, {identity['version']}"
    yield "clock", _local(state["time"]) if state["time"] else "not set"
    yield "tube", f"{state['tube']}: {state['count']}" if state["tube"] else "none open"
    waiting = max(0, state["next"] - 1 - max(state["acknowledged"], state["first"] - 1))
    yield "journal", f"{waiting} records to pull, {state['free_sectors']} free sectors"
    for kind, sequence in sorted(state["lists"].items()):
        yield kind, f"number {sequence}"
    yield "issuers, secrets", f"{state['issuers']}, {state['secrets']}"


def pull_journal(
    port: Port,
    db: Database,
    acknowledge: Annotated[
        bool, typer.Option(help="Tell the device what is stored, so that it may reuse the space.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Take what a device has recorded into a database.

    The device is told only after the database has it on disk. Doing it again brings only what
    is new. Exit code 1: records are missing that nobody can bring any more.
    """
    with _told(), _connected(port) as client:
        store = Store(db)
        with _bars() as show:
            pulled = pull(
                client,
                store,
                int(time.time()),
                acknowledge,
                lambda done, last: show("journal", done, last),
            )
        store.close()
    if as_json:
        _print_json(pulled._asdict())
    else:
        _tell_pulled(pulled)
    if pulled.missing:
        raise typer.Exit(EXIT_REFUSED)


def _tell_pulled(pulled: Pulled) -> None:
    typer.echo(f"Device {pulled.device.hex()}: {pulled.new} new records.")
    if pulled.undecoded:
        typer.echo(
            f"{pulled.undecoded} of them are of a kind that this scanpost does not know; "
            "they are stored as they are."
        )
    for first, last in pulled.missing:
        typer.echo(f"Missing: records {first} to {last}. Were they pulled into another database?")


def tubes(
    db: Annotated[Path | None, typer.Option("--db", help="The database to read.")] = None,
    port: Annotated[
        str | None,
        typer.Option(help="Read a device's journal instead, and leave it as it is."),
    ] = None,
    people: Annotated[bool, typer.Option(help="List the registrations of each tube too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show tubes with their registrations, and what was refused."""
    if (db is None) == (port is None):
        raise typer.BadParameter("Name either --db or --port.")
    with _told():
        if db is not None and not db.exists():
            raise StoreError(f"{db} is not there. Make it with: scanpost pull --db {db}")
        store = Store(db or ":memory:")
        if port is not None:
            with _connected(port) as client:
                pull(client, store, int(time.time()), acknowledge=False)
        found, refused = store.tubes(), store.refusals_by_reason()
        registrations = store.registrations()
        store.close()
    if as_json:
        _print_json(
            {
                "tubes": [tube._asdict() for tube in found],
                "registrations": registrations,
                "refusals": refused,
            }
        )
        return
    console = _console()
    console.print(_tube_table(found))
    if people:
        console.print(_people_table(registrations))
    if refused:
        console.print(_refusal_table(refused))


def _tube_table(found: list[Tube]) -> Table:
    table = Table("tube", "people", "opened", "closed", "device", title="Tubes")
    for tube in found:
        people = str(tube.people)
        if tube.closed_people is not None and tube.closed_people != tube.people:
            people += f" (the device counted {tube.closed_people})"
        table.add_row(
            tube.tube or "(without a tube)",
            people,
            _local(tube.opened_time),
            _local(tube.closed_time),
            tube.device.hex(),
        )
    return table


def _people_table(registrations: list[dict[str, Any]]) -> Table:
    subject = Column("subject", no_wrap=True)  # to be copied as a whole
    table = Table("tube", "position", subject, "relation", "time", title="Registrations")
    for row in registrations:
        table.add_row(
            row["tube"] or "-",
            str(row["position"] or "-"),
            row["subject"].hex(),
            str(row["relation"]),
            _local(row["time"]),
        )
    return table


def _refusal_table(refused: dict[str, int]) -> Table:
    table = Table("reason", "times", title="Refused")
    for reason, times in refused.items():
        table.add_row(reason, str(times))
    return table
