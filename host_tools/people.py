"""The CSV of people who get passes, and the CSV of what was issued."""

import csv
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

from provisioning import files
from provisioning.errors import FileProblem

REPORT = "issued.csv"
MAX_PEOPLE = 100_000
_FILE_NAME = re.compile(r"[\w][\w.-]{0,99}")


class Row(NamedTuple):
    """A line, as it was typed. file: the pass's file name without its ending.

    A row that names none gets one by its line.
    """

    name: str
    relation: str
    id_number: str
    birth: str
    subject: str
    file: str


def read_people(path: Path) -> list[tuple[int, Row]]:
    """Line numbers and rows. Columns may be in any order; only name is needed. UTF-8.

    Raises FileProblem.
    """
    try:
        reader = csv.DictReader(io.StringIO(files.read(path).decode("utf-8-sig")), strict=True)
        header = [column.strip() for column in reader.fieldnames or ()]
        unknown = [column for column in header if column not in Row._fields]
        twice = [column for column in header if header.count(column) > 1]
        if "name" not in header or unknown or twice:
            what = "needs a column name"
            if unknown or twice:
                what = f"does not know the column {unknown[0]!r}" if unknown else "reads each once"
            raise FileProblem(f"{path}: scanpost {what}. Columns: {', '.join(Row._fields)}.")
        reader.fieldnames = header
        people = [(reader.line_num, _row(path, reader.line_num, found)) for found in reader]
    except UnicodeDecodeError as error:
        raise FileProblem(f"{path} is not in UTF-8; save it as 'CSV UTF-8'.") from error
    except csv.Error as error:
        raise FileProblem(f"{path} is no CSV file: {error}.") from error
    if not people or len(people) > MAX_PEOPLE:
        raise FileProblem(f"{path} has {len(people)} people; 1 to {MAX_PEOPLE} go in one file.")
    _check_files(path, people)
    return people


def write_report(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Writes what was issued (0600: it ties people to passes); returns its path."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / REPORT
    files.replace(path, text.getvalue().encode(), mode=0o600)
    return path


def _check_files(path: Path, people: list[tuple[int, Row]]) -> None:
    """No pass may overwrite another, also where A.png and a.png are one file."""
    lines: dict[str, int] = {}
    for line, row in people:
        first = lines.setdefault(row.file.casefold(), line)
        if first != line:
            raise FileProblem(f"{path}, lines {first} and {line}: twice the file {row.file!r}.")


def _row(path: Path, line: int, found: dict[str, Any]) -> Row:
    if None in found or None in found.values():
        raise FileProblem(f"{path}, line {line}: not as many columns as the header has.")
    row = Row(**{column: found.get(column, "").strip() for column in Row._fields})
    if row.file and not _FILE_NAME.fullmatch(row.file):
        raise FileProblem(f"{path}, line {line}: {row.file!r} cannot be a file's name here.")
    return row if row.file else row._replace(file=f"pass-{line:04d}")
