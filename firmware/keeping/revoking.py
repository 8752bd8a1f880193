"""A newer revocation list, and then its table: nothing is erased that the root has not vouched for.

the list --take_list--> in force already, or its table is in flash: in force
             |
             +--> NewList waits --the table, in pieces--> in force
                      | the host's visit ends: forgotten
"""

import hashlib

from micropython import const
from system.partitions import ERASE_BLOCK, SECTOR_BYTES
from verify import revocation
from verify.errors import Refused

from keeping import files, installing, objects
from keeping.provisioned import REVOKED

_ENTRIES_AT_ONCE = const(32)


def take_list(held, data):
    """Verifies a list; returns (its number, whether it came into force now, NewList or None).

    held: Provisioned. data: bytes. Raises Refused as installing.install does.
    """
    opened = installing.open_newer(held, REVOKED, data)
    if opened is None:
        return held.sequences[REVOKED], False, None
    waiting = NewList(held, data, opened)
    for slot in (held.revocations.slot, 1 - held.revocations.slot):
        if waiting.is_table_in(slot):
            waiting.put_in_force(slot)
            return opened[0], True, None
    return opened[0], False, waiting


def is_in_force(held, size, digest):
    """True if the table in force has this size (bytes) and SHA-256."""
    revocations = held.revocations
    return REVOKED in held.sequences and _is_table(
        revocations, revocations.slot, revocations.count, size, digest
    )


class NewList:
    """Vouched for by the root, and not in force: its table is not there."""

    def __init__(self, held, data, opened):
        self._held = held
        self._data = bytes(data)
        self._opened = opened

    def vouches_for(self, size, digest):
        """True if its table has this size (bytes) and SHA-256."""
        count, said = self._opened[2]
        return size == count * revocation.ENTRY_BYTES and digest == said

    def write(self, offset, data):
        """Programs a piece of its table into the slot that is not in force.

        Each sector is erased as its first byte is reached. Raises Refused TOO_LARGE, OSError.
        """
        revocations = self._held.revocations
        if offset + len(data) > revocations.capacity_bytes:
            raise Refused("TOO_LARGE")
        view = memoryview(data)
        first = (1 - revocations.slot) * revocations.sectors_of_slot
        done = 0
        while done < len(data):
            block, start = divmod(offset + done, SECTOR_BYTES)
            part = min(len(data) - done, SECTOR_BYTES - start)
            if start == 0:
                revocations.flash.ioctl(ERASE_BLOCK, first + block)
            revocations.flash.writeblocks(first + block, view[done : done + part], start)
            done += part

    def finish(self):
        """Its table was written: both are in force; returns the list's number.

        Raises Refused TABLE_MISMATCH.
        """
        slot = 1 - self._held.revocations.slot
        if not self.is_table_in(slot):
            raise Refused("TABLE_MISMATCH")
        self.put_in_force(slot)
        return self._opened[0]

    def is_table_in(self, slot):
        """True if the slot has its table."""
        count, said = self._opened[2]
        size = count * revocation.ENTRY_BYTES
        return _is_table(self._held.revocations, slot, count, size, said)

    def put_in_force(self, slot):
        """The list's file names the slot from now on."""
        files.replace(REVOKED, bytes((slot,)) + self._data)
        objects.adopt(self._held, REVOKED, self._opened, slot)


def _is_table(revocations, slot, count, size, digest):
    """Whether the slot has a sorted table of so many entries and bytes with this SHA-256."""
    if size != count * revocation.ENTRY_BYTES or size > revocations.capacity_bytes:
        return False
    sha = hashlib.sha256()
    last = b""
    for offset in range(0, size, revocation.ENTRY_BYTES * _ENTRIES_AT_ONCE):
        piece = revocations.read(
            slot, offset, min(revocation.ENTRY_BYTES * _ENTRIES_AT_ONCE, size - offset)
        )
        sha.update(piece)
        for start in range(0, len(piece), revocation.ENTRY_BYTES):
            entry = bytes(piece[start : start + revocation.ENTRY_BYTES])
            if entry <= last:
                return False
            last = entry
    return sha.digest() == digest
