"""The database that journals are pulled into: one SQLite file (docs/database.md).

Every record is kept raw in `records`; the other tables hold what is decoded of it and can be
made again from there. A batch is one transaction, synced to the disk before `add` returns:
only then may the device be told.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from host_tools import records

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE devices (
    device BLOB PRIMARY KEY CHECK (length(device) = 8),
    name TEXT NOT NULL,
    board TEXT NOT NULL,
    firmware TEXT NOT NULL,
    last_pull INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE records (
    device BLOB NOT NULL REFERENCES devices,
    sequence INTEGER NOT NULL,
    type INTEGER NOT NULL,
    time INTEGER,
    raw BLOB NOT NULL,
    problem TEXT,
    PRIMARY KEY (device, sequence)
) WITHOUT ROWID;
CREATE TABLE registrations (
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    time INTEGER,
    subject BLOB NOT NULL,
    cti BLOB NOT NULL,
    kid BLOB NOT NULL,
    relation INTEGER NOT NULL,
    tube TEXT,
    position INTEGER,
    PRIMARY KEY (device, sequence),
    FOREIGN KEY (device, sequence) REFERENCES records
) WITHOUT ROWID;
CREATE INDEX registrations_by_tube ON registrations (tube, position);
CREATE INDEX registrations_by_subject ON registrations (subject);
CREATE TABLE tubes (
    device BLOB NOT NULL,
    tube TEXT NOT NULL,
    opened_sequence INTEGER,
    opened_time INTEGER,
    closed_sequence INTEGER,
    closed_time INTEGER,
    closed_people INTEGER,
    PRIMARY KEY (device, tube)
) WITHOUT ROWID;
CREATE TABLE refusals (
    device BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    from_time INTEGER,
    to_time INTEGER,
    PRIMARY KEY (device, sequence, reason),
    FOREIGN KEY (device, sequence) REFERENCES records
) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The database cannot be used, or contradicts the device. The message says what to do."""


class Added(NamedTuple):
    """What a batch brought."""

    new: int
    repeated: int
    undecoded: int


class Tube(NamedTuple):
    """A tube of one device. people: registrations stored; closed_people: as the device counted."""

    device: bytes
    tube: str | None
    opened_time: int | None
    closed_time: int | None
    closed_people: int | None
    people: int


