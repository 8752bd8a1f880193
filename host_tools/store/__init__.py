"""The database that journals are pulled into: one SQLite file (docs/database.md).

Every record is kept raw in `records`; the other tables hold what was opened of it and can be made
again from there, with the collection keys. A batch is one transaction, synced to the disk before
`add` returns: only then may the device be told.

Map: `database` (the file, schema.sql, transactions), `devices` (devices and their raw records),
`opening` (opened and verified, into rows that `rows` makes), `apart` (what does not count),
`reports` (questions).
"""

from host_tools.store.apart import Apart, Known, Unproven
from host_tools.store.damage import Checkpoint, DamagedSector
from host_tools.store.database import SCHEMA_VERSION, StoreError
from host_tools.store.devices import Added
from host_tools.store.opening import Problem
from host_tools.store.reports import Reports, Tube

__all__ = [
    "SCHEMA_VERSION",
    "Added",
    "Checkpoint",
    "DamagedSector",
    "Known",
    "Problem",
    "Store",
    "StoreError",
    "Tube",
    "Unproven",
]


class Store(Apart, Reports):
    """All of it over one connection."""
