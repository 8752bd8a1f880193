"""The file itself: its schema, transactions, and what SQLite's complaints mean to a person."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioning import files

SCHEMA_VERSION = 3
_SCHEMA = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
# How long a statement waits for another program's transaction; in that of a pull a device signs.
BUSY_S = 30.0

# By sqlite3.Error.sqlite_errorname, without what stands behind the second word.
_ADVICE = {
    "SQLITE_BUSY": "another program has it open and is writing. Close that one, or wait.",
    "SQLITE_LOCKED": "another program has it open and is writing. Close that one, or wait.",
    "SQLITE_READONLY": (
        "it may not be written. Its folder must be writable, too: SQLite keeps a second file "
        "beside it while it writes. Look at both, or name another file."
    ),
    "SQLITE_CANTOPEN": "it cannot be opened. Is its folder there, and may it be written?",
    "SQLITE_FULL": "the disk is full. Nothing was lost: make room and do it again.",
    "SQLITE_IOERR": "the disk failed. Copy the file elsewhere and look at the disk.",
    "SQLITE_NOTADB": "it is no SQLite database. Name another file.",
    "SQLITE_CORRUPT": "it is damaged. Keep it, and pull into a new one.",
}


class StoreError(Exception):
    """The database cannot be used, or contradicts the device. The message says what to do."""


class Database:
    """An open database. path: the file, made if it is not there; ":memory:" for none.

    Every method of it and of what builds on it raises StoreError for what SQLite says.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        is_new = path != ":memory:" and self._make_private(Path(path))
        try:
            self._open()
        except StoreError:
            if is_new:
                Path(path).unlink(missing_ok=True)
            raise

    def _make_private(self, path: Path) -> bool:
        """For its owner only from the first byte on: it holds people. True if it was made now."""
        try:
            is_new = files.make_private(path)
        except (OSError, ValueError) as error:
            raise StoreError(f"{path} cannot be used: {files.why(error)}.") from error
        if not is_new:
            files.remark_if_open(path)
        return is_new

    def _open(self) -> None:
        path = self._path
        with self._told():
            # Only the application decides when a transaction begins.
            self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
            # EXTRA also syncs the folder, so that a commit outlives a power cut of this computer.
            self._db.execute("PRAGMA synchronous = EXTRA")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._prepare()

    def _prepare(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            raise StoreError(f"{self._path} was made by a newer scanpost; use that one.")
        if version:
            raise StoreError(
                f"{self._path} is of an older scanpost, whose journal was another; name a new file."
            )
        if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"{self._path} is a database of another program; name another file.")
        self._db.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )

    def holds(self, device: bytes) -> bool:
        """True if this device (id, 8 bytes) counts here."""
        return bool(self._select("SELECT 1 FROM devices WHERE device = ?", (device,)))

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def _select(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        with self._told():
            return self._db.execute(statement, values).fetchall()

    def _do(self, statement: str, values: tuple[Any, ...]) -> None:
        """One statement, by itself or in the transaction that is open."""
        with self._told():
            self._db.execute(statement, values)

    def _do_each(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """The statement for each row, in the transaction that is open."""
        with self._told():
            self._db.executemany(statement, rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or none; durable at the end. Inside another one: part of it."""
        if self._db.in_transaction:
            yield
            return
        try:
            with self._told():
                self._db.execute("BEGIN IMMEDIATE")
            yield
            with self._told():
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be used: {_advice(error)}") from error


def _advice(error: sqlite3.Error) -> str:
    name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
    return _ADVICE.get(name, f"{error}.")
