"""Refusals are counted together before they are written: junk must not fill the journal."""

import time

from journal import JournalFull, NoCollectionKey, bodies
from micropython import const

# One record for all that was refused in this time: junk held under the scanner all day takes 1 %
# of the journal (144 records of one or two of its 16 000 slots).
_WINDOW_MS = const(600000)


class Refusals:
    """Counts refusals by reason (no person, no text) and writes a record in ten minutes at most."""

    def __init__(self, journal, clock):
        self._journal = journal
        self._clock = clock
        self._counts = {}
        self._since_ms = 0
        self._last_ms = 0

    def add(self, reason):
        """Counts one. reason: a word of docs/pass.md or of the rules."""
        self._last_ms = time.ticks_ms()
        if not self._counts:
            self._since_ms = self._last_ms
        self._counts[reason] = self._counts.get(reason, 0) + 1

    @property
    def is_empty(self):
        """True if nothing waits to be written."""
        return not self._counts

    def write_if_due(self):
        """Writes what was counted once its time is over."""
        if self._counts and time.ticks_diff(time.ticks_ms(), self._since_ms) >= _WINDOW_MS:
            self.write()

    def write(self):
        """Writes what was counted, if anything. Where that fails the counts stay in RAM."""
        if not self._counts:
            return
        counts = [[reason, count] for reason, count in sorted(self._counts.items())]
        span_s = time.ticks_diff(self._last_ms, self._since_ms) // 1000
        try:
            self._journal.append(bodies.REFUSALS, self._clock.now() or 0, [counts, span_s])
        except (JournalFull, NoCollectionKey):
            return
        except OSError:
            # Reading the journal goes on without; the next attempt has its time too.
            self._since_ms = time.ticks_ms()
            return
        self._counts = {}
