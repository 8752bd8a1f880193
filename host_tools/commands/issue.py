"""`scanpost issue`: one pass, or many from a CSV file."""

import re
import secrets
import sys
from collections.abc import Iterable
from datetime import date, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.progress import track

from host_tools.console import AsJson, Zone, ask_passphrase, note, print_json, say, told
from host_tools.people import REPORT, UTF_8, Row, read_people, write_report
from host_tools.terminal import printable
from provisioning import claims, files, issuing, keys, lettering, local_time, qr
from provisioning.errors import FileProblem, Mistyped, NotAllowed, Problem
from provisioning.issuing import Issued, Person, Validity
from provisioning.lettering import Lettering

DAY_S = 86400
_RELATIONS = claims.RELATION_NAMES | {
    "本人": claims.OWN,
    "未成年人": claims.MINOR,
    "老年人": claims.ELDER,
    "无法申领": claims.UNABLE,
}
_SLASHED = re.compile("([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})")  # as Excel writes a date in China


class Relation(StrEnum):
    """Who claimed the pass."""

    own = "own"
    minor = "minor"
    elder = "elder"
    unable = "unable"


class Format(StrEnum):
    """How a pass is written."""

    text = "text"
    png = "png"
    svg = "svg"


class Maker(NamedTuple):
    """What all passes of one command share."""

    key: Any
    validity: Validity
    local: tzinfo
    issuer_name: str
    form: Format
    lettering: Lettering | None  # for PNG

    def issue(self, person: Person) -> Issued:
        """Raises NotAllowed."""
        return issuing.issue(self.key, person, self.validity, self.local, self.issuer_name)

    def render(self, issued: Issued) -> bytes:
        """The pass's file."""
        if self.form is Format.text:
            return issued.text.encode() + b"\n"
        lines = qr.caption(issued.claims, self.local, self.lettering)
        if self.form is Format.svg:
            return qr.svg(issued.text, lines)
        return qr.png(issued.text, lines, self.lettering)


def register(app: typer.Typer) -> None:
    """Adds `issue` to `scanpost`."""
    app.command("issue")(issue)


