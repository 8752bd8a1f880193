"""The list of collection keys: to whom devices seal their journals (docs/signed-objects.md)."""

from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from provisioning import cose
from provisioning.errors import Malformed, NotAllowed, check_text

TYP = "application/scanpost-collection+cbor"
MAX_KEYS = 8
MAX_NAME_BYTES = 32
KEY_BYTES = 32


class CollectionKey(NamedTuple):
    """A row of the list. kid: 8 bytes; key: X25519, public, 32 bytes; valid_from: Unix seconds."""

    kid: bytes
    key: bytes
    valid_from: int
    name: str = ""


class CollectionList(NamedTuple):
    """The list itself, without its signature. Devices take one with 1 to 8 keys."""

    keys: tuple[CollectionKey, ...] = ()

    def find(self, kid: bytes) -> CollectionKey | None:
        """The key with this kid (8 bytes)."""
        return next((row for row in self.keys if row.kid == kid), None)

    def at(self, unix_s: int) -> CollectionKey | None:
        """The key that a device uses at this time: the one that began last, and is in the list
        last if two began at once. None before all of them."""
        begun = [row for row in self.keys if row.valid_from <= unix_s]
        newest = max((row.valid_from for row in begun), default=0)
        return next((row for row in reversed(begun) if row.valid_from == newest), None)

    def with_key(self, row: CollectionKey) -> "CollectionList":
        """The list and this key; the same key's row gives way. Raises NotAllowed."""
        check_row(row)
        left = [other for other in self.keys if other.kid != row.kid]
        if len(left) == MAX_KEYS:
            raise NotAllowed(f"A list holds {MAX_KEYS} collection keys; remove an old one first.")
        return CollectionList((*left, row))

    def without(self, kid: bytes) -> "CollectionList":
        """The list without this key. Raises NotAllowed if it is not there."""
        if self.find(kid) is None:
            raise NotAllowed(f"No collection key has the kid {kid.hex()}.")
        return CollectionList(tuple(row for row in self.keys if row.kid != kid))

    def body(self) -> list[list[Any]]:
        """What the root signs."""
        return [list(row) for row in self.keys]

    @classmethod
    def from_body(cls, body: Any) -> "CollectionList":
        """From what the root signed; it may be empty, for a list that was just begun.

        Raises Malformed.
        """
        if not isinstance(body, list) or len(body) > MAX_KEYS:
            raise Malformed("collection: body")
        rows = tuple(_row(row) for row in body)
        if len({row.kid for row in rows}) != len(rows):
            raise Malformed("collection: kid twice")
        return cls(rows)


def row_of(key: bytes, valid_from: int, name: str = "") -> CollectionKey:
    """The row of a public key (X25519, 32 bytes). valid_from: Unix seconds. Raises NotAllowed."""
    row = CollectionKey(cose.x25519_kid_of(key), key, valid_from, name)
    check_row(row)
    return row


def check_row(row: CollectionKey) -> None:
    """Raises NotAllowed, in words, for a row that no device would take."""
    if has_small_order(row.key):
        raise NotAllowed(
            "This key is of small order: anyone could open what is sealed to it. "
            "Make a new one with: scanpost keys collection"
        )
    if not 0 <= row.valid_from < 1 << 32:
        raise NotAllowed("A collection key begins between 1970 and 2106.")
    check_text("name", row.name, MAX_NAME_BYTES)


def has_small_order(key: bytes) -> bool:
    """True for an X25519 public key (32 bytes) with which every secret comes out as zero.

    Any scalar tells, for X25519 makes it a multiple of 8 (RFC 7748 sections 5 and 6.1); the
    library raises where the result is zero.
    """
    try:
        X25519PrivateKey.from_private_bytes(bytes(KEY_BYTES)).exchange(
            X25519PublicKey.from_public_bytes(key)
        )
    except ValueError:
        return True
    return False


def _row(item: Any) -> CollectionKey:
    if not isinstance(item, list) or len(item) != len(CollectionKey._fields):
        raise Malformed("collection: row")
    row = CollectionKey(*item)
    if not isinstance(row.key, bytes) or len(row.key) != KEY_BYTES or has_small_order(row.key):
        raise Malformed("collection: key")
    if row.kid != cose.x25519_kid_of(row.key):
        raise Malformed("collection: kid of another key")
    if type(row.valid_from) is not int or not 0 <= row.valid_from < 1 << 32:
        raise Malformed("collection: from")
    if not isinstance(row.name, str) or len(row.name.encode()) > MAX_NAME_BYTES:
        raise Malformed("collection: name")
    return row
