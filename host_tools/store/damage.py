"""What is not in the database, and what was damaged where it came from (docs/database.md)."""

from collections.abc import Iterable
from typing import NamedTuple

from host_tools.journal import records
from host_tools.journal.damage import SectorDamage
from host_tools.store.devices import Devices

_LAST_SEQUENCE = (1 << 32) - 1


class Checkpoint(NamedTuple):
    """What a sector's header says: chain value and epoch before the record `first`."""

    first: int
    sector: int
    epoch: int
    chain: bytes


class DamagedSector(NamedTuple):
    """A sector as it was fetched. first, last: numbers that its records can have.

    torn: how many slots hold what is no record, even with a bit put right.
    """

    sector: int
    first: int
    last: int
    torn: int
    is_header_lost: bool
    raw: bytes


class Damages(Devices):
    """Gaps between records, sectors' checkpoints, damaged sectors."""

    def add_gap(self, device: bytes, first: int, last: int, is_elsewhere: bool) -> None:
        """Notes that records between two numbers are not here.

        is_elsewhere: another host took them and let the device forget them; else they are lost.
        """
        self._do(
            "INSERT OR IGNORE INTO gaps (device, first, last, elsewhere) VALUES (?,?,?,?)",
            (device, first, last, is_elsewhere),
        )

    def gaps(self, device: bytes, is_elsewhere: bool) -> list[tuple[int, int]]:
        """Ranges (first, last) of what is elsewhere, or is lost and nobody has accepted that."""
        return self._select(
            "SELECT first, last FROM gaps WHERE device = ?1 AND elsewhere = ?2 AND "
            "(elsewhere OR last > (SELECT accepted FROM devices WHERE device = ?1)) ORDER BY first",
            (device, is_elsewhere),
        )

    def is_gap(self, device: bytes, last: int) -> bool:
        """True if what ends with this number is known not to be here."""
        found = "SELECT 1 FROM gaps WHERE device = ? AND last = ?"
        return bool(self._select(found, (device, last)))

    def add_checkpoints(self, device: bytes, checkpoints: Iterable[Checkpoint]) -> None:
        """Keeps what the headers of sectors say."""
        with self._transaction():
            self._do_each(
                "INSERT OR REPLACE INTO checkpoints (device, first, sector, epoch, chain) "
                "VALUES (?,?,?,?,?)",
                [(device, *checkpoint) for checkpoint in checkpoints],
            )

    def checkpoints(self, device: bytes, behind: int) -> list[Checkpoint]:
        """Those of sectors that begin behind a number, ascending."""
        rows = self._select(
            "SELECT first, sector, epoch, chain FROM checkpoints "
            "WHERE device = ? AND first > ? ORDER BY first",
            (device, behind),
        )
        return [Checkpoint(*row) for row in rows]

    def add_damaged_sector(self, device: bytes, damaged: DamagedSector, unix_s: int) -> None:
        """Keeps a damaged sector as it was read; durable when it returns. unix_s: now."""
        self._do(
            "INSERT OR REPLACE INTO damaged_sectors "
            "(device, sector, first, last, torn, is_header_lost, raw, fetched) "
            "VALUES (?,?,?,?,?,?,?,?)",
            (device, *damaged, unix_s),
        )

    def damaged_sectors(self, device: bytes, behind: int = 0) -> list[DamagedSector]:
        """Those that can hold records behind a number, in the order of these."""
        rows = self._select(
            "SELECT sector, first, last, torn, is_header_lost, raw FROM damaged_sectors "
            "WHERE device = ? AND last > ? ORDER BY first",
            (device, behind),
        )
        return [DamagedSector(*row) for row in rows]

    def add_mended(self, device: bytes, raws: Iterable[bytes]) -> None:
        """Stores records of which a bit was put right, where none is stored of their number.

        Nor behind which something was opened: that has been told as missing.
        """
        ((opened,),) = self._select("SELECT opened FROM devices WHERE device = ?", (device,))
        rows = []
        for record in map(records.parse, raws):
            if record.sequence > opened:
                rows.append((device, record.sequence, record.type, record.minute, record.raw))
        with self._transaction():
            self._do_each(
                "INSERT OR IGNORE INTO records (device, sequence, type, minute, raw, mended) "
                "VALUES (?,?,?,?,?,1)",
                rows,
            )

    def _drop_torn(self, device: bytes, sequences: Iterable[int]) -> None:
        """Takes out what only seemed to be a record with one wrong bit."""
        self._do_each(
            "DELETE FROM records WHERE device = ? AND sequence = ? AND mended",
            [(device, sequence) for sequence in sequences],
        )

    def mended(self, device: bytes) -> list[int]:
        """The numbers of records of which a bit was put right, ascending."""
        found = "SELECT sequence FROM records WHERE device = ? AND mended ORDER BY sequence"
        return [number for (number,) in self._select(found, (device,))]

    def damages(self, device: bytes) -> list[SectorDamage]:
        """What is lost and what was mended, sector by sector, but for what somebody accepted."""
        ((accepted,),) = self._select("SELECT accepted FROM devices WHERE device = ?", (device,))
        missing = self.gaps(device, False)
        mended = [number for number in self.mended(device) if number > accepted]
        found = []
        for damaged in self.damaged_sectors(device, accepted):
            first, last = damaged.first, damaged.last
            own = tuple(gap for gap in missing if gap[0] <= last and gap[1] >= first)
            numbers = tuple(number for number in mended if first <= number <= last)
            missing = [gap for gap in missing if gap not in own]
            mended = [number for number in mended if number not in numbers]
            header = "lost" if damaged.is_header_lost else None
            found.append(SectorDamage(damaged.sector, own, numbers, header, damaged.torn))
        if missing or mended:
            found.append(SectorDamage(None, tuple(missing), tuple(mended)))
        return found
