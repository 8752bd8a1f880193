"""`scanpost trust`, `revoke`, `settings`: what the root signs."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from host_tools.code_text import read_code
from host_tools.console import AsJson, RootKey, Zone, console, hex_bytes, print_json, told
from host_tools.signed_files import (
    Root,
    read_credential,
    read_revoked,
    read_signed,
    read_trust,
    table_path,
)
from provisioning import cose, files, keys, local_time, passes, revocation, settings, trust
from provisioning.errors import FileProblem, Malformed, Mistyped, NotAllowed, Refused
from provisioning.revocation import RevocationList
from provisioning.settings import Settings
from provisioning.trust import Issuer, TrustList

VALID_YEARS = 2
DAY_S = 86400

group = typer.Typer(no_args_is_help=True, help="The list of issuers whose passes count.")

ListFile = Annotated[Path, typer.Argument(metavar="LIST", help="The signed trust list.")]


def register(app: typer.Typer) -> None:
    """Adds `trust`, `revoke` and `settings` to `scanpost`."""
    app.add_typer(group, name="trust")
    app.command("revoke")(revoke)
    app.command("settings")(make_settings)


@group.command("new")
def new(
    path: ListFile,
    root: RootKey,
    sequence: Annotated[
        int | None,
        typer.Option(min=1, help="Its number, where the last list's file is lost: a higher one."),
    ] = None,
    replace: Annotated[bool, typer.Option(help="Empty a list that is there already.")] = False,
) -> None:
    """Start a trust list, empty. Devices take only lists with a higher number than theirs."""
    with told():
        owner = Root.load(root)
        number = sequence or 1
        if path.exists():
            if not replace:
                raise FileProblem(
                    f"{path} is there already. Add to it, or empty it with --replace."
                )
            number = sequence or read_trust(path, owner.public)[0].sequence + 1
        owner.write(path, trust.TYP, number, TrustList().body())
    typer.echo(f"{path}: number {number}, no issuers. Next: scanpost trust add {path} KEY")


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
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Add an issuer to a trust list (or change one that is in it) and sign it anew.

    A secret itself never enters the list; give it to devices with: scanpost provision --secret
    """
    with told():
        local = local_time.zone(zone)
        today = datetime.now(local).replace(hour=0, minute=0, second=0, microsecond=0)
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
        owner = Root.load(root)
        signed, found = read_trust(path, owner.public)
        owner.write(path, trust.TYP, signed.sequence + 1, found.with_issuer(issuer).body())
    if as_json:
        print_json({"kid": kid.hex(), "sequence": signed.sequence + 1})
    else:
        typer.echo(f"{path}: number {signed.sequence + 1}")
        typer.echo(f"kid: {kid.hex()}")


@group.command("remove")
def remove(
    path: ListFile,
    kid: Annotated[str, typer.Argument(help="The issuer's kid, 16 hex digits.")],
    root: RootKey,
) -> None:
    """Take an issuer off a trust list: none of its passes counts any more."""
    with told():
        owner = Root.load(root)
        signed, found = read_trust(path, owner.public)
        left = found.without(hex_bytes(kid, "A kid", 8, 8))
        owner.write(path, trust.TYP, signed.sequence + 1, left.body())
    typer.echo(f"{path}: number {signed.sequence + 1}, {len(left.issuers)} issuers")