class Store:
    """An open database. path: the file, made if it is not there; ":memory:" for none."""

    def __init__(self, path: Path | str) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            # EXTRA also syncs the folder, so that a commit outlives a power cut of this computer.
            self._db.execute("PRAGMA synchronous = EXTRA")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._prepare(path)
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be used as a database: {error}") from error

    def _prepare(self, path: Path | str) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            raise StoreError(f"{path} was made by a newer scanpost; use that one.")
        if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"{path} is a database of another program; name another file.")
        self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def add_device(self, identity: dict[str, Any], unix_s: int) -> None:
        """Notes a device, as `identify` describes it, and the time of this pull."""
        self._db.execute(
            "INSERT INTO devices (device, name, board, firmware, last_pull) VALUES (?,?,?,?,?) "
            "ON CONFLICT (device) DO UPDATE SET name = excluded.name, board = excluded.board, "
            "firmware = excluded.firmware, last_pull = excluded.last_pull",
            (
                identity["device"],
                identity["name"],
                identity["board"],
                identity["version"],
                unix_s,
            ),
        )

    def next_sequence(self, device: bytes) -> int:
        """The sequence number behind the last record that is stored of a device."""
        row = self._db.execute(
            "SELECT max(sequence) FROM records WHERE device = ?", (device,)
        ).fetchone()
        return (row[0] or 0) + 1

    def last_substantial(self, device: bytes) -> int:
        """The sequence number of the last record that is no acknowledgement; 0 for none."""
        row = self._db.execute(
            "SELECT max(sequence) FROM records WHERE device = ? AND type != ?",
            (device, records.ACKNOWLEDGED),
        ).fetchone()
        return row[0] or 0

    def add(self, device: bytes, raws: Iterable[bytes]) -> Added:
        """Stores a batch of raw records, all or none; durable when it returns.

        A record that is there already changes nothing. Raises StoreError where the stored one
        says something else, or a record has no header.
        """
        new = repeated = undecoded = 0
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for raw in raws:
                head = _header(raw)
                if self._is_stored(device, head.sequence, raw):
                    repeated += 1
                    continue
                new += 1
                undecoded += not self._add_one(device, head, raw)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"The database could not be written: {error}") from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        return Added(new, repeated, undecoded)

    def _is_stored(self, device: bytes, sequence: int, raw: bytes) -> bool:
        row = self._db.execute(
            "SELECT raw FROM records WHERE device = ? AND sequence = ?", (device, sequence)
        ).fetchone()
        if row is None:
            return False
        if row[0] != raw:
            raise StoreError(
                f"Record {sequence} of device {device.hex()} differs from the one in the database. "
                "Nothing was changed. Keep the device as it is and pull into a new database."
            )
        return True

    def _add_one(self, device: bytes, head: records.Header, raw: bytes) -> bool:
        """Stores one record; False if its content could not be understood."""
        problem = None
        content: records.Content = records.Other(None)
        try:
            content = records.content(raw)
        except records.RecordError as error:
            problem = str(error)
        self._db.execute(
            "INSERT INTO records VALUES (?,?,?,?,?,?)",
            (device, head.sequence, head.type, head.unix_s, raw, problem),
        )
        self._add_content(device, head, content)
        return problem is None

    def _add_content(self, device: bytes, head: records.Header, content: records.Content) -> None:
        if isinstance(content, records.Registration):
            self._db.execute(
                "INSERT INTO registrations VALUES (?,?,?,?,?,?,?,?,?)",
                (device, head.sequence, head.unix_s, *content),
            )
        elif isinstance(content, records.Refusals):
            start = None if head.unix_s is None else head.unix_s - content.span_s
            self._db.executemany(
                "INSERT INTO refusals VALUES (?,?,?,?,?,?)",
                [
                    (device, head.sequence, reason, count, start, head.unix_s)
                    for reason, count in content.counts.items()
                ],
            )
        elif isinstance(content, records.TubeOpened):
            self._db.execute(
                "INSERT INTO tubes (device, tube, opened_sequence, opened_time) VALUES (?,?,?,?) "
                "ON CONFLICT (device, tube) DO UPDATE SET opened_sequence = "
                "excluded.opened_sequence, opened_time = excluded.opened_time, "
                "closed_sequence = NULL, closed_time = NULL, closed_people = NULL",
                (device, content.tube, head.sequence, head.unix_s),
            )
        elif isinstance(content, records.TubeClosed):
            self._db.execute(
                "INSERT INTO tubes (device, tube, closed_sequence, closed_time, closed_people) "
                "VALUES (?,?,?,?,?) ON CONFLICT (device, tube) DO UPDATE SET closed_sequence = "
                "excluded.closed_sequence, closed_time = excluded.closed_time, "
                "closed_people = excluded.closed_people",
                (device, content.tube, head.sequence, head.unix_s, content.people),
            )

    def note_acknowledged(self, device: bytes, up_to: int) -> None:
        """Notes what the device was told."""
        self._db.execute("UPDATE devices SET acknowledged = ? WHERE device = ?", (up_to, device))

    def missing(self, device: bytes) -> list[tuple[int, int]]:
        """Ranges (first, last) of sequence numbers below the last that are not stored."""
        rows = self._db.execute(
            "SELECT previous + 1, sequence - 1 FROM (SELECT sequence, "
            "lag(sequence, 1, 0) OVER (ORDER BY sequence) AS previous FROM records "
            "WHERE device = ?) WHERE sequence > previous + 1",
            (device,),
        )
        return [(first, last) for first, last in rows]

    def tubes(self) -> list[Tube]:
        """Every tube of every device with its registrations, in the order of opening.

        People registered without a tube come as a tube None.
        """
        rows = self._db.execute(
            "SELECT device, tube, opened_time, closed_time, closed_people, "
            "(SELECT count(*) FROM registrations r WHERE r.device = t.device AND r.tube = t.tube), "
            "coalesce(opened_sequence, closed_sequence) AS place FROM tubes t "
            "UNION ALL SELECT device, tube, NULL, NULL, NULL, count(*), min(sequence) "
            "FROM registrations r WHERE NOT EXISTS "
            "(SELECT 1 FROM tubes t WHERE t.device = r.device AND t.tube = r.tube) "
            "GROUP BY device, tube ORDER BY 1, 7"
        )
        return [Tube(*row[:6]) for row in rows]

    def registrations(self) -> list[dict[str, Any]]:
        """Every registration, by device, in the order in which they were made."""
        cursor = self._db.execute("SELECT * FROM registrations ORDER BY device, sequence")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def refusals_by_reason(self) -> dict[str, int]:
        """How often each reason was given, most frequent first."""
        rows = self._db.execute(
            "SELECT reason, sum(count) FROM refusals GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return dict(rows.fetchall())

    def count(self, device: bytes) -> int:
        """How many records of a device are stored."""
        row = self._db.execute("SELECT count(*) FROM records WHERE device = ?", (device,))
        return row.fetchone()[0]


def _header(raw: bytes) -> records.Header:
    try:
        return records.header(raw)
    except records.RecordError as error:
        raise StoreError(f"The device sent something that is no record: {error}") from error
