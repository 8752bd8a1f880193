"""Opens and verifies what is stored, and puts what it says into its tables."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from host_tools.journal import opening, records
from host_tools.journal.opening import CollectionKeys, Opened, Opener, Place
from host_tools.journal.records import Record
from host_tools.store import rows
from host_tools.store.damage import Damages

LAST_SEQUENCE = 1 << 32
_BATCH = 2000  # records opened in one transaction


class Problem(NamedTuple):
    """A record that could not be opened, and why."""

    sequence: int
    problem: str
    sealed_to: bytes | None


class Opening(Damages):
    """Goes on with each device where the last record that was opened ended."""

    def open(
        self, device: bytes, keys: CollectionKeys, first_held: int = 0, released: int = 0
    ) -> int:
        """Opens and verifies what is stored and was not yet; returns how many records that were.

        What had not been opened for want of one of these keys is opened too. first_held: the oldest
        number that the device holds; released: up to where it may forget. What is missing between
        these went to another host.
        """
        done = 0
        for epoch, sealed in self._sealed_to(device, keys):
            place = Place(epoch.sequence, opening.link_of(epoch.raw), None)
            opener = Opener(device, None, keys, place, epoch)
            opened = [
                opener.take(record, following)
                for record, following in opening.each_with_next(sealed)
            ]
            self._store_opened(device, opened, (first_held, released))
            done += sum(one.problem is None for one in opened)
        while batch := self._unopened(device):
            opener = self._opener(device, keys, batch[0])
            opened = self._take(device, opener, batch)
            self._store_opened(device, opened, (first_held, released), opener.place)
            done += sum(one.problem is None for one in opened)
        return done

    def _take(self, device: bytes, opener: Opener, batch: list[Record]) -> list[Opened]:
        """Opens a batch, but for one behind it that may only prove its last."""
        before = opener.last
        checkpoints = {point.first: point for point in self.checkpoints(device, before)}
        firsts = sorted(checkpoints)
        damaged = [
            (sector.first, sector.last)
            for sector in self.damaged_sectors(device, before)
            if sector.torn or sector.is_header_lost
        ]
        mended = set(self.mended(device))
        opened = []
        for record, following in list(opening.each_with_next(batch))[:_BATCH]:
            number = record.sequence
            has_numbers_between = before + 1 < number
            if has_numbers_between and any(a < number and b > before for a, b in damaged):
                opener.note_damage()
            at = bisect_right(firsts, number)
            if at and firsts[at - 1] > before:
                point = checkpoints[firsts[at - 1]]
                opener.check(point.chain, point.epoch)
            one = opener.take(record, following, number in mended)
            if one.problem is not opening.INTRUDER:
                before = number
            opened.append(one)
        return opened

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
            "sequence > (SELECT opened FROM devices WHERE device = ?1)", (device,), _BATCH + 1
        )

    def _opener(self, device: bytes, keys: CollectionKeys, first: Record) -> Opener:
        """Goes on where the last record that was opened ended."""
        ((key, opened, chain, others),) = self._select(
            "SELECT key, opened, chain, other_chains FROM devices WHERE device = ?", (device,)
        )
        second = opening.second_places(self._records("type = ?", (device, records.EPOCH_KEY)))
        if not opened:
            place = self._beginning(device, key, first)
            return Opener(device, key, keys, place, None, second)
        before = self._records("sequence = ?", (device, opened))
        epochs = self._select(
            "SELECT raw FROM records WHERE device = ? AND type = 10 AND sequence <= ? "
            "ORDER BY sequence DESC LIMIT 1",
            (device, opened),
        )
        epoch = records.parse(epochs[0][0]) if epochs else None
        place = Place(opened, opening.link_of(before[0].raw), chain, _apart(others))
        return Opener(device, key, keys, place, epoch, second)

    def _beginning(self, device: bytes, key: bytes, first: Record) -> Place | None:
        """None if this is a device's very first record: an epoch, signed for the empty chain.

        Else the records before it were let go before this database saw them.
        """
        is_first = (
            first.type == records.EPOCH and Opener(device, key, {}).take(first).problem is None
        )
        if is_first or first.sequence == 1:
            return None
        if not self.is_gap(device, first.sequence - 1):
            self.add_gap(device, 1, first.sequence - 1, True)
        return Place(first.sequence - 1, None, None)

    def _store_opened(
        self,
        device: bytes,
        batch: list[Opened],
        held: tuple[int, int],
        place: Place | None = None,
    ) -> None:
        first_held, released = held
        with self._transaction():
            self._do_each(
                "UPDATE records SET problem = ?, sealed_to = ? WHERE device = ? AND sequence = ?",
                [
                    (one.problem, one.sealed_to, device, one.record.sequence)
                    for one in batch
                    if one.problem or place is None
                ],
            )
            for one in batch:
                if one.hole is not None:
                    # Below what the device holds: it was let go, or lost with its sector.
                    is_elsewhere = one.hole[1] < first_held and one.hole[1] <= released
                    self.add_gap(device, *one.hole, is_elsewhere)
            torn = [one.record.sequence for one in batch if one.problem is opening.INTRUDER]
            self._drop_torn(device, torn)
            for statement, values in rows.of_batch(device, batch).items():
                self._do_each(statement, values)
            if place is not None:
                self._do(
                    "UPDATE devices SET opened = ?, chain = ?, other_chains = ? WHERE device = ?",
                    (batch[-1].record.sequence, place.chain, b"".join(place.others), device),
                )

    def adopt_chain(self, device: bytes, chain: bytes | None) -> None:
        """Takes the device's signed word for the chain value behind what is stored."""
        self._do(
            "UPDATE devices SET chain = ?, other_chains = x'' WHERE device = ?", (chain, device)
        )

    def accept_damage(self, device: bytes, up_to: int) -> None:
        """Notes that somebody takes the problems up to this record as they are."""
        self._do("UPDATE devices SET accepted = ? WHERE device = ?", (up_to, device))

    def chain(self, device: bytes) -> bytes | None:
        """The chain value behind the last record that was opened; None where it is not known."""
        ((chain,),) = self._select("SELECT chain FROM devices WHERE device = ?", (device,))
        return chain

    def chains(self, device: bytes) -> set[bytes]:
        """The values that it may have there, as the device counted what was mended or not."""
        ((chain, others),) = self._select(
            "SELECT chain, other_chains FROM devices WHERE device = ?", (device,)
        )
        return set() if chain is None else {chain, *_apart(others)}

    def problems(self, device: bytes) -> list[Problem]:
        """The records that could not be opened, and which nobody has accepted as they are."""
        found = self._select(
            "SELECT sequence, problem, sealed_to FROM records "
            "WHERE device = ?1 AND problem IS NOT NULL AND (sealed_to IS NOT NULL OR sequence > "
            "(SELECT accepted FROM devices WHERE device = ?1)) ORDER BY sequence",
            (device,),
        )
        return [Problem(*row) for row in found]


def _apart(others: bytes) -> tuple[bytes, ...]:
    size = opening.CHAIN_BYTES
    return tuple(others[at : at + size] for at in range(0, len(others), size))
