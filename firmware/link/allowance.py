"""How often what wears the flash may be done for a host: some times at once, then now and then.

Stays when the host's rooms close. A restart forgets it (docs/security.md).
"""

import time

from micropython import const

_MOST = const(20)
_EACH_MS = const(120000)  # one more: 720 a day, of a journal of 16 000


class Allowance:
    """Begins with 20, and has one more in two minutes."""

    def __init__(self):
        self._left = _MOST
        self._since_ms = time.ticks_ms()

    def take(self):
        """Uses one; False if there was none."""
        passed_ms = time.ticks_diff(time.ticks_ms(), self._since_ms)
        if passed_ms < 0:
            passed_ms = _MOST * _EACH_MS  # so long ago that the ticks went round
        more = passed_ms // _EACH_MS
        if self._left + more >= _MOST:
            self._left = _MOST
            self._since_ms = time.ticks_ms()
        elif more:
            self._left += more
            self._since_ms = time.ticks_add(self._since_ms, more * _EACH_MS)
        if not self._left:
            return False
        self._left -= 1
        return True
