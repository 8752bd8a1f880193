"""What a device was given: identity, root, trust list, revocation list, settings, secrets.

Everything the root signs carries a sequence number; the device keeps the highest of each
kind and takes nothing older. The object itself is the file, replaced in one step, so the
number cannot be lost without the list. The revocation table is too big for a file: it lies
in one of two slots of the `lists` partition, and the small signed part names the slot.
"""

import hashlib

from crypto import ed25519
from micropython import const
from verify import cbor, cose, revocation
from verify.collection import CollectionKeys
from verify.errors import Malformed, Refused
from verify.trust import TrustList

from keeping import files
from keeping.randomness import NotSeeded
from keeping.settings import Settings

ROOT = "root"
TRUST = "trust"
REVOKED = "revoked"
REVOKED_TABLE = "revoked-table"
SETTINGS = "settings"
SECRETS = "secrets"
COLLECTION = "collection"

_TYP = {
    TRUST: "application/scanpost-trust+cbor",
    REVOKED: "application/scanpost-revoked+cbor",
    SETTINGS: "application/scanpost-settings+cbor",
    COLLECTION: "application/scanpost-collection+cbor",
}
# Bytes a device accepts of each kind; the table's limit is its slot.
MAX_BYTES = {TRUST: 4096, REVOKED: 512, SETTINGS: 512, SECRETS: 2048, COLLECTION: 1024}
_MAX_SECRETS = const(32)
_SECTOR_BYTES = const(4096)


