"""What does not count: records without a verified statement, and devices that somebody set apart.

A pull stores inside a `trial`. All of it counts once the trial ends well, which is when the device
has signed for what was read; else none of it does, and the records are kept here as they came, with
the reason. So a device that names another's id leaves nothing in the tables of that one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from host_tools.store.database import Database, StoreError
from host_tools.store.opening import Opening

MAX_KEPT = 3  # pulls of one id and key whose records are kept apart; older ones make room


class Unproven(NamedTuple):
    """A pull that did not count. key: as the device named it; unix_s: the host's time."""

    number: int
    device: bytes
    key: bytes
    unix_s: int
    why: str
    records: int


class Known(NamedTuple):
    """A device that counts. Times are Unix seconds; records and statements: how many."""

    device: bytes
    key: bytes
    name: str
    last_pull: int
    records: int
    statements: int


class Apart(Opening):
    """Keeps apart, lists, and moves."""

    @contextmanager
    def trial(self, identity: dict[str, Any], unix_s: int, raws: list[bytes]) -> Iterator[None]:
        """What is stored inside counts if the block ends well, the device itself included.

        identity: as the device tells it; raws: the records that were read. Whatever the block
        raises is raised, after these were kept apart.
        """
        try:
            with self._transaction():
                self.add_device(identity, unix_s)
                yield
        except Exception as error:
            self.keep_apart(identity, unix_s, raws, str(error))
            raise

    def keep_apart(
        self, identity: dict[str, Any], unix_s: int, raws: list[bytes], why: str
    ) -> None:
        """Keeps what no statement covers, where nothing counts."""
        if not raws:
            return
        device, key = identity["device"], identity["key"]
        with self._transaction():
            ((number,),) = self._select("SELECT coalesce(max(number), 0) + 1 FROM unproven")
            self._do(
                "INSERT INTO unproven (number, device, key, unix_s, why) VALUES (?,?,?,?,?)",
                (number, device, key, unix_s, why),
            )
            self._do_each(
                "INSERT INTO unproven_records (number, position, raw) VALUES (?,?,?)",
                [(number, position, raw) for position, raw in enumerate(raws)],
            )
            for (old,) in self._select(
                "SELECT number FROM unproven WHERE device = ? AND key = ? ORDER BY number DESC "
                "LIMIT -1 OFFSET ?",
                (device, key, MAX_KEPT),
            ):
                self._do("DELETE FROM unproven_records WHERE number = ?", (old,))
                self._do("DELETE FROM unproven WHERE number = ?", (old,))

    def unproven(self) -> list[Unproven]:
        """The pulls that did not count, in their order."""
        rows = self._select(
            "SELECT number, device, key, unix_s, why, (SELECT count(*) FROM unproven_records r "
            "WHERE r.number = u.number) FROM unproven u ORDER BY number"
        )
        return [Unproven(*row) for row in rows]

    def unproven_records(self, number: int) -> list[bytes]:
        """The records of such a pull as they came. Raises StoreError if there is none."""
        if not self._select("SELECT 1 FROM unproven WHERE number = ?", (number,)):
            raise StoreError(f"No pull with the number {number} is kept apart.")
        rows = self._select(
            "SELECT raw FROM unproven_records WHERE number = ? ORDER BY position", (number,)
        )
        return [raw for (raw,) in rows]

    def devices(self) -> list[Known]:
        """The devices that count."""
        rows = self._select(
            "SELECT device, key, name, last_pull, "
            "(SELECT count(*) FROM records r WHERE r.device = d.device), "
            "(SELECT count(*) FROM statements s WHERE s.device = d.device) "
            "FROM devices d ORDER BY device"
        )
        return [Known(*row) for row in rows]

    def set_apart(self, device: bytes, into: Path) -> int:
        """Moves all that is known of a device into another database, in one step.

        Returns how many records that were. Doing the same from there moves it back. Raises
        StoreError, also where the device is not here, or is there already: nothing is changed then.
        """
        known = {one.device: one for one in self.devices()}
        if device not in known:
            raise StoreError(f"{self._path} does not know device {device.hex()}.")
        if into.exists() and Path(self._path).exists() and into.samefile(self._path):
            raise StoreError("That is the same database; name another file to move it into.")
        other = Database(into)  # made, or its schema looked at
        already = other.holds(device)
        other.close()
        if already:
            raise StoreError(f"{into} has a device {device.hex()} already; name another file.")
        self._do("ATTACH DATABASE ? AS other", (str(into),))
        try:
            with self._transaction():
                self._do("PRAGMA defer_foreign_keys = ON", ())
                for table, columns in self._tables().items():
                    names = ", ".join(columns)
                    self._do(
                        f"INSERT INTO other.{table} ({names}) "
                        f"SELECT {names} FROM main.{table} WHERE device = ?",
                        (device,),
                    )
                    self._do(f"DELETE FROM main.{table} WHERE device = ?", (device,))
        finally:
            self._do("DETACH DATABASE other", ())
        return known[device].records

    def _tables(self) -> dict[str, list[str]]:
        """All tables that count and have rows of devices, whichever they are; their columns."""
        rows = self._select(
            "SELECT m.name, c.name FROM main.sqlite_master m JOIN pragma_table_info(m.name) c "
            "WHERE m.type = 'table' AND m.name <> 'unproven'"
        )
        tables: dict[str, list[str]] = {}
        for table, column in rows:
            tables.setdefault(table, []).append(column)
        return {table: columns for table, columns in tables.items() if "device" in columns}
