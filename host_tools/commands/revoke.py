"""`scanpost revoke`: the signed list of passes and operators that count no more."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.code_text import read_code
from host_tools.commands import lists
from host_tools.console import AsJson, RootKey, ask_passphrase, hex_bytes, print_json, say, told
from provisioning import files, passes, revocation
from provisioning.errors import NotAllowed, Refused
from provisioning.revocation import RevocationList
from provisioning.signed_files import Root, read_credential, read_revoked, write_revoked


def register(app: typer.Typer) -> None:
    """Adds `revoke` to `scanpost`."""
    app.command("revoke")(revoke)


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
    sequence: lists.Sequence = None,
    as_json: AsJson = False,
) -> None:
    """Revoke passes and operators. Writes the signed list and its table; devices need both.

    Without any it makes a list, or signs the one there is anew.
    """
    with told():
        owner = Root.load(root, ask_passphrase)
        new_ones = {_entry_of_code(code) for code in codes or ()}
        new_ones |= {_entry_of_pair(text) for text in pair or ()}
        new_ones |= {_entry_of_operator(path, owner.public) for path in operator or ()}
        with files.locked(path):
            before, found = None, RevocationList()
            if files.is_there(path):
                before, found = read_revoked(path, table, owner.public)
            number = lists.next_number(before, sequence)
            added = len(new_ones - found.entries)
            found = RevocationList(found.entries | new_ones)
            write_revoked(owner, path, table, number, found)
    if as_json:
        print_json({"sequence": number, "added": added, "revoked": len(found.entries)})
    else:
        say(f"{path}: number {number}, {len(found.entries)} revoked, {added} new")


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
