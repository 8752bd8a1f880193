"""Takes a device's journal into the database: read, commit, open, verify; only then acknowledge."""

import secrets
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host_tools.client import Client
from host_tools.journal import image, records, statement
from host_tools.journal.damage import SectorDamage
from host_tools.journal.records import RecordError
from host_tools.journal.statement import Statement
from host_tools.store import (
    Added,
    Checkpoint,
    DamagedSector,
    Problem,
    Store,
    StoreError,
)

LAST_SEQUENCE = (1 << 32) - 1
# More than the slots of the largest journal: a device that is none may give without end.
MAX_RECORDS = 1 << 16


class Operator(Protocol):
    """Signs for what is done to a device."""

    def run(self, client: Client, device: bytes, operation: str, arguments: list[object]) -> int:
        """Has the device carry out a command."""


class Pulled(NamedTuple):
    """What a pull brought.

    opened: how many records were opened and verified; problems: those that could not be, of the
    whole device; damages: what has decayed in its flash, with what is lost of it; elsewhere: ranges
    of numbers that another host took before this pull and that were not known to be there.
    released: what the device may forget, where a shift was closed.
    """

    device: bytes
    new: int
    repeated: int
    opened: int
    problems: list[Problem]
    damages: list[SectorDamage]
    elsewhere: list[tuple[int, int]]
    acknowledged: int | None
    released: int | None

    @property
    def damaged(self) -> list[Problem]:
        """Problems that a key cannot mend."""
        return [problem for problem in self.problems if problem.sealed_to is None]

    @property
    def is_whole(self) -> bool:
        """False if something is altered or lost, and nobody has accepted that."""
        return not self.damaged and not any(damage.is_lossy for damage in self.damages)


