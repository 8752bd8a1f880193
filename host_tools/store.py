"""The database that journals are pulled into: one SQLite file (docs/database.md).

Every record is kept raw in `records`; the other tables hold what was opened of it and can be made
again from there, with the collection keys. A batch is one transaction, synced to the disk before
`add` returns: only then may the device be told.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from host_tools import contents
from host_tools.journal import opening, records
from host_tools.journal.opening import CollectionKeys, Opened, Opener, Place
from host_tools.journal.records import Record, RecordError
from host_tools.journal.statement import Statement

SCHEMA_VERSION = 2
_SCHEMA = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
LAST_SEQUENCE = 1 << 32
_BATCH = 2000  # records opened in one transaction


class StoreError(Exception):
    """The database cannot be used, or contradicts the device. The message says what to do."""


class Added(NamedTuple):
    """What a batch brought."""

    new: int
    repeated: int


class Tube(NamedTuple):
    """A tube of one device. people: registrations stored; closed_people: as the device counted.

    Times are Unix seconds.
    """

    device: bytes
    tube: str | None
    opened_time: int | None
    closed_time: int | None
    closed_people: int | None
    people: int


class Problem(NamedTuple):
    """A record that could not be opened, and why."""

    sequence: int
    problem: str
    sealed_to: bytes | None


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
        if version:
            raise StoreError(
                f"{path} is of an older scanpost, whose journal was another; name a new file."
            )
        if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"{path} is a database of another program; name another file.")
        self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    # -- devices ------------------------------------------------------------------------

    def add_device(self, identity: dict[str, Any], unix_s: int) -> None:
        """Notes a device, as `identify` describes it, and the time of this pull.

        Its key is the one that was seen first. Raises StoreError for another.
        """
        device, key = identity["device"], identity["key"]
        known = self._db.execute("SELECT key FROM devices WHERE device = ?", (device,)).fetchone()
        if known and known[0] != key:
            raise StoreError(
                f"Device {device.hex()} has another key than at its first pull: it is another "
                "device, or was set up anew. Nothing was changed. Find out which before you pull "
                "it, into a new database."
            )
        self._db.execute(
            "INSERT INTO devices (device, key, name, board, firmware, last_pull, chain) "
            "VALUES (?,?,?,?,?,?,?) ON CONFLICT (device) DO UPDATE SET name = excluded.name, "
            "board = excluded.board, firmware = excluded.firmware, last_pull = excluded.last_pull",
            (
                device,
                key,
                identity["name"],
                identity["board"],
                identity["version"],
                unix_s,
                opening.first_chain(device),
            ),
        )

    def device_keys(self) -> dict[bytes, bytes]:
        """The key of every device, by its id."""
        return dict(self._db.execute("SELECT device, key FROM devices"))

    def next_sequence(self, device: bytes) -> int:
        """The sequence number behind the last record that is stored of a device."""
        row = self._db.execute(
            "SELECT max(sequence) FROM records WHERE device = ?", (device,)
        ).fetchone()
        return (row[0] or 0) + 1

    def last_substantial(self, device: bytes) -> int:
        """The sequence number of the last record that a host has not caused itself; 0 for none."""
        row = self._db.execute(
            "SELECT max(sequence) FROM records WHERE device = ? AND type NOT IN (?, ?, ?)",
            (device, records.ACKNOWLEDGED, records.SHIFT_CLOSED, records.EPOCH),
        ).fetchone()
        return row[0] or 0

    def note_acknowledged(self, device: bytes, up_to: int) -> None:
        """Notes what the device was told."""
        self._db.execute("UPDATE devices SET acknowledged = ? WHERE device = ?", (up_to, device))

    def add_statement(self, statement: Statement, raw: bytes, unix_s: int) -> None:
        """Keeps what a device signed at the end of a pull. unix_s: the host's time."""
        self._db.execute(
            "INSERT INTO statements VALUES (?,?,?,?,?,?,?,?)", (*statement, unix_s, raw)
        )

    # -- raw records --------------------------------------------------------------------

    def add(self, device: bytes, raws: Iterable[bytes]) -> Added:
        """Stores a batch of raw records in their order, all or none; durable when it returns.

        A record that is there already changes nothing. Raises StoreError where the stored one
        says something else, or for what is no record.
        """
        batch = [_parsed(raw) for raw in raws]
        if not batch:
            return Added(0, 0)
        first = min(record.sequence for record in batch)
        last = max(record.sequence for record in batch)
        stored = dict(
            self._db.execute(
                "SELECT sequence, raw FROM records WHERE device = ? AND sequence BETWEEN ? AND ?",
                (device, first, last),
            )
        )
        new = []
        for record in batch:
            if record.sequence not in stored:
                stored[record.sequence] = record.raw
                new.append((device, record.sequence, record.type, record.minute, record.raw))
            elif stored[record.sequence] != record.raw:
                raise StoreError(
                    f"Record {record.sequence} of device {device.hex()} differs from the one in "
                    "the database. Nothing was changed. Keep the device as it is and pull into a "
                    "new database."
                )
        with _Transaction(self._db):
            self._db.executemany(
                "INSERT INTO records (device, sequence, type, minute, raw) VALUES (?,?,?,?,?)", new
            )
        return Added(len(new), len(batch) - len(new))

    def missing(self, device: bytes) -> list[tuple[int, int]]:
        """Ranges (first, last) below the first stored record: somebody else may have them.

        Numbers missing between records say nothing: a device passes over the number of a record
        whose writing failed. That nothing was removed there is what the chain is for.
        """
        row = self._db.execute(
            "SELECT min(sequence) FROM records WHERE device = ?", (device,)
        ).fetchone()
        known = self._db.execute(
            "SELECT begins_late FROM devices WHERE device = ?", (device,)
        ).fetchone()
        if row[0] is None or not known or not known[0]:
            return []
        return [(1, row[0] - 1)]

    def count(self, device: bytes) -> int:
        """How many records of a device are stored."""
        row = self._db.execute("SELECT count(*) FROM records WHERE device = ?", (device,))
        return row.fetchone()[0]

    # -- opening ------------------------------------------------------------------------

    def open(self, device: bytes, keys: CollectionKeys) -> int:
        """Opens and verifies what is stored and was not yet; returns how many records that were.

        What had not been opened for want of one of these keys is opened too.
        """
        done = 0
        for epoch, sealed in self._sealed_to(device, keys):
            place = Place(epoch.sequence, opening.link_of(epoch.raw), None)
            opener = Opener(device, None, keys, place, epoch)
            opened = [opener.take(record) for record in sealed]
            self._store_opened(device, opened)
            done += sum(one.problem is None for one in opened)
        while batch := self._unopened(device):
            opener = self._opener(device, keys, batch[0])
            opened = [opener.take(record) for record in batch]
            self._store_opened(device, opened, opener.place)
            done += sum(one.problem is None for one in opened)
        return done

    def _sealed_to(
        self, device: bytes, keys: CollectionKeys
    ) -> Iterator[tuple[Record, list[Record]]]:
        """Epochs that were left closed and can be opened now, each with its other records."""
        epochs = self._records(
            "type = ? AND sequence <= (SELECT opened FROM devices WHERE device = ?1)",
            (device, records.EPOCH),
        )
        for epoch, following in zip_longest(epochs, epochs[1:]):
            kid = epoch.clear[:8]
            if kid not in keys or not self._is_sealed(device, kid):
                continue
            end = following.sequence if following else LAST_SEQUENCE
            inside = self._records(
                "sequence > ? AND sequence < ? AND sequence <= "
                "(SELECT opened FROM devices WHERE device = ?1)",
                (device, epoch.sequence, end),
            )
            yield epoch, inside

    def _is_sealed(self, device: bytes, kid: bytes) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM records WHERE device = ? AND sealed_to = ? LIMIT 1", (device, kid)
        )
        return row.fetchone() is not None

    def _unopened(self, device: bytes) -> list[Record]:
        return self._records(
            "sequence > (SELECT opened FROM devices WHERE device = ?1)", (device,), _BATCH
        )

    def _records(self, where: str, values: tuple[Any, ...], limit: int = -1) -> list[Record]:
        """Records of the device that is the first of `values`, in order."""
        rows = self._db.execute(
            f"SELECT raw FROM records WHERE device = ?1 AND {where} "
            f"ORDER BY sequence LIMIT {limit}",
            values,
        )
        return [records.parse(raw) for (raw,) in rows]

    def _opener(self, device: bytes, keys: CollectionKeys, first: Record) -> Opener:
        """Goes on where the last record that was opened ended."""
        key, opened, chain = self._db.execute(
            "SELECT key, opened, chain FROM devices WHERE device = ?", (device,)
        ).fetchone()
        if not opened:
            return Opener(device, key, keys, self._beginning(device, key, first))
        before = self._records("sequence = ?", (device, opened))
        epochs = self._db.execute(
            "SELECT raw FROM records WHERE device = ? AND type = 10 AND sequence <= ? "
            "ORDER BY sequence DESC LIMIT 1",
            (device, opened),
        ).fetchone()
        epoch = records.parse(epochs[0]) if epochs else None
        place = Place(opened, opening.link_of(before[0].raw), chain)
        return Opener(device, key, keys, place, epoch)

    def _beginning(self, device: bytes, key: bytes, first: Record) -> Place | None:
        """None if this is a device's very first record: an epoch, signed for the empty chain.

        Else the records before it were let go before this database saw them.
        """
        is_first = (
            first.type == records.EPOCH and Opener(device, key, {}).take(first).problem is None
        )
        if is_first or first.sequence == 1:
            return None
        self._db.execute("UPDATE devices SET begins_late = 1 WHERE device = ?", (device,))
        return Place(0, None, None)

    def _store_opened(self, device: bytes, batch: list[Opened], place: Place | None = None) -> None:
        batch = opening.explained(batch)
        with _Transaction(self._db):
            self._db.executemany(
                "UPDATE records SET problem = ?, sealed_to = ? WHERE device = ? AND sequence = ?",
                [
                    (one.problem, one.sealed_to, device, one.record.sequence)
                    for one in batch
                    if one.problem or place is None
                ],
            )
            for statement, rows in contents.rows(device, batch).items():
                self._db.executemany(statement, rows)
            if place is not None:
                self._db.execute(
                    "UPDATE devices SET opened = ?, chain = ? WHERE device = ?",
                    (batch[-1].record.sequence, place.chain, device),
                )

    def adopt_chain(self, device: bytes, chain: bytes | None) -> None:
        """Takes the device's signed word for the chain value behind what is stored."""
        self._db.execute("UPDATE devices SET chain = ? WHERE device = ?", (chain, device))

    def accept_damage(self, device: bytes, up_to: int) -> None:
        """Notes that somebody takes the problems up to this record as they are."""
        self._db.execute("UPDATE devices SET accepted = ? WHERE device = ?", (up_to, device))

    def chain(self, device: bytes) -> bytes | None:
        """The chain value behind the last record that was opened; None where it is not known."""
        row = self._db.execute("SELECT chain FROM devices WHERE device = ?", (device,)).fetchone()
        return row[0]

    def problems(self, device: bytes) -> list[Problem]:
        """The records that could not be opened, and which nobody has accepted as they are."""
        rows = self._db.execute(
            "SELECT sequence, problem, sealed_to FROM records "
            "WHERE device = ?1 AND problem IS NOT NULL AND (sealed_to IS NOT NULL OR sequence > "
            "(SELECT accepted FROM devices WHERE device = ?1)) ORDER BY sequence",
            (device,),
        )
        return [Problem(*row) for row in rows]

    # -- what is in it ------------------------------------------------------------------

    def tubes(self) -> list[Tube]:
        """Every tube of every device with its registrations, in the order of opening.

        People registered without a tube come as a tube None.
        """
        rows = self._db.execute(
            "SELECT device, tube, opened_minute * 60, closed_minute * 60, closed_people, "
            "(SELECT count(*) FROM people r WHERE r.device = t.device "
            "AND r.tube_sequence = t.sequence), sequence FROM tubes t "
            "UNION ALL SELECT device, NULL, NULL, NULL, NULL, count(*), min(sequence) "
            "FROM people WHERE tube IS NULL GROUP BY device ORDER BY 1, 7"
        )
        return [Tube(*row[:6]) for row in rows]

    def registrations(self) -> list[dict[str, Any]]:
        """Every registration that counts, by device, in the order in which they were made."""
        cursor = self._db.execute("SELECT * FROM people ORDER BY device, sequence")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def refusals_by_reason(self) -> dict[str, int]:
        """How often each reason was given, most frequent first."""
        rows = self._db.execute(
            "SELECT reason, sum(count) FROM refusals GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return dict(rows.fetchall())


class _Transaction:
    """All or none; durable at the end. Raises StoreError for what SQLite says."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._run("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: object, _: object) -> None:
        if kind is None:
            self._run("COMMIT")
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise StoreError(f"The database could not be written: {error}") from error

    def _run(self, statement: str) -> None:
        try:
            self._db.execute(statement)
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise StoreError(f"The database could not be written: {error}") from error


def _parsed(raw: bytes) -> Record:
    try:
        return records.parse(raw)
    except RecordError as error:
        raise StoreError(f"The device sent something that is no record: {error}") from error