class InstallError(Exception):
    """Something was not installed, and nothing has changed. code: a word of docs/link.md."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class TableSlots:
    """Two places for the revocation table in a raw partition; one is in force, one is free."""

    def __init__(self, partition):
        self._flash = partition
        self._sectors = partition.ioctl(4, 0) // 2
        self.capacity_bytes = self._sectors * _SECTOR_BYTES

    def reader(self, slot):
        """A function (offset, length in bytes) -> bytes over one slot."""

        def read(offset, length):
            piece = bytearray(length)
            done = 0
            while done < length:
                place = offset + done
                part = min(length - done, _SECTOR_BYTES - place % _SECTOR_BYTES)
                view = memoryview(piece)[done : done + part]
                block = slot * self._sectors + place // _SECTOR_BYTES
                self._flash.readblocks(block, view, place % _SECTOR_BYTES)
                done += part
            return piece

        return read

    def write(self, slot, offset, data):
        """Programs one piece, erasing each sector as its first byte is reached."""
        done = 0
        while done < len(data):
            place = offset + done
            part = min(len(data) - done, _SECTOR_BYTES - place % _SECTOR_BYTES)
            block = slot * self._sectors + place // _SECTOR_BYTES
            if place % _SECTOR_BYTES == 0:
                self._flash.ioctl(6, block)
            piece = memoryview(data)[done : done + part]
            self._flash.writeblocks(block, piece, place % _SECTOR_BYTES)
            done += part


class Provisioned:
    """Loads and replaces what the device was given.

    slots: TableSlots. identity: the device's Identity, made when the root is installed.
    randomness: Randomness.
    """

    def __init__(self, slots, identity, randomness):
        self._slots = slots
        self._randomness = randomness
        self.identity = identity
        self.root = None
        self.trust = None
        self.collection = None
        self.newest_signed_at = 0  # the latest time the root has signed, Unix seconds
        self.settings = Settings({})
        self.secrets = {}  # kid -> secret, of the issuers in the trust list
        self._secret_rows = {}  # kid -> (alg, secret)
        self.sequences = {}
        self.damaged = []  # kinds whose files are there and of no use
        self._slot = 1
        self._count = 0

    @property
    def device_id(self):
        """8 bytes, or None before a root is installed."""
        return self.identity.device_id

    def load(self):
        """Reads everything from the file system; `damaged` names what is there but of no use."""
        for kind in (ROOT, TRUST, SETTINGS, COLLECTION, REVOKED, SECRETS):
            try:
                data = files.read(kind)
                if data is not None:
                    self._load(kind, data)
            except (Malformed, Refused, OSError):
                self.damaged.append(kind)
            if self.root is None:
                return  # whose the rest is cannot be told

    def _load(self, kind, data):
        if kind == ROOT:
            self.identity.load()
            if len(data) != 32 or self.identity.device_id is None:
                raise Malformed
            self.root = data
        elif kind == SECRETS:
            self._secret_rows = _read_secrets(data)
            self._match_secrets()
        elif kind == REVOKED:
            if len(data) < 2 or data[0] > 1:
                raise Malformed
            opened = self._open(kind, data[1:])
            self._slot = data[0]
            self._adopt(kind, opened)
        else:
            self._adopt(kind, self._open(kind, data))

    def missing(self):
        """The first thing without which no one can be registered, in words; or None.

        A damaged revocation list or settings count too: without them people would be registered
        who must not be, or other than they should be.
        """
        if self.root is None:
            return "root key"
        if self.trust is None:
            return "trust list"
        if self.collection is None:
            return "collection key"
        if REVOKED in self.damaged:
            return "revocation list"
        if SETTINGS in self.damaged:
            return "settings"
        try:
            seeded = self._randomness.is_seeded()
        except OSError:
            seeded = False
        return None if seeded else "random seed"

    def _is_good_again(self, kind):
        if kind in self.damaged:
            self.damaged.remove(kind)

    def install_root(self, root):
        """Takes the owner's public key, once, and makes the device's id and key.

        root: Ed25519 public key, 32 bytes. The same key again changes nothing.
        Raises InstallError ROOT_INSTALLED, BAD_KEY, NO_SEED.
        """
        if self.root is not None:
            if self.root != root:
                raise InstallError("ROOT_INSTALLED")
            return
        if len(root) != 32 or not ed25519.is_acceptable_key(root):
            raise InstallError("BAD_KEY")
        try:
            self.identity.make(self._randomness.bytes)
        except NotSeeded:
            raise InstallError("NO_SEED") from None
        files.replace(ROOT, root)
        self._is_good_again(ROOT)
        self.root = root

    def add_seed(self, seed):
        """Stirs 32 bytes from the station into the device's randomness. Raises OSError."""
        self._randomness.add_seed(seed)

    def install(self, kind, data):
        """Verifies and keeps a signed object; returns its sequence number.

        Raises InstallError NO_ROOT, BAD_SIGNATURE, OLD_SEQUENCE, MALFORMED, TABLE_MISMATCH.
        """
        try:
            opened = self._open(kind, data)
            sequence = opened[0]
            held = self.sequences.get(kind, 0)
            if sequence < held:
                raise InstallError("OLD_SEQUENCE")
            if sequence == held:
                return self._repeated(kind, data)
            if kind == REVOKED:
                slot = 1 - self._slot
                if not self._table_matches(slot, opened[2]):
                    raise InstallError("TABLE_MISMATCH")
                _check_revoked(opened[2])
                files.replace(kind, bytes((slot,)) + data)
                self._slot = slot
            else:
                _CHECKS[kind](opened[2])
                files.replace(kind, data)
        except Malformed:
            raise InstallError("MALFORMED") from None
        except Refused as refused:
            raise InstallError(refused.reason) from None
        self._adopt(kind, opened)
        return sequence

    def _repeated(self, kind, data):
        held = files.read(kind)
        if kind == REVOKED and held:
            held = held[1:]
        if held != data:
            raise InstallError("OLD_SEQUENCE")
        return self.sequences[kind]

    def install_secrets(self, data):
        """Adds HMAC secrets to those held: CBOR [[kid, alg, secret], ...].

        Raises InstallError NO_ROOT, MALFORMED, TOO_LARGE.
        """
        if self.root is None:
            raise InstallError("NO_ROOT")
        try:
            merged = dict(self._secret_rows)
            merged.update(_read_secrets(data))
        except Malformed:
            raise InstallError("MALFORMED") from None
        if len(merged) > _MAX_SECRETS:
            raise InstallError("TOO_LARGE")
        rows = [[kid, row[0], row[1]] for kid, row in sorted(merged.items())]
        files.replace(SECRETS, cbor.encode(rows))
        self._is_good_again(SECRETS)
        self._secret_rows = merged
        self._match_secrets()
        return len(rows)

    def _match_secrets(self):
        """A secret belongs to one algorithm: the one its issuer has in the trust list."""
        self.secrets = {}
        for kid, row in self._secret_rows.items():
            issuer = self.trust.find(kid) if self.trust else None
            if issuer and issuer.alg == row[0]:
                self.secrets[kid] = row[1]

    def write_table(self, offset, data):
        """Puts a piece of a new revocation table into the slot that is not in force."""
        if offset + len(data) > self._slots.capacity_bytes:
            raise InstallError("TOO_LARGE")
        self._slots.write(1 - self._slot, offset, data)

    def table_capacity_bytes(self):
        return self._slots.capacity_bytes

    def is_revoked(self, kid, cti):
        """True if the revocation list names this pass."""
        if not self._count:
            return False
        return revocation.is_listed(
            self._slots.reader(self._slot), self._count, revocation.entry(kid, cti)
        )

    def public_keys(self):
        """The public keys (32 bytes each) of the issuers in the trust list, in its order."""
        if self.trust is None:
            return []
        return [issuer.key for issuer in self.trust.issuers if issuer.key is not None]

    def root_kid(self):
        """The kid of the root's key (8 bytes), under which operators' credentials are revoked."""
        return cose.kid_of(self.root)

    def collection_source(self, clock):
        """A function () -> collection_key at the clock's time."""
        return lambda: self.collection_key(clock.now())

    def collection_key(self, unix_s):
        """(kid, X25519 key) to seal to, or None. unix_s: the time, or None where it is unknown.

        None too where there is no randomness: nothing can be sealed without.
        """
        if self.collection is None or not self._randomness.is_seeded():
            return None
        return self.collection.at(max(unix_s or 0, self.newest_signed_at))

    def _open(self, kind, data):
        if self.root is None:
            raise InstallError("NO_ROOT")
        return cose.open_signed(data, self.root, _TYP[kind])

    def _adopt(self, kind, opened):
        sequence, signed_at, body = opened
        if kind == TRUST:
            self.trust = TrustList.from_body(body, held=True)
            self._match_secrets()
        elif kind == SETTINGS:
            self.settings = Settings(body)
        elif kind == COLLECTION:
            self.collection = CollectionKeys(body, held=True)
        else:
            self._count = body[0]
        self.sequences[kind] = sequence
        self._is_good_again(kind)
        self.newest_signed_at = max(self.newest_signed_at, signed_at)

    def _table_matches(self, slot, body):
        _check_revoked(body)
        count, digest = body
        size = count * revocation.ENTRY_BYTES
        if size > self._slots.capacity_bytes:
            return False
        read = self._slots.reader(slot)
        sha = hashlib.sha256()
        offset = 0
        last = b""
        while offset < size:
            piece = read(offset, min(revocation.ENTRY_BYTES * 32, size - offset))
            sha.update(piece)
            for start in range(0, len(piece), revocation.ENTRY_BYTES):
                entry = bytes(piece[start : start + revocation.ENTRY_BYTES])
                if entry <= last:
                    return False
                last = entry
            offset += len(piece)
        return sha.digest() == digest


_CHECKS = {TRUST: TrustList.from_body, SETTINGS: Settings, COLLECTION: CollectionKeys}


def _check_revoked(body):
    if not cbor.is_list(body, 2):
        raise Malformed
    count, digest = body
    if not cbor.is_uint(count) or count > 1000000 or not cbor.is_bytes(digest, 32):
        raise Malformed


def _read_secrets(data):
    """{kid: (alg, secret)} from CBOR; raises Malformed."""
    rows = cbor.decode(data)
    if not isinstance(rows, list) or not 1 <= len(rows) <= _MAX_SECRETS:
        raise Malformed
    secrets = {}
    for row in rows:
        if not cbor.is_list(row, 3):
            raise Malformed
        kid, alg, secret = row
        if not cbor.is_bytes(kid, 8) or not cbor.is_bytes(secret, 32) or alg not in (4, 5):
            raise Malformed
        secrets[kid] = (alg, secret)
    return secrets
