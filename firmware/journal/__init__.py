"""The journal: records in a raw flash partition, sealed, found again after a power cut.

This package is the only place that knows the format (docs/journal.md). Which records exist, and
what their payloads are, is in `bodies`.
"""

from journal.errors import JournalFull, NoCollectionKey
from journal.sealed import SealedJournal as Journal

__all__ = ["Journal", "JournalFull", "NoCollectionKey"]
