"""Takes what a host gives the device: the root, signed objects, the revocation table, secrets.

What is not taken is Refused with a word of docs/link.md, and nothing has changed then. The device
keeps the highest sequence number of each kind and takes nothing older.
"""

import hashlib

from crypto import ed25519
from micropython import const
from system.partitions import ERASE_BLOCK, SECTOR_BYTES
from verify import cbor, revocation
from verify.errors import Malformed, Refused

from keeping import files, objects
from keeping.identity import ROOT
from keeping.provisioned import COLLECTION, REVOKED, SECRETS, SETTINGS, TRUST
from keeping.randomness import NotSeeded

# Bytes a device accepts of each kind; the table's limit is its slot.
MAX_BYTES = {TRUST: 4096, REVOKED: 512, SETTINGS: 512, SECRETS: 2048, COLLECTION: 1024}
_ENTRIES_AT_ONCE = const(32)


def install_root(held, root, random):
    """Takes the owner's public key, once, and makes the device's id and key.

    held: Provisioned, here and below. root: Ed25519 public key, 32 bytes; the same one again
    changes nothing. random: (n) -> n bytes. Raises Refused ROOT_INSTALLED, BAD_KEY, NO_SEED.
    """
    identity = held.identity
    if identity.root is not None:
        if identity.root != root:
            raise Refused("ROOT_INSTALLED")
        return
    if len(root) != 32 or not ed25519.is_acceptable_key(root):
        raise Refused("BAD_KEY")
    try:
        identity.make(root, random)
    except NotSeeded:
        raise Refused("NO_SEED") from None
    objects.is_good(held, ROOT)


def install(held, kind, data):
    """Verifies and keeps a signed object; returns its sequence number.

    Raises Refused NO_ROOT, BAD_SIGNATURE, OLD_SEQUENCE, MALFORMED, TABLE_MISMATCH.
    """
    root = held.identity.root
    if root is None:
        raise Refused("NO_ROOT")
    try:
        opened = objects.open_signed(kind, data, root, False)
    except Malformed:
        raise Refused("MALFORMED") from None
    sequence, _, said = opened
    newest = held.sequences.get(kind, 0)
    if sequence < newest or (sequence == newest and not _is_kept(kind, data)):
        raise Refused("OLD_SEQUENCE")
    if sequence == newest:
        return sequence
    slot = None
    if kind == REVOKED:
        slot = 1 - held.revocations.slot
        if not _table_matches(held.revocations, slot, *said):
            raise Refused("TABLE_MISMATCH")
        files.replace(kind, bytes((slot,)) + data)
    else:
        files.replace(kind, data)
    objects.adopt(held, kind, opened, slot)
    return sequence


def _is_kept(kind, data):
    kept = files.read(kind)
    if kind == REVOKED and kept:
        kept = kept[1:]
    return kept == data


def install_secrets(held, data):
    """Adds HMAC secrets to those held: CBOR [[kid, alg, secret], ...]; returns how many are kept.

    Raises Refused NO_ROOT, MALFORMED, TOO_LARGE.
    """
    if held.identity.root is None:
        raise Refused("NO_ROOT")
    rows = dict(held.secrets.rows)
    try:
        rows.update(objects.read_secrets(data))
    except Malformed:
        raise Refused("MALFORMED") from None
    if len(rows) > objects.MAX_SECRETS:
        raise Refused("TOO_LARGE")
    kept = [[kid, row[0], row[1]] for kid, row in sorted(rows.items())]
    files.replace(SECRETS, cbor.encode(kept))
    objects.adopt_secrets(held, rows)
    return len(rows)


def write_table(revocations, offset, data):
    """Programs a piece of a table into the slot that is not in force.

    Each sector is erased as its first byte is reached. Raises Refused TOO_LARGE, OSError.
    """
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


def _table_matches(revocations, slot, count, digest):
    """Whether the slot has a sorted table of so many entries with this SHA-256."""
    size = count * revocation.ENTRY_BYTES
    if size > revocations.capacity_bytes:
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
