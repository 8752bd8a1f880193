"""The application: lines from the scanner become registrations or refusals.

States, each derived from what is provisioned, known and open (never kept beside it):

    NOT_READY     no root, trust list or collection key, or damaged ones; every scan is refused
    CLOCK_UNSET   provisioned, but nobody has set the clock; passes are refused
    NO_TUBE       only a tube's barcode goes on (or a pass, where tubes are not used)
    READY         a tube is open and has room
    FULL          the open tube has all its people; only another tube goes on

A scan, in one step that no other task interrupts:

    line -> pass? verify -> rules -> journal (durable) -> screen, light, then the good beep
         -> tube? rules -> journal (durable) -> screen, light, beep
         -> else UNKNOWN_CODE
    any refusal -> counted -> screen, light, refused sound

Four tasks run: the scanner, the link to the host, the upkeep once a second, and the journal's own
work (sectors erased ahead, epochs, the index) between people.
"""

import asyncio
import time

from journal import JournalFull, NoCollectionKey, bodies
from micropython import const
from system import faults, scrub
from ui import screens, sounds
from verify import passes
from verify.errors import Refused

from app.rules import Refusal

_PASS_PREFIX = const(b"SP1:")
_MAX_TUBE_BYTES = const(32)
_UPKEEP_MS = const(1000)
_IDLE_STEP_MS = const(200)
# An erase stops the scanner's UART for 45 ms, so that what comes in meanwhile is lost. In the
# moment after a scan nobody can be read again; in a pause somebody may come at any time.
_BETWEEN_PEOPLE_MS = const((300, 1200))
_PAUSE_MS = const(5000)
_WARNING_PART = const(10)  # from 90 % on the screen says how many more fit


class App:
    """Wires the domain to scanner, link and feedback; all of them are handed in."""

    def __init__(self, scanner, feedback, clock, provisioned, journal, registrar, refusals):
        self._scanner = scanner
        self._feedback = feedback
        self._clock = clock
        self._provisioned = provisioned
        self._journal = journal
        self._registrar = registrar
        self._refusals = refusals
        self._waiting_screen = screens.starting  # shown until the scanner answers
        self._scanned_ms = time.ticks_add(time.ticks_ms(), -_PAUSE_MS)
        self._is_clean = True  # nothing of anyone has been in memory since it was overwritten

    def handle_line(self, line):
        """Decides one line from the scanner and tells the staff. line: bytes without its tail."""
        self._scanned_ms = time.ticks_ms()
        self._is_clean = False
        try:
            if self._provisioned.missing():
                raise Refusal("NOT_READY")
            if line[:4] == _PASS_PREFIX:
                self._handle_pass(line)
            else:
                self._handle_tube(line)
        except (Refused, Refusal) as refusal:
            self._refuse(refusal.reason)
        except OSError:
            # The flash failed: nothing was promised, and the person must know that.
            self._refuse("STORAGE")
        except Exception as error:
            # Nobody foresaw it (or memory is short): this scan failed, the next one may not.
            faults.report(error)
            self._refuse("FAULT")

    def failed(self):
        """A task of the device broke and is being started again."""
        self._feedback.refused(screens.fault("restarting"), sounds.STOPPED)

    def _handle_pass(self, line):
        held = self._provisioned
        now = self._clock.now()
        a_pass = passes.verify(line, held.trust, held.secrets, held.is_revoked, now)
        position = self._registrar.register(a_pass, now)
        registrar = self._registrar
        self._feedback.accepted(
            screens.accepted(a_pass, registrar.tube, position, registrar.settings.tube_size)
        )

    def _handle_tube(self, line):
        registrar = self._registrar
        # Looked at first: one of the two runtimes takes UTF-8 for ASCII.
        if len(line) > _MAX_TUBE_BYTES or not all(32 <= byte < 127 for byte in line):
            raise Refusal("UNKNOWN_CODE")
        text = str(line, "ascii")
        if not registrar.settings.is_tube(text):
            raise Refusal("UNKNOWN_CODE")
        registrar.scan_tube(text, self._clock.now())
        self._feedback.accepted(
            screens.tube_opened(text, registrar.count, registrar.settings.tube_size), sounds.TUBE
        )

    def _refuse(self, reason):
        self._refusals.add(reason)
        registrar = self._registrar
        self._feedback.refused(
            screens.refused(reason, registrar.tube, registrar.count, registrar.settings.tube_size),
            sounds.of_refusal(reason),
        )

    def changed(self):
        """Something was installed, set or acknowledged: show it."""
        self._registrar.settings = self._provisioned.settings
        self._feedback.idle(self._idle_screen)

    def _idle_screen(self):
        if self._waiting_screen:
            return self._waiting_screen()
        registrar = self._registrar
        settings = registrar.settings
        now = self._clock.now()
        local_time = None
        if now is not None:
            minutes = (now // 60 + settings.utc_offset_minutes) % 1440
            local_time = "%02d:%02d" % (minutes // 60, minutes % 60)
        remaining = self._journal.remaining
        return screens.idle(
            self._provisioned.missing(),
            registrar.tube,
            registrar.count,
            settings.tube_size,
            local_time,
            remaining if remaining <= self._journal.capacity // _WARNING_PART else None,
            not settings.without_tubes,
        )

    async def run_scanner(self):
        """Starts the scanner, however long it takes to answer, and handles its lines."""
        while True:
            try:
                changed = await self._scanner.start()
                break
            except OSError:
                self._waiting_screen = screens.scanner_missing
                self._feedback.idle(self._idle_screen)
                await asyncio.sleep_ms(1000)
        if changed:
            self._record_scanner(changed)
        self._waiting_screen = None
        self._feedback.idle(self._idle_screen)
        while True:
            self.handle_line(await self._scanner.read_line())

    def _record_scanner(self, changed):
        try:
            self._journal.append(
                bodies.SCANNER, self._clock.now() or 0, [list(changed)], reserved=True
            )
        except (JournalFull, NoCollectionKey, OSError):
            # Nowhere to write it: registrations are refused then too, and `status` tells.
            return

    async def run_upkeep(self):
        """Once a second: what can wait."""
        shown_minute = -1
        while True:
            await asyncio.sleep_ms(_UPKEEP_MS)
            self._clock.keep()
            self._refusals.write_if_due()
            minute = time.ticks_ms() // 60000
            if minute != shown_minute:
                shown_minute = minute
                self._feedback.idle(self._idle_screen)

    async def run_journal(self):
        """What the journal does ahead of need, a step at a time, when no code is likely to come.

        Then, too, what is left in memory of the person before is overwritten.
        """
        journal = self._journal
        while True:
            await asyncio.sleep_ms(_IDLE_STEP_MS)
            since_ms = time.ticks_diff(time.ticks_ms(), self._scanned_ms)
            is_between = _BETWEEN_PEOPLE_MS[0] <= since_ms < _BETWEEN_PEOPLE_MS[1]
            if not is_between and since_ms < _PAUSE_MS:
                continue
            may_erase = is_between or not journal.is_blank_ahead
            try:
                journal.idle(self._clock.now() or 0, may_erase)
            except OSError:
                # Only ahead of need: whoever needs the flash next will be refused and told.
                continue
            if not self._is_clean:
                self._is_clean = True
                scrub.scrub()
