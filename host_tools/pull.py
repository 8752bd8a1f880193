"""Takes a device's journal into the database: read, commit, and only then acknowledge."""

from collections.abc import Callable
from typing import NamedTuple

from host_tools.client import Client
from host_tools.store import Store, StoreError


class Pulled(NamedTuple):
    """What a pull brought. missing: ranges of sequence numbers nobody can bring any more."""

    device: bytes
    new: int
    repeated: int
    undecoded: int
    acknowledged: int | None
    missing: list[tuple[int, int]]


def pull(
    client: Client,
    store: Store,
    now_s: int,
    acknowledge: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Pulled:
    """Reads what is not stored yet and acknowledges it. progress: (sequence, last sequence).

    Does not acknowledge when nothing but acknowledgements is new: each is a record itself.
    """
    identity = client.identify()
    device = identity["device"]
    if device is None:
        raise StoreError("The device was never provisioned; it has no id. Use scanpost provision.")
    store.add_device(identity, now_s)
    status = client.status()
    expected = status["next"]
    stored = store.next_sequence(device)
    if stored > expected:
        raise StoreError(
            f"The database has records of device {device.hex()} up to {stored - 1}, the device "
            f"only up to {expected - 1}: its journal was erased. Pull into a new database."
        )
    # The last stored record is read once more: if the device has another under its number,
    # its journal was erased since, and `add` says so.
    sequence = max(1, stored - 1)
    new = repeated = undecoded = 0
    while True:
        following, raws = client.read_journal(sequence)
        if not raws:
            break
        if following <= sequence:
            raise StoreError("The device does not get on with reading its journal.")
        added = store.add(device, raws)
        new += added.new
        repeated += added.repeated
        undecoded += added.undecoded
        sequence = following
        if progress:
            progress(sequence - 1, max(expected, sequence) - 1)
    # Compared with what the device knows, not with what is new: an earlier pull may have
    # stored records and been cut off before it could tell the device.
    acknowledged = None
    if acknowledge and status["acknowledged"] < store.last_substantial(device):
        acknowledged = client.acknowledge(store.next_sequence(device) - 1)
        store.note_acknowledged(device, acknowledged)
    return Pulled(device, new, repeated, undecoded, acknowledged, store.missing(device))
