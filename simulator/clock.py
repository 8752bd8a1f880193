"""Simulated time: whole microseconds that pass only when somebody lets them pass."""

import heapq
import itertools


class Event:
    """Something that will happen at `at_us`; `cancel()` makes it not happen."""

    __slots__ = ("action", "at_us")

    def __init__(self, at_us, action):
        self.at_us = at_us
        self.action = action

    def cancel(self):
        self.action = None


class Clock:
    """A discrete-event clock: `at` schedules, `advance_to` runs what is due, in order of time."""

    def __init__(self, start_us=0):
        self._now_us = start_us
        self._heap = []
        self._order = itertools.count()

    def now_us(self):
        """Microseconds since the simulation began."""
        return self._now_us

    def at(self, at_us, action):
        """Call `action()` at `at_us`, at once if that has passed. Equal times keep their order."""
        event = Event(max(at_us, self._now_us), action)
        heapq.heappush(self._heap, (event.at_us, next(self._order), event))
        return event

    def after(self, delay_us, action):
        """Call `action()` in `delay_us` microseconds."""
        return self.at(self._now_us + delay_us, action)

    def next_event_us(self):
        """When the next event is due, or None."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance_to(self, to_us):
        """Let time pass up to `to_us`, running events on the way; time never goes back."""
        while True:
            due_us = self.next_event_us()
            if due_us is None or due_us > to_us:
                break
            event = heapq.heappop(self._heap)[2]
            self._now_us = max(self._now_us, due_us)
            action, event.action = event.action, None
            action()
        self._now_us = max(self._now_us, to_us)
