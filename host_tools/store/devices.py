"""Devices, and their records as they came: nothing twice, nothing altered."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from host_tools.journal import opening, records
from host_tools.journal.records import Record, RecordError
from host_tools.journal.statement import Statement
from host_tools.store.database import Database, StoreError


class Added(NamedTuple):
    """What a batch brought."""

    new: int
    repeated: int


class Devices(Database):
    """What is known of each device, and its raw records."""

    def add_device(self, identity: dict[str, Any], unix_s: int) -> None:
        """Notes a device, as `identify` describes it, and the time of this pull.

        Raises as `check_device`.
        """
        self.check_device(identity)
        device, key = identity["device"], identity["key"]
        self._do(
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

    def check_device(self, identity: dict[str, Any]) -> None:
        """Raises StoreError where the key of a device is not the one that was seen first."""
        device, key = identity["device"], identity["key"]
        known = self._select("SELECT key FROM devices WHERE device = ?", (device,))
        if known and known[0][0] != key:
            raise StoreError(
                f"Device {device.hex()} has another key ({key.hex()}) than at its first pull "
                f"({known[0][0].hex()}): one of the two is another device, or it was set up anew. "
                "Nothing was changed. Find out which one is right. "
                + self._advice_to_set_apart(device)
            )

    def _advice_to_set_apart(self, device: bytes) -> str:
        return (
            "If it is this one, set what is in the database apart and pull again: scanpost devices "
            f"set-apart {device.hex()} --db {self._path} --into OTHER.db"
        )

    def device_keys(self) -> dict[bytes, bytes]:
        """The key of every device, by its id."""
        return {device: key for device, key in self._select("SELECT device, key FROM devices")}

    def next_sequence(self, device: bytes) -> int:
        """The sequence number behind the last record that is stored of a device."""
        rows = self._select("SELECT max(sequence) FROM records WHERE device = ?", (device,))
        return (rows[0][0] or 0) + 1

    def last_substantial(self, device: bytes) -> int:
        """The sequence number of the last record that a host has not caused itself; 0 for none."""
        rows = self._select(
            "SELECT max(sequence) FROM records WHERE device = ? AND type NOT IN (?, ?, ?)",
            (device, records.ACKNOWLEDGED, records.SHIFT_CLOSED, records.EPOCH),
        )
        return rows[0][0] or 0

    def note_acknowledged(self, device: bytes, up_to: int) -> None:
        """Notes what the device was told."""
        self._do("UPDATE devices SET acknowledged = ? WHERE device = ?", (up_to, device))

    def add_statement(self, statement: Statement, raw: bytes, unix_s: int) -> None:
        """Keeps what a device signed at the end of a pull. unix_s: the host's time."""
        self._do(
            "INSERT INTO statements "
            "(device, nonce, first, last, chain, device_time, host_time, raw) "
            "VALUES (?,?,?,?,?,?,?,?)",
            (*statement, unix_s, raw),
        )

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
        stored: dict[int, bytes] = dict(
            self._select(
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
                    "the database. Nothing was changed. Keep the device as it is. "
                    + self._advice_to_set_apart(device)
                )
        with self._transaction():
            self._do_each(
                "INSERT INTO records (device, sequence, type, minute, raw) VALUES (?,?,?,?,?)", new
            )
        return Added(len(new), len(batch) - len(new))

    def count(self, device: bytes) -> int:
        """How many records of a device are stored."""
        ((count,),) = self._select("SELECT count(*) FROM records WHERE device = ?", (device,))
        return count

    def _records(self, where: str, values: tuple[Any, ...], limit: int = -1) -> list[Record]:
        """Records of the device that is the first of `values`, in order."""
        rows = self._select(
            f"SELECT raw FROM records WHERE device = ?1 AND {where} "
            f"ORDER BY sequence LIMIT {limit}",
            values,
        )
        return [records.parse(raw) for (raw,) in rows]


def _parsed(raw: bytes) -> Record:
    try:
        return records.parse(raw)
    except RecordError as error:
        raise StoreError(f"The device sent something that is no record: {error}") from error
