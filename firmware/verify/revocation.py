"""The revocation table: a sorted list of short hashes, searched where it lies in flash."""

import hashlib

from micropython import const

ENTRY_BYTES = const(12)
_found = bytearray(ENTRY_BYTES)


def entry(kid, cti):
    """The table's entry for a pass: the first 12 bytes of SHA-256(kid || cti).

    kid: 8 bytes, always, so that no two pairs give the same input; cti: 8 to 16 bytes.
    """
    state = hashlib.sha256(kid)
    state.update(cti)
    return state.digest()[:ENTRY_BYTES]


def is_listed(read, count, wanted):
    """Binary search. read: function (offset, buffer) that fills it; count: entries in the table."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        read(middle * ENTRY_BYTES, _found)
        if _found == wanted:
            return True
        if _found < wanted:
            low = middle + 1
        else:
            high = middle
    return False
