"""`scanpost status`: who a device is and how it is."""

from collections.abc import Iterator
from typing import Any

import typer

from host_tools.commands.connected import Port, connected, local, told
from host_tools.console import AsJson, console, new_table, print_json


def register(app: typer.Typer) -> None:
    """Adds `status` to `scanpost`."""
    app.command("status")(status)


def status(port: Port, as_json: AsJson = False) -> None:
    """Show who a device is and how it is."""
    with told(), connected(port) as client:
        identity, state = client.identify(), client.status()
    if as_json:
        print_json({"device": identity, "status": state})
        return
    table = new_table(show_header=False, box=None)
    for name, value in _status_rows(identity, state):
        table.add_row(name, value)
    console().print(table)


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
