"""`scanpost trust`: the signed list of issuers whose passes count."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column

from host_tools.commands import lists
from host_tools.console import (
    AsJson,
    RootKey,
    Zone,
    console,
    hex_bytes,
    new_table,
    print_json,
    say,
    told,
)
from provisioning import cose, keys, local_time, trust
from provisioning.errors import NotAllowed
from provisioning.signed_files import read_trust
from provisioning.trust import Issuer, TrustList

VALID_YEARS = 2
DAY_S = 86400

group = typer.Typer(no_args_is_help=True, help="The list of issuers whose passes count.")

KIND = lists.Kind(trust.TYP, read_trust, TrustList.body, TrustList())

ListFile = Annotated[Path, typer.Argument(metavar="LIST", help="The signed trust list.")]


def register(app: typer.Typer) -> None:
    """Adds `trust` to `scanpost`."""
    app.add_typer(group, name="trust")


@group.command("new")
def new(
    path: ListFile,
    root: RootKey,
    sequence: lists.Sequence = None,
    replace: lists.Replace = False,
    as_json: AsJson = False,
) -> None:
    """Start a trust list, empty. Devices take only lists with a higher number than theirs."""
    KIND.start(path, root, sequence, replace, f"scanpost trust add {path} KEY", as_json)


@group.command("add")
def add(
    path: ListFile,
    key: Annotated[
        Path,
        typer.Argument(help="The issuer's public key (PEM, SPKI, Ed25519) or HMAC secret's file."),
    ],
    root: RootKey,
    name: Annotated[str, typer.Option(help="The issuer's name, for people. Up to 32 bytes.")] = "",
    valid_from: Annotated[
        str | None, typer.Option("--from", help="Passes issued from then on count. [today]")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option("--until", help="Passes issued until then. [two years from now]")
    ] = None,
    max_days: Annotated[
        int, typer.Option(min=1, max=30, help="The longest life of this issuer's passes, in days.")
    ] = 30,
    register: Annotated[
        str | None,
        typer.Option(
            "--same-register",
            help="Kid (16 hex digits) of the issuer's key before: both name the same people.",
        ),
    ] = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Add an issuer to a trust list (or change one that is in it) and sign it anew.

    A secret itself never enters the list; give it to devices with: scanpost provision --secret
    """
    with told():
        local = local_time.zone(zone)
        today = datetime.fromtimestamp(local_time.now(), local).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        two_years = int(today.timestamp()) + VALID_YEARS * 365 * DAY_S
        kid, alg, raw = _issuer_key(key)
        issuer = Issuer(
            kid,
            alg,
            raw,
            local_time.parse(valid_from, local) if valid_from else int(today.timestamp()),
            local_time.parse(valid_until, local) if valid_until else two_years,
            max_days * DAY_S,
            name,
        )
        before = hex_bytes(register, "A kid", 8, 8) if register else None
        number, _ = KIND.change(path, root, lambda found: _added(found, issuer, before))
    lists.tell_added(path, kid, number, as_json)


@group.command("remove")
def remove(
    path: ListFile,
    kid: Annotated[str, typer.Argument(help="The issuer's kid, 16 hex digits.")],
    root: RootKey,
    as_json: AsJson = False,
) -> None:
    """Take an issuer off a trust list: none of its passes counts any more."""
    with told():
        gone = hex_bytes(kid, "A kid", 8, 8)
        number, left = KIND.change(path, root, lambda found: found.without(gone))
    lists.tell_removed(path, number, len(left.issuers), "issuers", as_json)


@group.command("show")
def show(
    path: ListFile,
    root_public: lists.RootPublic = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Show the issuers in a trust list."""
    with told():
        local = local_time.zone(zone)
        head, found = KIND.look(path, root_public)
    if as_json:
        print_json(
            {
                **head.as_json(),
                "issuers": [_issuer_json(issuer) for issuer in found.issuers],
            }
        )
        return
    say(head.line(local))
    table = new_table(Column("kid", no_wrap=True), "scheme", "name", "from", "until", "days")
    for issuer in found.issuers:
        table.add_row(
            issuer.kid.hex(),
            trust.ALG_NAMES[issuer.alg],
            issuer.name or "-",
            local_time.show(issuer.valid_from, local)[:16],
            local_time.show(issuer.valid_until, local)[:16],
            f"{issuer.max_lifetime / DAY_S:g}",
        )
    console().print(table)


def _added(found: TrustList, issuer: Issuer, before: bytes | None) -> TrustList:
    """The list and an issuer, in the register of the key before. Raises NotAllowed."""
    if before is not None:
        other = found.find(before)
        if other is None:
            raise NotAllowed(
                f"No issuer has the kid {before.hex()}. Name the key before while it is listed."
            )
        issuer = issuer._replace(register=other.in_register)
    elif (same := found.find(issuer.kid)) is not None:
        issuer = issuer._replace(register=same.register)
    return found.with_issuer(issuer)


def _issuer_key(path: Path) -> tuple[bytes, int, bytes | None]:
    """kid, alg and public key of a PEM file or a secret's file."""
    if keys.is_secret_file(path):
        secret = keys.load_secret(path)
        return secret.kid, secret.alg, None
    raw = keys.load_public(path)
    trust.check_key(raw)
    return cose.kid_of(raw), cose.ALG_EDDSA, raw


def _issuer_json(issuer: Issuer) -> dict[str, object]:
    return {
        "kid": issuer.kid.hex(),
        "alg": issuer.alg,
        "public_key": issuer.key.hex() if issuer.key else None,
        "from": issuer.valid_from,
        "until": issuer.valid_until,
        "max_lifetime": issuer.max_lifetime,
        "name": issuer.name,
        "register": issuer.in_register.hex(),
    }
