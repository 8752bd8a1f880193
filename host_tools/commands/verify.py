"""`scanpost verify`: what a device would say of a code."""

import time
from datetime import tzinfo
from pathlib import Path
from typing import Annotated

import typer

from host_tools.code_text import read_code
from host_tools.console import EXIT_REFUSED, AsJson, Zone, console, note, print_json, told
from provisioning import keys, local_time, passes, qr
from provisioning.errors import FileProblem, Refused
from provisioning.revocation import RevocationList
from provisioning.signed_files import read_revoked, read_trust

REASONS = {
    "MALFORMED": "This is no pass, or it is damaged.",
    "UNSUPPORTED": "A pass of a kind that readers do not take.",
    "UNKNOWN_KEY": "Its issuer is not in the trust list, or the HMAC secret is missing.",
    "BAD_SIGNATURE": "It was altered, or somebody else made it.",
    "CLOCK_UNSET": "The reader does not know the time.",
    "LIFETIME": "It is good for longer than its issuer may say.",
    "ISSUER_WINDOW": "It was issued when its issuer was not allowed to.",
    "NOT_YET": "It is not valid yet.",
    "EXPIRED": "It has expired.",
    "REVOKED": "It was revoked.",
}


def register(app: typer.Typer) -> None:
    """Adds `verify` to `scanpost`."""
    app.command("verify")(verify)


def verify(
    code: Annotated[
        str,
        typer.Argument(
            metavar="TEXT-or-PICTURE", help="The pass: its text, a picture, or - for input."
        ),
    ],
    trust: Annotated[Path, typer.Option(help="The signed trust list.")],
    secrets: Annotated[
        list[Path] | None, typer.Option(help="An HMAC secret's file; may be repeated.")
    ] = None,
    revoked: Annotated[
        Path | None, typer.Option(help="The signed revocation list; its table lies beside it.")
    ] = None,
    revoked_table: Annotated[
        Path | None, typer.Option(help="The revocation table, where it lies elsewhere.")
    ] = None,
    root_public: Annotated[
        Path | None, typer.Option(help="The root's public key (PEM), to check the lists too.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="As of this time (2022-04-09T12:30), or `unset` for a lost clock."),
    ] = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Say what a device would say of a pass. Exit code 1: it is refused."""
    with told():
        local = local_time.zone(zone)
        root = keys.load_public(root_public) if root_public else None
        trusted = read_trust(trust, root)[1]
        held = [keys.load_secret(path) for path in secrets or ()]
        for secret in held:
            issuer = trusted.find(secret.kid)
            if issuer is not None and issuer.alg != secret.alg:
                raise FileProblem(
                    f"The secret {secret.kid.hex()} is for another algorithm than the trust "
                    "list says."
                )
        gone = RevocationList()
        if revoked is not None:
            gone = read_revoked(revoked, revoked_table, root)[1]
        now = _time(at, local)
        data = read_code(code)
    if root is None and not as_json:
        note("The lists' own signatures are not checked; name --root-public for that.")
    try:
        found = passes.verify(
            data,
            trusted,
            {secret.kid: secret.secret for secret in held},
            lambda kid, cti: (kid, cti) in gone,
            now,
        )
    except Refused as refused:
        if as_json:
            print_json(
                {"answer": refused.reason} | ({"rule": refused.rule} if refused.rule else {})
            )
        else:
            console().print(f"{refused.reason}: {REASONS[refused.reason]}", style="red")
            if refused.rule:
                console().print(f"  {refused.rule}", soft_wrap=True)
        raise typer.Exit(EXIT_REFUSED) from None
    if as_json:
        print_json({"answer": "ACCEPTED", **_json(found)})
        return
    console().print("ACCEPTED", style="green")
    for line in qr.caption(found.claims, local):
        console().print(f"  {line}")
    console().print(f"  Issuer: {found.issuer.name or '-'} (kid {found.kid.hex()})")
    console().print(f"  Subject: {found.claims.subject.hex()}", soft_wrap=True)


def _time(at: str | None, local: tzinfo) -> int | None:
    if at is None:
        return int(time.time())
    return None if at == "unset" else local_time.parse(at, local)


def _json(found: passes.Pass) -> dict[str, object]:
    claims = found.claims._asdict()
    claims |= {"subject": found.claims.subject.hex(), "cti": found.claims.cti.hex()}
    return {"kid": found.kid.hex(), "issuer": found.issuer.name, **claims}
