"""The application: lines from the scanner become registrations or refusals.

States, each derived from what is provisioned, known and open (never kept beside it):

    NOT_READY     no root or no trust list; every scan is refused
    CLOCK_UNSET   provisioned, but nobody has set the clock; passes are refused
    NO_TUBE       only a tube's barcode goes on (or a pass, where tubes are not used)
    READY         a tube is open and has room
    FULL          the open tube has all its people; only another tube goes on

A scan, in one step that no other task interrupts:

    line -> pass? verify -> rules -> journal (durable) -> screen, light, then the good beep
         -> tube? rules -> journal (durable) -> screen, light, beep
         -> else UNKNOWN_CODE
    any refusal -> counted -> screen, light, refused sound

Three tasks run: the scanner, the link to the host, and the upkeep once a second.
"""

import asyncio
import time

from journal import records
from rules import Refusal
from ui import screens, sounds
from verify import passes
from verify.errors import Refused

_PASS_PREFIX = b"SP1:"
_UPKEEP_MS = 1000


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

    def handle_line(self, line):
        """Decides one line from the scanner and tells the staff. line: bytes without its tail."""
        try:
            if self._provisioned.trust is None:
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
        try:
            text = str(line, "ascii")
        except (UnicodeError, ValueError):
            text = ""
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
        registrar = self._registrar
        settings = registrar.settings
        now = self._clock.now()
        local_time = None
        if now is not None:
            minutes = (now // 60 + settings.utc_offset_minutes) % 1440
            local_time = "%02d:%02d" % (minutes // 60, minutes % 60)
        return screens.idle(
            self._provisioned.trust is not None,
            registrar.tube,
            registrar.count,
            settings.tube_size,
            local_time,
        )

    async def run_scanner(self):
        """Starts the scanner, however long it takes to answer, and handles its lines."""
        while True:
            try:
                changed = await self._scanner.start()
                break
            except OSError:
                self._feedback.show(screens.scanner_missing())
                await asyncio.sleep_ms(1000)
        if changed:
            self._journal.append(
                records.SCANNER, self._clock.now() or 0, [list(changed)], reserved=True
            )
        self._feedback.idle(self._idle_screen)
        while True:
            self.handle_line(await self._scanner.read_line())

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
