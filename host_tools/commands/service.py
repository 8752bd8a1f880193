"""`scanpost service`: opens MicroPython's prompt on a device until its next reset."""

import typer

from host_tools.commands.connected import Port, connected, told
from host_tools.commands.signing import CredentialFile, OperatorKey, OwnerKey, needed, signer
from host_tools.console import EXIT_REFUSED, AsJson, give_up, print_json, say


def register(app: typer.Typer) -> None:
    """Adds `service` to `scanpost`."""
    app.command("service")(service)


def service(
    port: Port,
    operator: OperatorKey = None,
    credential: CredentialFile = None,
    root: OwnerKey = None,
    as_json: AsJson = False,
) -> None:
    """Open MicroPython's prompt until the device's next reset: mpremote works then.

    An operator with the role service signs, or the root. Whoever is at the cable then reads all
    that the device keeps, its secrets too. The device records who opened it.
    """
    with told():
        who = needed(signer(operator, credential, root), "service")
        with connected(port) as client:
            device = client.identify()["device"]
            if device is None:
                give_up("The device has no owner yet; its prompt is not shut.", EXIT_REFUSED)
            who.run(client, device, "open_prompt", [])
    if as_json:
        print_json({"device": device.hex()})
        return
    say(f"Device {device.hex()}: the prompt is open until the next reset.")
