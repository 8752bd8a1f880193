"""What a host gives the device for good: signed objects, the revocation table, secrets.

Each is verified before a byte of flash changes. What is held already changes nothing.
"""

import hashlib

from journal import JournalFull, NoCollectionKey, bodies
from keeping import installing, revoking
from keeping.provisioned import REVOKED, SECRETS
from system import rooms
from verify.errors import Refused


class _Table:
    """The table of a waiting revocation list on its way into flash."""

    offset = 0

    def __init__(self, waiting, put_in_force):
        self._waiting = waiting
        self._put_in_force = put_in_force
        self._sha = hashlib.sha256()

    def write(self, data):
        self._waiting.write(self.offset, data)
        self._sha.update(data)
        self.offset += len(data)

    def commit(self, sha256):
        if self._sha.digest() != sha256:
            raise Refused("DIGEST")
        self._put_in_force()
        return self.offset


class _HeldTable:
    """The table in force: not a byte of it is wanted."""

    def __init__(self, size):
        self.offset = size

    def commit(self, sha256):
        return self.offset


class Installs:
    """device: clock, provisioned, journal, randomness, allowance, changed."""

    def __init__(self, device):
        self._device = device
        self._held = device.provisioned
        self._waiting = None  # a revocation list whose table is to come

    def most_bytes(self, kind):
        """The largest object of a kind. Raises Refused UNKNOWN_KIND."""
        most = installing.MAX_BYTES.get(kind)
        if most is None:
            raise Refused("UNKNOWN_KIND")
        return most

    def open_table(self, size, sha256):
        """Where the pieces of a revocation table go.

        size: bytes; sha256: of the table. Raises Refused TOO_LARGE, TABLE_MISMATCH (no list vouches
        for it), TOO_OFTEN.
        """
        if size > self._held.revocations.capacity_bytes:
            raise Refused("TOO_LARGE")
        waiting = self._waiting
        if waiting is None or not waiting.vouches_for(size, sha256):
            if revoking.is_in_force(self._held, size, sha256):
                return _HeldTable(size)
            raise Refused("TABLE_MISMATCH")
        if not self._device.allowance.take():
            raise Refused("TOO_OFTEN")
        return _Table(waiting, self._finish)

    def _finish(self):
        waiting, self._waiting = self._waiting, None
        self._installed(REVOKED, waiting.finish())

    def install(self, kind, data):
        """Takes a signed list or settings; returns its number. Raises Refused."""
        if kind == REVOKED:
            number, is_new, self._waiting = revoking.take_list(self._held, data)
        else:
            number, is_new = installing.install(self._held, kind, data)
        if is_new:
            self._installed(kind, number)
        return number

    def install_secrets(self, signer, data):
        """Takes secrets that this key (32 bytes) must have signed; returns their number."""
        rooms.SECRETS.enter()
        from keeping import sealed_secrets

        device = self._device
        try:
            number, is_new = sealed_secrets.install(
                self._held, data, signer, device.randomness.bytes, device.allowance
            )
        finally:
            # Not needed again soon, and large: what comes next takes the memory.
            rooms.SECRETS.close()
            rooms.EPOCH.close()
        if is_new:
            self._installed(SECRETS, number)
        return number

    def _installed(self, kind, number):
        device = self._device
        try:
            device.journal.append(
                bodies.LIST_INSTALLED, device.clock.now() or 0, [kind, number], reserved=True
            )
        except (JournalFull, NoCollectionKey, OSError):
            # The thing itself is done, and the rest of it follows. That it could not be recorded
            # shows in `status`; a flash that fails shows at the next registration too.
            pass
        device.changed()
