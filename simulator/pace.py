"""Who lets time pass: the CPU waits for a time, and the pace decides when that comes.

Stepped: nothing moves unless a test says how far (`run_to`); between two such calls the CPU is
held inside one of its waits, so tests are exact and repeatable.
Paced: simulated time follows the wall clock times `speed`. What the firmware computes takes no
simulated time, and time lost that way is never caught up with.

The CPU runs in a thread of its own; `turn` is the one lock around clock, chips and CPU state.
"""

import threading
import time

from simulator.nor_flash import PowerCut

HEARTBEAT_S = 0.1
IDLE_STEP_US = 1000  # between two looks at a condition while no CPU runs
MIN_SLEEP_S = 0.003  # shorter waits are saved up: the operating system is not that exact


class Pace:
    def __init__(self, clock):
        self.clock = clock
        self.turn = threading.Condition(threading.RLock())
        self.powered = False
        self.cpu_running = False
        self._held = False
        self._limit_us = clock.now_us()
        self._condition = None
        self._met = False
        self._failed = None
        self._speed = None
        self._wall_s = 0.0
        self._anchor_us = 0
        self._sleeping_until_us = None

    @property
    def paced(self):
        return self._speed is not None

    def set_speed(self, speed):
        """`speed` simulated seconds a second; None for stepped."""
        with self.turn:
            self._speed = speed
            self._limit_us = self.clock.now_us()
            self._anchor()
            self.turn.notify_all()

    # the CPU's side

    def pass_until(self, until_us, ready=None):
        """Let time pass until `until_us` (None: for ever) or until `ready()`. Raises PowerCut."""
        with self.turn:
            while True:
                if not self.powered:
                    raise PowerCut
                if ready is not None and ready():
                    return
                now_us = self.clock.now_us()
                if until_us is not None and now_us >= until_us:
                    return
                due_us = self.clock.next_event_us()
                if due_us is None or (until_us is not None and until_us < due_us):
                    due_us = until_us
                if self.paced:
                    self._follow_the_wall(due_us)
                elif now_us >= self._limit_us or self._condition_met():
                    self._hold()
                else:
                    to_us = self._limit_us if due_us is None else min(due_us, self._limit_us)
                    self.clock.advance_to(to_us)

    def _hold(self):
        self._held = True
        self.turn.notify_all()
        while (
            self.powered and not self.paced and (self._met or self.clock.now_us() >= self._limit_us)
        ):
            self.turn.wait()
        self._held = False

    def _condition_met(self):
        if self._condition is not None and not self._met:
            try:
                self._met = bool(self._condition())
            except Exception as error:  # the test's, not the CPU's
                self._met = True
                self._failed = error
        return self._met

    def _anchor(self):
        self._wall_s = time.monotonic()
        self._anchor_us = self.clock.now_us()

    def _wall_now_us(self):
        passed_us = int((time.monotonic() - self._wall_s) * 1e6 * self._speed)
        return self._anchor_us + max(passed_us, 0)

    def _follow_the_wall(self, due_us):
        if due_us is None:  # nothing planned: only input from outside can come
            due_us = self.clock.now_us() + int(HEARTBEAT_S * 1e6 * self._speed)
        ahead_s = (due_us - self._anchor_us) / 1e6 / self._speed
        early_s = self._wall_s + ahead_s - time.monotonic()
        if early_s >= MIN_SLEEP_S:
            self._sleeping_until_us = due_us
            self.turn.wait(early_s)
            self._sleeping_until_us = None
            if not self.paced:
                return
            self.clock.advance_to(min(due_us, self._wall_now_us()))
            return
        self.clock.advance_to(due_us)
        if early_s < 0:
            self._anchor()

    # the outside's side

    def outside(self, action):
        """Do `action()` from another thread, at the present moment, and wake the CPU."""
        with self.turn:
            due_us = self._sleeping_until_us
            if self.paced and due_us is not None:
                self.clock.advance_to(min(due_us, self._wall_now_us()))
            result = action()
            self.turn.notify_all()
            return result

    def run_to(self, to_us, condition=None):
        """Stepped only: let the CPU run until `to_us`; returns when it is held there (or gone).

        With `condition`, until that is true if it comes sooner; returns whether it did. It is
        asked in the CPU's thread, whenever time is about to pass.
        """
        with self.turn:
            if self.paced:
                raise RuntimeError("the board is paced: time passes by itself")
            self._limit_us = max(self._limit_us, to_us)
            self._condition, self._met, self._failed = condition, False, None
            self.turn.notify_all()
            while self.cpu_running and not (
                self._held and (self._met or self.clock.now_us() >= to_us)
            ):
                self.turn.wait()
            while not self.cpu_running and not self._condition_met():
                if self.clock.now_us() >= to_us:
                    break
                self.clock.advance_to(min(to_us, self.clock.now_us() + IDLE_STEP_US))
            met, failed = self._condition_met(), self._failed
            self._limit_us = self.clock.now_us()
            self._condition, self._met, self._failed = None, False, None
            if failed is not None:
                raise failed
            return met

    def set_powered(self, powered):
        """Switch the power that the CPU sees; a CPU in a wait learns of it at once."""
        with self.turn:
            if powered and self.paced:  # time went on while nobody was there to let it
                self.clock.advance_to(self._wall_now_us())
            self.powered = powered
            self._limit_us = self.clock.now_us()
            self._anchor()
            self.turn.notify_all()

    def cpu_over(self):
        """The CPU's thread has ended."""
        with self.turn:
            self.cpu_running = False
            self._held = False
            self.turn.notify_all()
