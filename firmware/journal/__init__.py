"""The journal: records in a raw flash partition, found again after a power cut.

This package is the only place that knows the format (docs/journal.md). What the
records mean, which of them exist and how their payloads look, is in `records`.
"""

from journal.plain import Journal, JournalFull

__all__ = ["Journal", "JournalFull"]
