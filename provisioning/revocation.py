"""The revocation list: a small signed part that vouches for a raw table of short hashes."""

import hashlib
from typing import Any, NamedTuple

from provisioning.errors import Malformed

TYP = "application/scanpost-revoked+cbor"
ENTRY_BYTES = 12


def entry(kid: bytes, cti: bytes) -> bytes:
    """A pass's entry: the first 12 bytes of SHA-256(kid || cti); kid 8 bytes, cti 8 to 16."""
    return hashlib.sha256(kid + cti).digest()[:ENTRY_BYTES]


class RevocationList(NamedTuple):
    """The entries."""

    entries: frozenset[bytes] = frozenset()

    def __contains__(self, pair: object) -> bool:
        """True for a (kid, cti) that is revoked."""
        return isinstance(pair, tuple) and entry(*pair) in self.entries

    def table(self) -> bytes:
        """The raw table: entries of 12 bytes, ascending, none twice."""
        return b"".join(sorted(self.entries))

    def body(self) -> list[Any]:
        """What the root signs: [count, SHA-256 of the table]."""
        return [len(self.entries), hashlib.sha256(self.table()).digest()]

    @classmethod
    def from_parts(cls, body: Any, table: bytes) -> "RevocationList":
        """From what the root signed and the table. Raises Malformed if they do not agree."""
        rows = [table[at : at + ENTRY_BYTES] for at in range(0, len(table), ENTRY_BYTES)]
        found = cls(frozenset(rows))
        if found.table() != table or found.body() != body:
            raise Malformed("revoked: the table is not the one that was signed")
        return found
