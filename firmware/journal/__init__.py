"""The journal: records in a raw flash partition, sealed, found again after a power cut.

This package is the only place that knows the format (docs/journal.md). Which records exist, and
what their payloads are, is in `bodies`. Here: what appending can raise, besides OSError from the
flash.
"""


class JournalFull(Exception):
    """No room that may be used for this record; nothing was written."""


class NoCollectionKey(Exception):
    """There is no key to seal to: the device is not fully provisioned. Nothing was written."""


from journal.sealed import SealedJournal as Journal  # noqa: E402 - it needs the two

__all__ = ["Journal", "JournalFull", "NoCollectionKey"]
