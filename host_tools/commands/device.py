"""Commands that talk to a device or read what was pulled: provision, status, pull, tubes."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from host_tools import console, signed_files
from host_tools.commands import clock as clocks
from host_tools.commands.connected import Port, connected, local, told
from host_tools.console import EXIT_FILE, EXIT_REFUSED, AsJson, give_up
from host_tools.journal.statement import StatementError
from host_tools.key_files import collection_keys
from host_tools.operator import Operator
from host_tools.provision import Plan, secrets_object
from host_tools.provision import provision as carry_out
from host_tools.pull import Pulled, pull
from host_tools.store import Store, StoreError, Tube
from provisioning import claims, files, keys, settings
from provisioning.errors import FileProblem

Database = Annotated[Path, typer.Option("--db", help="The database (SQLite); made if not there.")]
_RELATIONS = {number: name for name, number in claims.RELATION_NAMES.items()}


def register(app: typer.Typer) -> None:
    """Adds these commands to `scanpost`."""
    app.command("provision")(provision)
    app.command("status")(status)
    app.command("pull")(pull_journal)
    app.command("tubes")(tubes)


@contextmanager
def _told() -> Iterator[None]:
    """As `told`, also for the database."""
    try:
        with told():
            yield
    except StoreError as error:
        give_up(str(error), EXIT_FILE)
    except StatementError as error:
        give_up(str(error), EXIT_REFUSED)


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
    console.print_json(_plain(value))


def _plain(value: Any) -> Any:
    """The same for JSON: bytes as hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def provision(
    port: Port,
    root: Annotated[
        Path | None,
        typer.Option(
            "--root-public", help="The root's public key (PEM). A device takes one root, once."
        ),
    ] = None,
    trust: Annotated[Path | None, typer.Option(help="The signed trust list.")] = None,
    settings: Annotated[Path | None, typer.Option(help="The signed settings.")] = None,
    revoked: Annotated[
        Path | None, typer.Option(help="The signed revocation list; its table goes with it.")
    ] = None,
    revoked_table: Annotated[
        Path | None, typer.Option(help="The table's file. [the list's with the ending .table]")
    ] = None,
    collection: Annotated[
        Path | None, typer.Option(help="The signed list of collection keys.")
    ] = None,
    secret: Annotated[
        list[Path] | None,
        typer.Option(help="HMAC secret's file; may be repeated. Crosses the cable in the clear."),
    ] = None,
    clock: Annotated[
        bool,
        typer.Option(help="Set the clock to this computer's time, while there is no owner."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Give a device its clock, root, lists, settings and secrets.

    What is not named stays as it is. Doing it again does no harm. The clock of a device that
    has an owner is left alone: scanpost clock sets it.
    """
    with told():
        plan = _plan(root, trust, settings, collection, revoked, revoked_table, secret or [])
        with connected(port) as client:
            if clock:
                plan = plan._replace(unix_s=int(time.time()))
            with _bars() as show:
                done = carry_out(client, plan, show)
            identity, state = client.identify(), client.status()
            if clock and "clock" not in done:
                remark = clocks.remark_on(state["time"], time.time())
                if remark:
                    console.note(remark)
    if as_json:
        _print_json({"done": done, "device": identity, "needs": _needs(state)})
        return
    device = identity["device"]
    if device is None:
        give_up("The device has no owner yet: name the root's public key with --root-public.", 1)
    whole = f"Device {device.hex()} ({identity['name'] or 'no name'})"
    needs = ", ".join(_needs(state))
    if needs:
        typer.echo(f"{whole} took that. Before it registers anyone it needs: {needs}.")
    else:
        typer.echo(f"{whole} is provisioned.")


def _needs(state: dict[str, Any]) -> list[str]:
    """What the device has to be given before it registers anyone."""
    needs = [state["missing"]] if state.get("missing") else []
    return needs if state["time"] else [*needs, "the time (scanpost clock)"]


def _plan(
    root: Path | None,
    trust: Path | None,
    settings_file: Path | None,
    collection: Path | None,
    revoked: Path | None,
    revoked_table: Path | None,
    secret_files: list[Path],
) -> Plan:
    """Reads and checks the files, before the device is touched. Raises FileProblem."""
    key = keys.load_public(root) if root else None
    if trust:
        signed_files.read_trust(trust, key)
    if settings_file:
        signed_files.read_signed(settings_file, settings.TYP, key)
    if collection and not signed_files.read_collection(collection, key)[1].keys:
        raise FileProblem(
            f"{collection} has no keys yet; add one with: scanpost collection add {collection} KEY"
        )
    table = None
    if revoked:
        table = revoked_table or signed_files.table_path(revoked)
        signed_files.read_revoked(revoked, table, key)
    elif revoked_table:
        raise FileProblem("A table is of no use without its signed list: add --revoked.")
    return Plan(
        root=key,
        trust=files.read(trust) if trust else None,
        settings=files.read(settings_file) if settings_file else None,
        collection=files.read(collection) if collection else None,
        revoked_table=files.read(table) if table else None,
        revoked=files.read(revoked) if revoked else None,
        secrets=secrets_object(secret_files) if secret_files else None,
    )


def status(port: Port, as_json: AsJson = False) -> None:
    """Show who a device is and how it is."""
    with _told(), connected(port) as client:
        identity, state = client.identify(), client.status()
    if as_json:
        _print_json({"device": identity, "status": state})
        return
    table = Table(show_header=False, box=None)
    for name, value in _status_rows(identity, state):
        table.add_row(name, value)
    console.console().print(table)


def _status_rows(identity: dict[str, Any], state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    device = identity["device"]
    yield "device", device.hex() if device else "not provisioned"
    yield "name", identity["name"] or "-"
    yield "site", state["site"] or "-"
    yield "board, firmware", f"{identity['board']}, {identity['version']}"
    if state.get("missing"):
        yield "not ready", f"missing: {state['missing']}; give it with: scanpost provision"
    if state.get("damaged"):
        yield "damaged", f"{', '.join(state['damaged'])}; give it again with: scanpost provision"
    yield "clock", local(state["time"]) if state["time"] else "not set"
    if state["time"] and not state.get("time_kept", True):
        yield "", "its clock chip does not answer: the time is lost when the power goes"
    yield "tube", f"{state['tube']}: {state['count']}" if state["tube"] else "none open"
    waiting = max(0, state["next"] - 1 - max(state["acknowledged"], state["first"] - 1))
    yield "journal", f"{waiting} records to pull, room for {state['remaining']} registrations"
    if state["remaining"] <= state["capacity"] // 10:
        yield "", "over 90 % full: pull it and close its shift (scanpost pull --close-shift)"
    for kind, sequence in sorted(state["lists"].items()):
        yield kind, f"number {sequence}"
    yield "issuers, secrets", f"{state['issuers']}, {state['secrets']}"


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
    again brings only what is new. Exit code 1: records are altered or missing.
    """
    if (operator is None) != (credential is None):
        raise typer.BadParameter("An operator takes both --operator and --credential.")
    if close_shift and operator is None:
        raise typer.BadParameter("Only an operator closes a shift: --operator and --credential.")
    with _told():
        signer = Operator.load(operator, credential) if operator and credential else None
        opening_keys = collection_keys(collection_key or [])
        with connected(port) as client:
            store = Store(db)
            with _bars() as show:
                pulled = pull(
                    *(client, store, int(time.time()), opening_keys, signer),
                    close_shift=close_shift,
                    accept_damage=accept_damage,
                    progress=lambda done, last: show("journal", done, last),
                )
            store.close()
    if as_json:
        _print_json(pulled._asdict())
    else:
        _tell_pulled(pulled)
    if pulled.missing or pulled.damaged:
        raise typer.Exit(EXIT_REFUSED)


def _tell_pulled(pulled: Pulled) -> None:
    typer.echo(f"Device {pulled.device.hex()}: {pulled.new} new records, {pulled.opened} opened.")
    for kid, count in Counter(problem.sealed_to for problem in pulled.problems).items():
        if kid is not None:
            typer.echo(f"{count} records are sealed to collection key {kid.hex()}; they are kept.")
    for problem in pulled.damaged:
        typer.echo(f"Record {problem.sequence}: {problem.problem}.")
    for first, last in pulled.missing:
        typer.echo(f"Missing: records {first} to {last}. Were they pulled into another database?")
    if pulled.acknowledged is not None:
        typer.echo(f"Acknowledged up to record {pulled.acknowledged}.")
    elif pulled.damaged:
        typer.echo("Not acknowledged. To go on all the same: --accept-damage")
    if pulled.released is not None:
        typer.echo(f"The shift is closed; the device may forget up to record {pulled.released}.")


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
    with _told():
        if db is not None and not db.exists():
            raise StoreError(f"{db} is not there. Make it with: scanpost pull --db {db}")
        store = Store(db or ":memory:")
        if port is not None:
            with connected(port) as client:
                pull(client, store, int(time.time()), collection_keys(collection_key or []))
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
    out = console.console()
    out.print(_tube_table(found))
    if people:
        out.print(_people_table(registrations))
    if refused:
        out.print(_refusal_table(refused))


def _tube_table(found: list[Tube]) -> Table:
    table = Table("tube", "people", "opened", "closed", "device", title="Tubes")
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
    subject, time = (Column(name, no_wrap=True) for name in ("subject", "time"))
    table = Table(
        *("tube", "no.", subject, "relation", time),
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
    table = Table("reason", "times", title="Refused")
    for reason, times in refused.items():
        table.add_row(reason, str(times))
    return table
