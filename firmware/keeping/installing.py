"""Takes what a host gives the device: the root, and signed objects.

What is not taken is Refused with a word of docs/link.md, and nothing has changed then. The device
keeps the highest sequence number of each kind and takes nothing older.
"""

from crypto import ed25519
from verify.errors import Malformed, Refused

from keeping import files, objects
from keeping.identity import ROOT
from keeping.provisioned import COLLECTION, REVOKED, SECRETS, SETTINGS, TRUST
from keeping.randomness import NotSeeded

# Bytes a device accepts of each kind; the table's limit is its slot.
MAX_BYTES = {TRUST: 4096, REVOKED: 512, SETTINGS: 512, SECRETS: 2048, COLLECTION: 1024}


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
    """Verifies and keeps a signed object; returns (its sequence number, whether that is new).

    kind: not the revocation list, which has a table (revoking.py). Raises Refused as `open_newer`.
    """
    opened = open_newer(held, kind, data)
    if opened is None:
        return held.sequences[kind], False
    files.replace(kind, data)
    objects.adopt(held, kind, opened)
    return opened[0], True


def open_newer(held, kind, data):
    """Verifies a signed object; returns it as objects.open_signed does, None for the one held.

    Raises Refused NO_ROOT, BAD_SIGNATURE, OLD_SEQUENCE, MALFORMED.
    """
    root = held.identity.root
    if root is None:
        raise Refused("NO_ROOT")
    try:
        opened = objects.open_signed(kind, data, root, False)
    except Malformed:
        raise Refused("MALFORMED") from None
    newest = held.sequences.get(kind, 0)
    if opened[0] > newest:
        return opened
    if opened[0] < newest or not _is_kept(kind, data):
        raise Refused("OLD_SEQUENCE")
    return None


def _is_kept(kind, data):
    kept = files.read(kind)
    if kind == REVOKED and kept:
        kept = kept[1:]
    return kept == data
