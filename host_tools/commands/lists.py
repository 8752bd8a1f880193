"""What the commands share that change a list signed by the root: numbers, files, what they say."""

from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import typer

from host_tools.console import ask_passphrase, print_json, say, told
from provisioning import files, keys, local_time
from provisioning.errors import FileProblem, NotAllowed
from provisioning.signed import Signed
from provisioning.signed_files import Root

L = TypeVar("L")

Sequence = Annotated[
    int | None,
    typer.Option(min=1, help="Its number, where the last list's file is lost: a higher one."),
]
Replace = Annotated[bool, typer.Option(help="Empty a list that is there already.")]
RootPublic = Annotated[
    Path | None, typer.Option(help="The root's public key (PEM), to check the signature.")
]


class Kind(NamedTuple, Generic[L]):
    """A kind of list. typ: of its signature; read: a file of it; body: what the root signs."""

    typ: str
    read: Callable[[Path, bytes | None], tuple[Signed, L]]
    body: Callable[[L], object]
    empty: L

    def start(
        self,
        path: Path,
        root: Path,
        sequence: int | None,
        replace: bool,
        advice: str,
        as_json: bool,
    ) -> None:
        """An empty list. advice: what to do next. Ends the command where it may not be."""
        with told():
            owner = Root.load(root, ask_passphrase)
            with files.locked(path):
                before = None
                if files.is_there(path):
                    if not replace:
                        raise FileProblem(
                            f"{path} is there already. Add to it, or empty it with --replace."
                        )
                    before = self.read(path, owner.public)[0]
                number = next_number(before, sequence)
                owner.write(path, self.typ, number, self.body(self.empty))
        if as_json:
            print_json({"sequence": number})
        else:
            say(f"{path}: number {number}, empty. Next: {advice}")

    def change(self, path: Path, root: Path, changed: Callable[[L], L]) -> tuple[int, L]:
        """Signs what `changed` makes of the list; (number, list).

        Raises FileProblem, and what `changed` raises: nothing is written then.
        """
        owner = Root.load(root, ask_passphrase)
        with files.locked(path):
            before, found = self.read(path, owner.public)
            found = changed(found)
            number = next_number(before)
            owner.write(path, self.typ, number, self.body(found))
        return number, found

    def look(self, path: Path, root_public: Path | None) -> tuple["Head", L]:
        """The list and what is to be said of its signature. Raises FileProblem."""
        root = keys.load_public(root_public) if root_public else None
        signed, found = self.read(path, root)
        return Head(signed, root is not None), found


class Head(NamedTuple):
    """A list's number and signature. is_checked: by the root's public key."""

    signed: Signed
    is_checked: bool

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "sequence": self.signed.sequence,
            "signed_at": self.signed.signed_at,
            "root_kid": self.signed.kid,
            "signature_checked": self.is_checked,
        }

    def line(self, local: tzinfo) -> str:
        """For people."""
        signed = self.signed
        checked = "good" if self.is_checked else "not checked: name --root-public"
        return (
            f"Number {signed.sequence}, signed {local_time.show(signed.signed_at, local)} "
            f"by root {signed.kid.hex()}; signature {checked}."
        )


def next_number(before: Signed | None, wanted: int | None = None) -> int:
    """The number of a list that replaces one. Raises NotAllowed if `wanted` is not higher."""
    least = before.sequence + 1 if before else 1
    if wanted is not None and wanted < least:
        raise NotAllowed(f"The number must rise: {least} or more.")
    return wanted or least


def tell_added(path: Path, kid: bytes, number: int, as_json: bool) -> None:
    """After `add`."""
    if as_json:
        print_json({"kid": kid, "sequence": number})
    else:
        say(f"{path}: number {number}")
        say(f"kid: {kid.hex()}")


def tell_removed(path: Path, number: int, left: int, what: str, as_json: bool) -> None:
    """After `remove`. left: how many of `what` are in the list now."""
    if as_json:
        print_json({"sequence": number, "left": left})
    else:
        say(f"{path}: number {number}, {left} {what}")
