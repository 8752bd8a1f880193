"""Opens and verifies what is stored, and puts what it says into its tables."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from host_tools.journal import opening, records
from host_tools.journal.opening import CollectionKeys, Opened, Opener, Place
from host_tools.journal.records import Record
from host_tools.store import rows
from host_tools.store.devices import Devices

LAST_SEQUENCE = 1 << 32
_BATCH = 2000  # records opened in one transaction


class Problem(NamedTuple):
    """A record that could not be opened, and why."""

    sequence: int
    problem: str
    sealed_to: bytes | None


class Opening(Devices):
    """Goes on with each device where the last record that was opened ended."""

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
        statement = "SELECT 1 FROM records WHERE device = ? AND sealed_to = ? LIMIT 1"
        return bool(self._select(statement, (device, kid)))

    def _unopened(self, device: bytes) -> list[Record]:
        return self._records(
            "sequence > (SELECT opened FROM devices WHERE device = ?1)", (device,), _BATCH
        )

    def _opener(self, device: bytes, keys: CollectionKeys, first: Record) -> Opener:
        """Goes on where the last record that was opened ended."""
        ((key, opened, chain),) = self._select(
            "SELECT key, opened, chain FROM devices WHERE device = ?", (device,)
        )
        if not opened:
            return Opener(device, key, keys, self._beginning(device, key, first))
        before = self._records("sequence = ?", (device, opened))
        epochs = self._select(
            "SELECT raw FROM records WHERE device = ? AND type = 10 AND sequence <= ? "
            "ORDER BY sequence DESC LIMIT 1",
            (device, opened),
        )
        epoch = records.parse(epochs[0][0]) if epochs else None
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
        self._do("UPDATE devices SET begins_late = 1 WHERE device = ?", (device,))
        return Place(0, None, None)

    def _store_opened(self, device: bytes, batch: list[Opened], place: Place | None = None) -> None:
        batch = opening.explained(batch)
        with self._transaction():
            self._do_each(
                "UPDATE records SET problem = ?, sealed_to = ? WHERE device = ? AND sequence = ?",
                [
                    (one.problem, one.sealed_to, device, one.record.sequence)
                    for one in batch
                    if one.problem or place is None
                ],
            )
            for statement, values in rows.of_batch(device, batch).items():
                self._do_each(statement, values)
            if place is not None:
                self._do(
                    "UPDATE devices SET opened = ?, chain = ? WHERE device = ?",
                    (batch[-1].record.sequence, place.chain, device),
                )

    def adopt_chain(self, device: bytes, chain: bytes | None) -> None:
        """Takes the device's signed word for the chain value behind what is stored."""
        self._do("UPDATE devices SET chain = ? WHERE device = ?", (chain, device))

    def accept_damage(self, device: bytes, up_to: int) -> None:
        """Notes that somebody takes the problems up to this record as they are."""
        self._do("UPDATE devices SET accepted = ? WHERE device = ?", (up_to, device))

    def chain(self, device: bytes) -> bytes | None:
        """The chain value behind the last record that was opened; None where it is not known."""
        ((chain,),) = self._select("SELECT chain FROM devices WHERE device = ?", (device,))
        return chain

    def problems(self, device: bytes) -> list[Problem]:
        """The records that could not be opened, and which nobody has accepted as they are."""
        found = self._select(
            "SELECT sequence, problem, sealed_to FROM records "
            "WHERE device = ?1 AND problem IS NOT NULL AND (sealed_to IS NOT NULL OR sequence > "
            "(SELECT accepted FROM devices WHERE device = ?1)) ORDER BY sequence",
            (device,),
        )
        return [Problem(*row) for row in found]
