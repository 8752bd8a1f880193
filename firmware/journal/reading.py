"""Reads the journal for a host: records as they lie in flash, chain values, the signed statement.

Loaded when a host pulls; nothing here is needed to register people.
"""

from micropython import const
from system import rooms

from journal import bodies
from journal.state import chained, digest

_PULL_TYP = const("application/scanpost-pull+cbor")
_CBOR_HEAD_BYTES = const(3)  # before a byte string as long as a record, at the most


def first_sequence(ring):
    """The sequence number of the oldest record in flash, or None."""
    for index in ring.kept():
        for _, record in ring.records(index):
            return bodies.sequence(record)
    return None


def kept_from(ring, sequence):
    """The kept sectors in the order of writing, from the one on that holds this number; all of them
    if none does."""
    start = ring.sector_of(sequence)
    is_reached = start < 0
    for index in ring.kept():
        is_reached = is_reached or index == start
        if is_reached:
            yield index


def read(ring, from_sequence, max_bytes):
    """([records], next): as many whole raw records as fit, at least one if there is one.

    next: the sequence number to ask for next, or None at the end.
    """
    found = []
    used = 0
    for index in kept_from(ring, from_sequence):
        for _, record in ring.records(index):
            sequence = bodies.sequence(record)
            if sequence < from_sequence:
                continue
            size = len(record) + _CBOR_HEAD_BYTES
            if found and used + size > max_bytes:
                return found, sequence
            found.append(bytes(record))
            used += size
    return found, None


def chain_at(ring, sequence):
    """The chain value (24 bytes) behind the last record up to this number, or None."""
    index, header = ring.checkpoint(sequence)
    if header is None:
        return None
    chain = header.chain
    while True:
        for _, record in ring.records(index):
            if bodies.sequence(record) > sequence:
                return chain
            chain = chained(chain, digest(record))
        if index == ring.head:
            return chain
        index = ring.after(index)


def statement(identity, nonce, first, last, chain, unix_s):
    """What the device signs at the end of a pull: a COSE_Sign1, bytes (docs/journal.md)."""
    rooms.SIGNED.enter()
    from verify import cbor, cose

    payload = [identity.device_id, nonce, first, last, chain, unix_s]
    return cose.sign1(_PULL_TYP, cbor.encode(payload), identity.sign)
