"""`scanpost clock`: sets the clock of a device that has an owner."""

import time
from typing import Annotated

import typer

from host_tools.commands.connected import Port, connected, local, told
from host_tools.commands.signing import CredentialFile, OperatorKey, OwnerKey, needed, signer
from host_tools.console import EXIT_REFUSED, AsJson, give_up, print_json, say
from provisioning import local_time

TOLERANCE_S = 5


def register(app: typer.Typer) -> None:
    """Adds `clock` to `scanpost`."""
    app.command("clock")(clock)


def clock(
    port: Port,
    operator: OperatorKey = None,
    credential: CredentialFile = None,
    root: OwnerKey = None,
    jump: Annotated[
        bool,
        typer.Option(
            "--jump",
            help="Also where it is over a day from the device's own time, or before its newest "
            "record. The device records that it was meant.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set a device's clock to this computer's time, by a signed command.

    An operator with the role clock signs, or the root. Check this computer's clock first: passes
    are judged by it from then on.
    """
    with told():
        who = needed(signer(operator, credential, root), "clock")
        local_time.now()  # says so if this computer's clock is wrong, before anything is done
        with connected(port) as client:
            device = client.identify()["device"]
            if device is None:
                give_up(
                    "The device has no owner yet; scanpost provision sets its clock.", EXIT_REFUSED
                )
            before = client.status()["time"]
            # The signature on the credential takes the device a while: the time is read after it.
            who.present(client)
            asked = [round(time.time()), *(["jump"] if jump else [])]
            after = who.command(client, device, "set_clock", asked)
    if as_json:
        print_json({"device": device.hex(), "before": before, "after": after})
        return
    was = "was not set" if before is None else f"was {local(before)}"
    say(f"Device {device.hex()}: clock set to {local(after)}; it {was}.")


def remark_on(unix_s: int | None, now_s: float) -> str | None:
    """What to do about a clock that was left alone, or None where it is right.

    unix_s: the device's time, None if it is not set. now_s: this computer's.
    """
    if unix_s is None:
        what = "The device's clock is not set"
    elif abs(unix_s - now_s) > TOLERANCE_S:
        ahead = "ahead of" if unix_s > now_s else "behind"
        what = f"The device's clock is {abs(round(unix_s - now_s))} s {ahead} this computer's"
    else:
        return None
    return (
        f"{what}, and was left alone: the device has an owner. An operator sets it with: "
        "scanpost clock --operator KEY --credential CREDENTIAL"
    )
