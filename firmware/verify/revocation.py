"""The revocation table: a sorted list of short hashes, searched where it lies in flash."""

import hashlib

from micropython import const

ENTRY_BYTES = const(12)


def entry(kid, cti):
    """The table's entry for a pass: the first 12 bytes of SHA-256(kid || cti).

    kid: 8 bytes, always, so that no two pairs give the same input; cti: 8 to 16 bytes.
    """
    return hashlib.sha256(kid + cti).digest()[:ENTRY_BYTES]


def is_listed(read, count, wanted):
    """Binary search. read: function (offset, length) -> bytes; count: entries in the table."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        found = bytes(read(middle * ENTRY_BYTES, ENTRY_BYTES))
        if found == wanted:
            return True
        if found < wanted:
            low = middle + 1
        else:
            high = middle
    return False
