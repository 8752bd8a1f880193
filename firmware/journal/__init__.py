"""The journal: records in a raw flash partition, sealed, found again after a power cut.

This package is the only place that knows the format (docs/journal.md). The app knows one object,
`journal.Journal`, which is put together of these:

    ring, tag_keys    sectors: which hold what, which comes next, what is erased; the keys of tags
    layout, bodies    records and headers byte by byte; what each type of record says
    state             what is known from the records' clear parts
    epoch, seal       keys, and records under them
    writer            appends: where the next record goes, and that it is there
    duplicates, tags, seek    who was here

Loaded by the function that needs them, and seldom:

    recovery          after a restart: the end is found, and mended
    opening           an epoch: once in some hundred people
    reading, sectors  a host pulls
    emptying          an operator acknowledges, and closes the shift

Here: what appending can raise, besides OSError from the flash.
"""


class JournalFull(Exception):
    """No room that may be used for this record; nothing was written."""


class NoCollectionKey(Exception):
    """There is no key to seal to: the device is not fully provisioned. Nothing was written."""
