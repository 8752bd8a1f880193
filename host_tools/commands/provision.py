"""`scanpost provision`: a device gets its clock, root, lists, settings and secrets."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools.client import Client
from host_tools.commands import clock as clocks
from host_tools.commands.connected import Port, connected, told
from host_tools.commands.progress import bars
from host_tools.commands.signing import CredentialFile, OperatorKey, OwnerKey, needed, signer
from host_tools.console import AsJson, give_up, hex_bytes, note, print_json, say
from host_tools.provision import Plan
from host_tools.provision import provision as carry_out
from host_tools.store import Store
from provisioning import files, keys, local_time, settings, signed_files
from provisioning.errors import FileProblem


def register(app: typer.Typer) -> None:
    """Adds `provision` to `scanpost`."""
    app.command("provision")(provision)


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
        typer.Option(help="HMAC secret's file, to be sealed to this device; may be repeated."),
    ] = None,
    forget_secret: Annotated[
        list[str] | None,
        typer.Option(help="Kid (16 hex digits) of an HMAC secret to remove; may be repeated."),
    ] = None,
    operator: OperatorKey = None,
    credential: CredentialFile = None,
    root_key: OwnerKey = None,
    db: Annotated[
        Path | None,
        typer.Option(help="A database that has pulled this device: secrets go to no other key."),
    ] = None,
    clock: Annotated[
        bool,
        typer.Option(help="Set the clock to this computer's time, while there is no owner."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Give a device its clock, root, lists, settings and secrets.

    What is not named stays as it is. Doing it again does no harm. The clock of a device that
    has an owner is left alone: scanpost clock sets it. Secrets are signed, by the root (--root) or
    by an operator with the role provision.
    """
    with told():
        plan = _plan(root, trust, settings, collection, revoked, revoked_table)
        if secret or forget_secret:
            plan = plan._replace(
                secrets=tuple(keys.load_secret(path) for path in secret or ()),
                forgotten=tuple(hex_bytes(kid, "A kid", 8, 8) for kid in forget_secret or ()),
                signer=needed(signer(operator, credential, root_key), "provision"),
            )
        if clock:
            local_time.now()  # says so if this computer's clock is wrong, before anything is done
        with connected(port) as client:
            if db is not None:
                plan = plan._replace(device_key=_known_key(db, client))
            if clock:
                plan = plan._replace(unix_s=local_time.now())
            with bars() as show:
                done = carry_out(client, plan, show)
            identity, state = client.identify(), client.status()
            if clock and "clock" not in done:
                remark = clocks.remark_on(state["time"], time.time())
                if remark:
                    note(remark)
    if as_json:
        print_json({"done": done, "device": identity, "needs": _needs(state)})
        return
    device = identity["device"]
    if device is None:
        give_up("The device has no owner yet: name the root's public key with --root-public.", 1)
    whole = f"Device {device.hex()} ({identity['name'] or 'no name'})"
    needs = ", ".join(_needs(state))
    if needs:
        say(f"{whole} took that. Before it registers anyone it needs: {needs}.")
    else:
        say(f"{whole} is provisioned.")


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
    gone = None
    if revoked:
        gone = signed_files.read_revoked(revoked, revoked_table, key)[1]
    elif revoked_table:
        raise FileProblem("A table is of no use without its signed list: add --revoked.")
    return Plan(
        root=key,
        trust=files.read(trust) if trust else None,
        settings=files.read(settings_file) if settings_file else None,
        collection=files.read(collection) if collection else None,
        revoked_table=gone.table() if gone else None,
        revoked=files.read(revoked) if revoked else None,
    )


def _known_key(db: Path, client: Client) -> bytes:
    """The key that a database knows the device by. Raises FileProblem, StoreError."""
    if not db.exists():
        raise FileProblem(f"{db} is not there.")
    store = Store(db)
    known = store.device_keys()
    store.close()
    device = client.identify()["device"]
    if device not in known:
        raise FileProblem(f"{db} has never pulled this device, and knows no key of it.")
    return known[device]
