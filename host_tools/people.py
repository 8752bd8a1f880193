"""The CSV of people who get passes, and the CSV of what was issued."""

import csv
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from provisioning import files
from provisioning.errors import FileProblem, Mistyped

REPORT = "issued.csv"
MAX_PEOPLE = 100_000
UTF_8 = "utf-8-sig"  # with or without the mark that Excel puts before it
# What a heading may also be called: as people name these columns in China.
_CHINESE = {
    "姓名": "name",
    "关系": "relation",
    "申领关系": "relation",
    "身份证号": "id_number",
    "身份证号码": "id_number",
    "公民身份号码": "id_number",
    "出生日期": "birth",
    "编号": "subject",
    "文件名": "file",
}
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


def read_people(path: Path, encoding: str = UTF_8) -> list[tuple[int, Row]]:
    """Line numbers and rows. Columns may be in any order; only name is needed.

    path: - for standard input. encoding: by a name that Python knows. Raises FileProblem, and
    Mistyped for the encoding.
    """
    text = _decoded(path, encoding)
    try:
        reader = csv.DictReader(io.StringIO(text), strict=True)
        header = _columns(path, reader.fieldnames or ())
        reader.fieldnames = header
        people = [(reader.line_num, _row(path, reader.line_num, found)) for found in reader]
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
    files.replace(path, text.getvalue().encode(), files.PRIVATE)
    return path


def _decoded(path: Path, encoding: str) -> str:
    data = sys.stdin.buffer.read(files.MAX_BYTES) if str(path) == "-" else files.read(path)
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = UTF_8
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise Mistyped(f"No encoding is called {encoding}; write utf-8 or gb18030.") from error
    except UnicodeError as error:
        advice = "Excel in China saves CSV in another: add --encoding gb18030."
        if encoding != UTF_8:
            advice = "Leave --encoding out if it was saved as 'CSV UTF-8'."
        name = "UTF-8" if encoding == UTF_8 else encoding
        raise FileProblem(f"{path} is not in {name}. {advice}") from error


def _columns(path: Path, header: Sequence[str]) -> list[str]:
    """The columns' names here, whatever language the header is in."""
    columns = [_CHINESE.get(heading.strip(), heading.strip()) for heading in header]
    unknown = [column for column in columns if column not in Row._fields]
    twice = [column for column in columns if columns.count(column) > 1]
    if "name" not in columns or unknown or twice:
        what = "needs a column name (姓名)"
        if unknown or twice:
            what = f"does not know the column {unknown[0]!r}" if unknown else "reads each once"
        known = [
            f"{field} ({next(key for key, value in _CHINESE.items() if value == field)})"
            for field in Row._fields
        ]
        raise FileProblem(f"{path}: scanpost {what}. Columns: {', '.join(known)}.")
    return columns


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