def pull(
    client: Client,
    store: Store,
    now_s: int,
    keys: Mapping[bytes, X25519PrivateKey] | None = None,
    operator: Operator | None = None,
    close_shift: bool = False,
    accept_damage: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Pulled:
    """Reads what is not stored yet, opens it, and acknowledges it where an operator signs.

    keys: collection keys by kid; without them records are kept as they are, to be opened later.
    close_shift: also lets the device forget. accept_damage: what is altered or missing is taken as
    it is, on the device's signed word. progress: (sequence, last sequence).
    Does not acknowledge where something was altered, nor when nothing is new but what pulls cause.
    Raises StoreError, StatementError, and those of the client.
    """
    identity = client.identify()
    device = identity["device"]
    if device is None:
        raise StoreError("The device was never provisioned; it has no id. Use scanpost provision.")
    store.check_device(identity)
    status = client.status()
    stored = store.next_sequence(device)
    if stored > status["next"]:
        raise StoreError(
            f"The database has records of device {device.hex()} up to {stored - 1}, the device "
            f"only up to {status['next'] - 1}: its journal was erased. Pull into a new database."
        )
    known_elsewhere = store.gaps(device, True)
    raws = _read(client, max(1, stored - 1), status["next"], progress)
    decayed = _read_decayed(client, max(1, stored - 1))
    added, opened = Added(0, 0), 0
    if raws or decayed.mended:
        # Nothing counts before the statement is verified: what is stored here comes in with it.
        with store.trial(identity, now_s, raws):
            added = store.add(device, raws)
            _store_decayed(store, device, decayed, now_s)
            opened = store.open(device, keys or {}, status["first"], status["released"])
            last = store.next_sequence(device) - 1
            if accept_damage:
                store.accept_damage(device, last)
            sequences = (max(1, stored - 1), last)
            _have_signed(client, store, identity, sequences, now_s, accept_damage)
    if not store.holds(device):
        return Pulled(device, 0, 0, 0, [], [], [], None, None)
    elsewhere = [gap for gap in store.gaps(device, True) if gap not in known_elsewhere]
    found = Pulled(
        *(device, added.new, added.repeated, opened, store.problems(device)),
        *(store.damages(device), elsewhere, None, None),
    )
    if operator is None or not found.is_whole:
        return found
    # Compared with what the device knows, not with what is new: an earlier pull may have stored
    # records and been cut off before it could tell the device.
    if status["acknowledged"] < store.last_substantial(device):
        last = store.next_sequence(device) - 1
        acknowledged = operator.run(client, device, "acknowledge", [last, store.chain(device)])
        store.note_acknowledged(device, acknowledged)
        found = found._replace(acknowledged=acknowledged)
    if close_shift:
        found = found._replace(released=operator.run(client, device, "close_shift", []))
    return found


def _read(
    client: Client,
    first: int,
    expected: int,
    progress: Callable[[int, int], None] | None,
) -> list[bytes]:
    """All records from this number on, whole ones. Raises StoreError where they do not end."""
    # The last stored record is read once more: if the device has another under its number,
    # its journal was erased since, and `add` says so.
    raws: list[bytes] = []
    sequence = first
    while True:
        following, more = client.read_journal(sequence)
        if not more:
            return raws
        if following <= sequence:
            raise StoreError("The device does not get on with reading its journal.")
        raws += map(_whole, more)
        if len(raws) > MAX_RECORDS:
            raise StoreError(
                f"The device's journal does not end: it gave {len(raws)} records, more than any "
                "flash holds. Nothing was stored. This is no ScanPost, or one that is broken."
            )
        sequence = following
        if progress:
            progress(sequence - 1, max(expected, sequence) - 1)


def _whole(raw: bytes) -> bytes:
    try:
        records.parse(raw)
    except RecordError as error:
        raise StoreError(f"The device sent something that is no record: {error}") from error
    return raw


class _Decayed(NamedTuple):
    """What the sectors say beside their whole records. mended: records but for one bit."""

    checkpoints: list[Checkpoint]
    sectors: list[DamagedSector]
    mended: list[bytes]


def _read_decayed(client: Client, from_sequence: int) -> _Decayed:
    """Reads the checkpoints of the sectors, and those that have decayed, as they are."""
    points = client.journal_sectors(from_sequence)
    firsts = [first for _, first, _, _, _ in points]
    found = _Decayed(
        [
            Checkpoint(first, sector, epoch, chain)
            for sector, first, epoch, chain, _ in points
            if first
        ],
        [],
        [],
    )
    for place, (sector, first, _, _, is_decayed) in enumerate(points):
        if not is_decayed:
            continue
        low = first or max([from_sequence, *(known + 1 for known in firsts[:place])])
        high = next((known - 1 for known in firsts[place + 1 :] if known), LAST_SEQUENCE)
        raw = client.raw_sector(sector)
        slots = list(image.slots_of(raw))
        torn = sum(record is None for _, record, _ in slots)
        found.sectors.append(DamagedSector(sector, low, high, torn, not first, raw))
        found.mended.extend(
            record.raw
            for _, record, is_mended in slots
            if record is not None and is_mended and low <= record.sequence <= high
        )
    return found


def _store_decayed(store: Store, device: bytes, decayed: _Decayed, now_s: int) -> None:
    """Stores that; of the records those that are not there yet."""
    store.add_checkpoints(device, decayed.checkpoints)
    for damaged in decayed.sectors:
        store.add_damaged_sector(device, damaged, now_s)
    store.add_mended(device, decayed.mended)


def _have_signed(
    client: Client,
    store: Store,
    identity: dict[str, bytes],
    sequences: tuple[int, int],
    now_s: int,
    accept_damage: bool,
) -> None:
    """Has the device sign for what was read, and keeps that. Raises StatementError."""
    device = identity["device"]
    chains = set() if accept_damage else store.chains(device)
    nonce = secrets.token_bytes(statement.NONCE_BYTES)
    raw = client.statement(nonce, *sequences)
    # Where a bit was put right the device may not have counted its record.
    chain = next(iter(chains)) if len(chains) == 1 else None
    expected = Statement(device, nonce, *sequences, chain, 0)
    said = statement.verify(raw, identity["key"], expected)
    store.add_statement(said, raw, now_s)
    if chains and said.chain not in chains:
        statement.refuse("chain")
    if chain is None:
        store.adopt_chain(device, said.chain)
