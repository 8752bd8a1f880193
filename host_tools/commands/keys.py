"""`scanpost keys`: the root's key, issuers', operators' and collection keys, HMAC secrets."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.console import AsJson, ask_passphrase, new_passphrase, print_json, say, told
from provisioning import cose, keys
from provisioning.trust import ALG_NAMES

group = typer.Typer(no_args_is_help=True, help="Make keys and look at them.")

NewKey = Annotated[
    Path,
    typer.Argument(help="The new private key's file; the public one goes beside it as .pub.pem."),
]
WithPassphrase = Annotated[
    bool,
    typer.Option(
        "--passphrase", help="Encrypt the file; asks, or takes SCANPOST_PASSPHRASE from outside."
    ),
]


def register(app: typer.Typer) -> None:
    """Adds `keys` to `scanpost`."""
    app.add_typer(group, name="keys")


@group.command("root")
def root(path: NewKey, passphrase: WithPassphrase = False, as_json: AsJson = False) -> None:
    """Make the key of the devices' owner. It signs trust lists; keep it off the network."""
    _make(path, passphrase, as_json)


@group.command("issuer")
def issuer(path: NewKey, passphrase: WithPassphrase = False, as_json: AsJson = False) -> None:
    """Make the key of an issuer of passes (Ed25519)."""
    _make(path, passphrase, as_json)


@group.command("operator")
def operator(path: NewKey, passphrase: WithPassphrase = False, as_json: AsJson = False) -> None:
    """Make the key of an operator, who collects from devices or sets their clocks (Ed25519).

    It counts with a credential of the root: scanpost operator issue
    """
    _make(path, passphrase, as_json)


@group.command("collection")
def collection(path: NewKey, passphrase: WithPassphrase = False, as_json: AsJson = False) -> None:
    """Make a collection key (X25519): devices seal their journals to it, only it opens them.

    Back it up before a device has it: what is sealed to a lost key is lost.
    """
    with told():
        key = keys.create_collection_key(path, new_passphrase(path) if passphrase else None)
    _tell(path, cose.x25519_kid_of(keys.raw_public(key)).hex(), as_json)
    if not as_json:
        say("Back it up now: what is sealed to a lost key is lost.")


@group.command("hmac")
def hmac(
    path: Annotated[Path, typer.Argument(help="The new secret's file (JSON).")],
    short: Annotated[
        bool, typer.Option("--short", help="HMAC 256/64: smaller codes, tags of 8 bytes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a secret for issuing by HMAC. Whoever has it can issue: devices and issuer share it."""
    with told():
        made = keys.create_secret(path, cose.ALG_HMAC_256_64 if short else cose.ALG_HMAC_256_256)
    if as_json:
        print_json({"kid": made.kid.hex(), "alg": made.alg, "secret_file": str(path)})
        return
    say(f"Secret: {path} (keep it private)")
    say(f"kid: {made.kid.hex()}")


@group.command("show")
def show(
    path: Annotated[Path, typer.Argument(help="A key, public or private, or a secret's file.")],
    as_json: AsJson = False,
) -> None:
    """Show what a key's file holds, and its kid. Never shows the secret part."""
    with told():
        alg, what, kid = _look(path)
    if as_json:
        print_json({"kid": kid.hex(), "alg": alg})
    else:
        say(f"{what}, kid {kid.hex()}")


def _make(path: Path, passphrase: bool, as_json: bool) -> None:
    with told():
        key = keys.create_key(path, new_passphrase(path) if passphrase else None)
    _tell(path, cose.kid_of(keys.raw_public(key)).hex(), as_json)


def _tell(path: Path, kid: str, as_json: bool) -> None:
    public = keys.public_path(path)
    if as_json:
        print_json({"kid": kid, "private": str(path), "public": str(public)})
        return
    say(f"Private key: {path} (keep it private)")
    say(f"Public key: {public}")
    say(f"kid: {kid}")


def _look(path: Path) -> tuple[int | None, str, bytes]:
    """COSE's number of the algorithm (None: it does not sign), its name, and the kid."""
    if keys.is_secret_file(path):
        secret = keys.load_secret(path)
        return secret.alg, ALG_NAMES[secret.alg], secret.kid
    kind, kid = keys.kid_of_file(path, ask_passphrase)
    if kind == "X25519":
        return None, "X25519 (collection key)", kid
    return cose.ALG_EDDSA, kind, kid
