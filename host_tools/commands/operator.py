"""`scanpost operator`: the root's credentials for those who collect and set clocks."""

import time
from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import AsJson, RootKey, Zone, ask_passphrase, print_json, say, told
from provisioning import files, keys, local_time, operators
from provisioning.errors import FileProblem
from provisioning.operators import Credential
from provisioning.signed_files import Root, read_credential

DAY_S = 86400

group = typer.Typer(no_args_is_help=True, help="Who may collect from devices and set clocks.")


def register(app: typer.Typer) -> None:
    """Adds `operator` to `scanpost`."""
    app.add_typer(group, name="operator")


@group.command("issue")
def issue(
    path: Annotated[Path, typer.Argument(metavar="OUT", help="The new credential's file.")],
    key: Annotated[Path, typer.Argument(help="The operator's public key (PEM, SPKI, Ed25519).")],
    root: RootKey,
    name: Annotated[str, typer.Option(help="The operator's name. Up to 32 bytes.")],
    role: Annotated[
        list[str],
        typer.Option(
            help="provision: gives secrets and seeds; collect: pulls and closes shifts; clock: "
            "sets it; service: opens the prompt. May be repeated."
        ),
    ],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is good.")] = 30,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Give an operator's key a credential. Keep a copy: it is what revokes the operator."""
    with told():
        local = local_time.zone(zone)
        if files.is_there(path):
            raise FileProblem(
                f"{path} is there already; it is needed to revoke that operator. "
                "Choose another name."
            )
        public = keys.load_public(key)
        owner = Root.load(root, ask_passphrase)
        now = local_time.now()
        data = operators.issue_credential(
            owner.key, public, name, tuple(role), now, now + days * DAY_S
        )
        files.create(path, data, files.PUBLIC)
        made = operators.open_credential(data, owner.public)
    if as_json:
        print_json({"file": str(path), **_json(made)})
        return
    say(f"{path}: {', '.join(made.roles)} until {local_time.show(made.expires_at, local)}")
    say(f"kid: {made.kid.hex()}")


@group.command("show")
def show(
    path: Annotated[Path, typer.Argument(metavar="CREDENTIAL", help="The credential's file.")],
    root_public: Annotated[
        Path | None, typer.Option(help="The root's public key (PEM), to check the signature.")
    ] = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Show whose credential this is, for what and until when."""
    with told():
        local = local_time.zone(zone)
        root = keys.load_public(root_public) if root_public else None
        found = read_credential(path, root)
    if as_json:
        print_json({**_json(found), "signature_checked": root is not None})
        return
    checked = "signature good" if root else "signature not checked: name --root-public"
    over = "; expired" if found.expires_at <= time.time() else ""
    say(f"{found.name}: {', '.join(found.roles)}")
    say(
        f"from {local_time.show(found.issued_at, local)} "
        f"until {local_time.show(found.expires_at, local)}{over}"
    )
    say(f"kid: {found.kid.hex()}")
    say(f"to revoke: --id {found.root_kid.hex()}:{found.cti.hex()}")
    say(f"By root {found.root_kid.hex()}; {checked}.")


def _json(found: Credential) -> dict[str, object]:
    return {
        "kid": found.kid.hex(),
        "name": found.name,
        "roles": list(found.roles),
        "issued_at": found.issued_at,
        "expires_at": found.expires_at,
        "cti": found.cti.hex(),
        "root_kid": found.root_kid.hex(),
    }