def issue(
    key: Annotated[
        Path, typer.Option(help="The issuer's private key (PEM), or an HMAC secret's file.")
    ],
    name: Annotated[str, typer.Option(help="The holder's full name; the pass masks it.")] = "",
    relation: Annotated[
        Relation,
        typer.Option(help="Who claims it: the holder, or a relative (and why a relative may)."),
    ] = Relation.own,
    id_number: Annotated[
        str, typer.Option(help="Resident ID number; checked, the pass has its last 4 only.")
    ] = "",
    birth: Annotated[
        str | None, typer.Option(help="Date of birth (1960-05-17), where there is no ID number.")
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(help="The person's id in your register, 32 hex digits. [a new one]"),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            help="Many passes: columns name, relation, id_number, birth, subject, file. "
            "- for input."
        ),
    ] = None,
    person: Annotated[
        Path | None,
        typer.Option(
            help="One pass: a CSV of one line with the same columns, or - for input. Without it "
            "and --name the name is asked for: other users see what stands on a command line."
        ),
    ] = None,
    encoding: Annotated[
        str,
        typer.Option(
            help="The CSV's encoding; gb18030 from Excel in China. [UTF-8]", show_default=False
        ),
    ] = UTF_8,
    out: Annotated[
        Path | None,
        typer.Option(help="The file (.txt, .png, .svg); with --csv a folder. [the terminal]"),
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="[by the file's ending; png with --csv]")
    ] = None,
    days: Annotated[float, typer.Option(help="Good for so many days from its issue.")] = 30,
    valid_from: Annotated[
        str | None, typer.Option("--from", help="Not good before (2022-04-09T12:30). [now]")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Good until this time, instead of --days.")
    ] = None,
    issuer_name: Annotated[str, typer.Option(help="Your name in the pass; optional.")] = "",
    font: Annotated[
        Path | None,
        typer.Option(envvar="SCANPOST_FONT", help="A font with Chinese, for PNG. [searched for]"),
    ] = None,
    zone: Zone = local_time.DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Issue passes, by the rules of claiming.

    A relative may claim one for a holder under 18 (minor), of 60 or older (elder), or unable to
    apply alone (unable). No pass is good for more than 30 days.
    """
    with told():
        local = local_time.zone(zone)
        form = form or (Format.png if csv is not None else _format_of(out))
        maker = Maker(
            _issuer_key(key),
            _validity(days, valid_from, until, local),
            local,
            issuer_name,
            form,
            _lettering(font) if form is Format.png else None,
        )
        if (csv or person) and (name or subject or birth or id_number):
            raise typer.BadParameter("--csv and --person take the people from a file.")
        if csv is not None:
            if person is not None:
                raise typer.BadParameter("Either --csv or --person: many passes or one.")
            if out is None:
                raise typer.BadParameter("--csv needs --out, the folder for the passes.")
            _issue_many(maker, read_people(csv, encoding), csv, out, as_json)
            return
        row = Row(name, relation.value, id_number, birth or "", subject or "", "")
        if person is not None:
            row = _only_one(person, read_people(person, encoding))
        elif not name and sys.stdin.isatty():
            row = row._replace(name=_typed("Name"), id_number=id_number or _typed("ID number"))
        _issue_one(maker, _person(row), out, as_json, told_subject=bool(row.subject))


def _only_one(path: Path, people: list[tuple[int, Row]]) -> Row:
    if len(people) != 1:
        raise FileProblem(f"{path} has {len(people)} people; --person takes one, --csv many.")
    return people[0][1]


def _typed(what: str) -> str:
    return str(typer.prompt(what, default="", show_default=False, err=True))


def _issue_one(
    maker: Maker, person: Person, out: Path | None, as_json: bool, told_subject: bool
) -> None:
    if out is None and maker.form is not Format.text:
        raise typer.BadParameter("A picture needs a file: --out pass.png")
    issued = maker.issue(person)
    if out is not None:
        files.replace(out, maker.render(issued), files.PRIVATE)
        _warn_of_letters(maker.lettering, [(out, issued)])
    if as_json:
        print_json(_json(issued, out))
        return
    if out is None:
        say(issued.text)
    else:
        say(f"{out}: good until {local_time.show(issued.claims.expires_at, maker.local)}")
    if not told_subject:
        note(f"New subject {person.subject.hex()}: keep it for this person's next pass.")


def _issue_many(
    maker: Maker, people: list[tuple[int, Row]], csv: Path, out: Path, as_json: bool
) -> None:
    """All or none: every row is checked before anything is written."""
    if files.is_there(out / REPORT):
        raise FileProblem(f"{out} has passes in it already, told in {REPORT}. Name a new folder.")
    made: list[tuple[Path, Issued]] = []
    wrong = []
    for number, row in people:
        try:
            issued = maker.issue(_person(row))
        except Problem as error:
            wrong.append(printable(f"{csv}, line {number}: {error}"))
            continue
        ending = "txt" if maker.form is Format.text else maker.form.value
        made.append((out / f"{row.file}.{ending}", issued))
    if wrong:
        raise NotAllowed("\n".join([*wrong, "Nothing was issued."]))
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem(f"{out} cannot be made: {files.why(error)}.") from error
    rows = [_json(issued, path) for path, issued in made]
    try:
        for path, issued in _with_bar(made):
            files.replace(path, maker.render(issued), files.PRIVATE, is_synced=False)
        report = write_report(out, rows)
    except FileProblem:
        for path, _ in made:  # what no report tells of was not issued
            path.unlink(missing_ok=True)
        raise
    _warn_of_letters(maker.lettering, made)
    if as_json:
        print_json(rows)
    else:
        say(f"{len(made)} passes in {out}; {report} has their ids. Keep it private.")


def _with_bar(made: list[tuple[Path, Issued]]) -> Iterable[tuple[Path, Issued]]:
    """Shows on a terminal how many of the passes are written."""
    errors = Console(stderr=True)
    shown = errors.is_terminal
    return track(made, "Writing passes", console=errors, transient=True, disable=not shown)


def _lettering(font: Path | None) -> Lettering:
    found = lettering.found_here()
    return Lettering(found if font is None else [font, *found])


def _warn_of_letters(drawn: Lettering | None, made: list[tuple[Path, Issued]]) -> None:
    """Says what the captions of these pictures lack."""
    if drawn is None:
        return
    if not qr.has_chinese(drawn):
        note(
            "No font with Chinese was found: the lines under the code are in English only, with a "
            "star for each letter that is missing. Name a font with --font, or write .svg."
        )
        return
    for path, issued in made:
        missing = qr.undrawable(issued.claims, drawn)
        if missing:
            codes = " ".join(f"U+{ord(character):04X}" for character in missing)
            note(
                f"{path}: no font here has {codes}; the line under the code has a star there, the "
                "code itself is right. Name a font that has it with --font, or write .svg."
            )


def _issuer_key(path: Path) -> Any:
    if keys.is_secret_file(path):
        return keys.load_secret(path)
    return keys.load_private(path, ask_passphrase)


def _validity(days: float, valid_from: str | None, until: str | None, local: tzinfo) -> Validity:
    now = local_time.now()
    begins = local_time.parse(valid_from, local) if valid_from else None
    if begins is not None and begins < now:
        raise NotAllowed("A pass cannot begin before it is issued, which is now.")
    if until is not None:
        return Validity(now, local_time.parse(until, local), begins)
    if not 0 < days <= claims.MAX_LIFETIME_S / DAY_S:
        raise NotAllowed("A pass is good for 30 days from its issue at most.")
    return Validity(now, now + int(days * DAY_S), begins)


def _person(row: Row) -> Person:
    try:
        birth = _date(row.birth) if row.birth else None
    except ValueError as error:
        raise Mistyped(f"{row.birth} is no date of birth; write it like 1960-05-17.") from error
    try:
        subject = bytes.fromhex(row.subject) if row.subject else secrets.token_bytes(16)
    except ValueError as error:
        raise Mistyped(f"{row.subject} is no subject: 32 hex digits.") from error
    relation = row.relation or "own"
    if relation.isdigit() and int(relation) in claims.RELATION_NAMES.values():
        number = int(relation)
    elif relation in _RELATIONS:
        number = _RELATIONS[relation]
    else:
        raise Mistyped(
            f"{relation} is no relation: {', '.join(claims.RELATION_NAMES)} "
            f"({'、'.join(name for name in _RELATIONS if not name.isascii())})."
        )
    return Person(subject, row.name, number, row.id_number, birth)


def _date(text: str) -> date:
    slashed = _SLASHED.fullmatch(text)
    return date(*map(int, slashed.groups())) if slashed else date.fromisoformat(text)


def _format_of(out: Path | None) -> Format:
    ending = out.suffix.lower() if out else ".txt"
    for form, endings in (
        (Format.text, (".txt", "")),
        (Format.png, (".png",)),
        (Format.svg, (".svg",)),
    ):
        if ending in endings:
            return form
    raise typer.BadParameter(f"{out}: a pass is written as .txt, .png or .svg.")


def _json(issued: Issued, path: Path | None) -> dict[str, Any]:
    said = issued.claims
    return {
        "file": str(path) if path else None,
        "text": issued.text,
        "kid": issued.kid.hex(),
        "cti": said.cti.hex(),
        "subject": said.subject.hex(),
        "relation": said.relation,
        "name_hint": said.name_hint,
        "id_hint": said.id_hint,
        "issued_at": said.issued_at,
        "not_before": said.not_before,
        "expires_at": said.expires_at,
    }