@group.command("show")
def show(
    path: ListFile,
    root_public: Annotated[
        Path | None, typer.Option(help="The root's public key (PEM), to check the signature.")
    ] = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Show the issuers in a trust list."""
    with told():
        local = local_time.zone(zone)
        root = keys.load_public(root_public) if root_public else None
        signed, found = read_trust(path, root)
    if as_json:
        print_json(
            {
                "sequence": signed.sequence,
                "signed_at": signed.signed_at,
                "root_kid": signed.kid.hex(),
                "signature_checked": root is not None,
                "issuers": [_issuer_json(issuer) for issuer in found.issuers],
            }
        )
        return
    checked = "signature good" if root else "signature not checked: name --root-public"
    typer.echo(
        f"Number {signed.sequence}, signed {local_time.show(signed.signed_at, local)} "
        f"by root {signed.kid.hex()}; {checked}."
    )
    table = Table(Column("kid", no_wrap=True), "scheme", "name", "from", "until", "days")
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


def revoke(
    path: Annotated[
        Path, typer.Argument(metavar="LIST", help="The signed revocation list; made if not there.")
    ],
    root: RootKey,
    codes: Annotated[
        list[str] | None,
        typer.Argument(metavar="PASS...", help="Passes to revoke: texts or pictures."),
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="KID:CTI", help="A pass by its ids in hex; may be repeated."),
    ] = None,
    operator: Annotated[
        list[Path] | None,
        typer.Option(metavar="CREDENTIAL", help="An operator's credential; may be repeated."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="The table's file. [LIST with the ending .table]")
    ] = None,
    sequence: Annotated[
        int | None,
        typer.Option(min=1, help="Its number, where the last list's file is lost: a higher one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Revoke passes and operators. Writes the signed list and its table; devices need both.

    Without any it makes a list, or signs the one there is anew.
    """
    with told():
        owner = Root.load(root)
        number, found = sequence or 1, RevocationList()
        if path.exists():
            signed, found = read_revoked(path, table, owner.public)
            number = signed.sequence + 1
            if sequence is not None and sequence < number:
                raise NotAllowed(f"The number must rise: {number} or more.")
            number = sequence or number
        new_ones = {_entry_of_code(code) for code in codes or ()}
        new_ones |= {_entry_of_pair(text) for text in pair or ()}
        new_ones |= {_entry_of_operator(path, owner.public) for path in operator or ()}
        added = len(new_ones - found.entries)
        found = RevocationList(found.entries | new_ones)
        files.replace(table or table_path(path), found.table())
        owner.write(path, revocation.TYP, number, found.body())
    if as_json:
        print_json({"sequence": number, "added": added, "revoked": len(found.entries)})
    else:
        typer.echo(f"{path}: number {number}, {len(found.entries)} revoked, {added} new")


def make_settings(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The signed settings; made if not there.")
    ],
    root: RootKey,
    site: Annotated[str | None, typer.Option(help="The place's name, up to 32 bytes.")] = None,
    utc_offset: Annotated[
        str | None, typer.Option(help="Local time on the screen, such as +08:00.")
    ] = None,
    tube_size: Annotated[
        int | None, typer.Option(min=1, max=99, help="Samples in one tube.")
    ] = None,
    device_name: Annotated[
        str | None, typer.Option(help="The device's name, up to 16 bytes.")
    ] = None,
    tube_pattern: Annotated[
        str | None,
        typer.Option(
            help="A tube's barcode: # a digit, @ a letter, ? either, * at the end any more of "
            "them, everything else itself."
        ),
    ] = None,
    without_tubes: Annotated[
        bool | None,
        typer.Option("--without-tubes/--with-tubes", help="Register people without tubes."),
    ] = None,
    tube_code: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What kind of barcode a tube has ({', '.join(settings.SYMBOLOGIES)}); "
            "may be repeated."
        ),
    ] = None,
    at_trigger: Annotated[
        bool | None,
        typer.Option(
            "--at-trigger/--hands-free",
            help="The scanner reads when its button is pressed, or all the time.",
        ),
    ] = None,
    any_kind: Annotated[
        bool | None,
        typer.Option(
            "--any-kind-of-code/--known-kinds-of-code",
            help="Accept codes of a scanner that does not say of what kind they are: "
            "a tube's number on a phone then passes for a tube (docs/gm65.md).",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a device's settings, or change them; what is not named stays as it is."""
    with told():
        owner = Root.load(root)
        number, found = 1, Settings()
        if path.exists():
            signed = read_signed(path, settings.TYP, owner.public)
            number, found = signed.sequence + 1, _settings_in(path, signed.body)
        offset = None if utc_offset is None else _offset_minutes(utc_offset)
        named = {
            "site": site,
            "utc_offset_minutes": offset,
            "tube_size": tube_size,
            "device_name": device_name,
            "tube_pattern": tube_pattern,
            "without_tubes": without_tubes,
            "tube_symbologies": [_symbology(name) for name in tube_code] if tube_code else None,
            "reads_at_trigger": at_trigger,
            "accepts_unknown_symbology": any_kind,
        }
        found = Settings(
            **{
                **found._asdict(),
                **{key: value for key, value in named.items() if value is not None},
            }
        )
        found.check()
        owner.write(path, settings.TYP, number, found.body())
    if as_json:
        print_json({"sequence": number, **found._asdict()})
        return
    typer.echo(f"{path}: number {number}")
    names = {number: name for name, number in settings.SYMBOLOGIES.items()}
    shown = {
        **found._asdict(),
        "tube_symbologies": ", ".join(names[number] for number in found.tube_symbologies),
    }
    for key, value in shown.items():
        typer.echo(f"  {key.replace('_', ' ')}: {value}")


def _symbology(name: str) -> int:
    if name not in settings.SYMBOLOGIES:
        raise Mistyped(f"{name} is no kind of barcode; one of {', '.join(settings.SYMBOLOGIES)}.")
    return settings.SYMBOLOGIES[name]


def _settings_in(path: Path, body: object) -> Settings:
    try:
        return Settings.from_body(body)
    except Malformed as error:
        raise FileProblem(f"{path} holds settings that no device takes.") from error


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
    }


def _entry_of_code(code: str) -> bytes:
    try:
        found = passes.read(read_code(code))
    except Refused as error:
        raise NotAllowed(f"{code} is no pass ({error}).") from error
    return revocation.entry(found.kid, found.claims.cti)


def _entry_of_pair(text: str) -> bytes:
    kid, _, cti = text.partition(":")
    return revocation.entry(hex_bytes(kid, "A kid", 8, 8), hex_bytes(cti, "A cti", 8, 16))


def _entry_of_operator(path: Path, root: bytes) -> bytes:
    credential = read_credential(path, root)
    return revocation.entry(credential.root_kid, credential.cti)


def _offset_minutes(text: str) -> int:
    try:
        offset = datetime.strptime(text.replace("Z", "+00:00"), "%z").utcoffset()
    except ValueError as error:
        raise Mistyped(f"{text} is no UTC offset; write it like +08:00.") from error
    assert offset is not None
    return int(offset.total_seconds()) // 60
