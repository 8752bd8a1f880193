"""The application: codes from the scanner become registrations or refusals.

States, each derived from what is provisioned, known and open (never kept beside it):

    NOT_READY     no root, trust list or collection key, or damaged ones; every scan is refused
    CLOCK_UNSET   provisioned, but nobody has set the clock; passes are refused
    NO_TUBE       only a tube's barcode goes on (or a pass, where tubes are not used)
    READY         a tube is open and has room; another one only after OK was pressed
    FULL          the open tube has all its people; only another tube goes on

A code (reading.py asks for it, and waits until staff know what became of the last one):

    half of one      -> SCAN AGAIN
    a pass (QR)      -> verify -> was that all? -> rules -> journal (durable) -> tone, light, screen
    a tube's barcode -> was that all? -> rules -> journal (durable) -> tone, light, screen
    anything else    -> UNKNOWN_CODE, WRONG_KIND or NO_KIND
    any refusal      -> counted -> refused sound, light, screen

"Was that all?": a code that seemed to be over is verified while the line is still listened to. If
more comes, nothing was decided, and the longer code is looked at anew. From there to the tone no
other task runs, so there is no state in which a beep can precede its record.

Five tasks run: the scanner (reading.py), the link to the host, the OK button, the upkeep once a
second, and the journal's own work (sectors erased ahead, epochs, the index) between people.
"""

import asyncio
import gc
import time

from drivers.scanner import QR, UNKNOWN
from journal import JournalFull, NoCollectionKey, bodies
from micropython import const
from system import faults, scrub
from ui import screens, sounds
from verify import items, passes
from verify.errors import Refused
from verify.reading import PREFIX

from app.reading import Reading

_UPKEEP_MS = const(1000)
_IDLE_STEP_MS = const(200)
# So long after an outcome the journal's own work waits: the next person may be there already.
_AFTER_SCAN_MS = const(300)
_WARNING_PART = const(10)  # from 90 % on the screen says how many more fit
_MEANT_MS = const(10000)  # after OK was pressed, another tube may be opened


class App:
    """Wires the domain to scanner, link and feedback; all of them are handed in.

    ok, trigger: buttons (drivers/button.py).
    """

    def __init__(
        self, scanner, feedback, clock, provisioned, journal, registrar, refusals, ok, trigger
    ):
        self._scanner = scanner
        self._feedback = feedback
        self._clock = clock
        self._provisioned = provisioned
        self._is_revoked = provisioned.is_revoked
        self._journal = journal
        self._registrar = registrar
        self._refusals = refusals
        self._ok = ok
        self._reading = Reading(scanner, trigger, self)
        self._waiting_screen = screens.starting  # shown until the scanner answers
        self._decided_ms = time.ticks_add(time.ticks_ms(), -_AFTER_SCAN_MS)
        self._meant_ms = None  # when staff said that they want another tube
        self._is_clean = True  # nothing of anyone has been in memory since it was overwritten

    # what becomes of a code

    def handle(self, code):
        """Decides a code of the scanner (drivers/scanner.py) and tells the staff.

        False if it is not over: then nothing was decided.
        """
        a_pass = None
        refusal = None
        try:
            a_pass = self._look_at(code)
        except Exception as error:
            refusal = _refusal(error)
        if not self._scanner.is_over(code):
            return False
        self._is_clean = False
        try:
            if refusal:
                raise refusal
            if a_pass:
                self._register(a_pass)
            else:
                self._open_tube(code)
        except Exception as error:
            self._refuse(_refusal(error), code)
        self._decided_ms = time.ticks_ms()
        return True

    def _look_at(self, code):
        """What can be said of a code before anything is done: the verified pass, or None for what
        may be a tube. Raises Refused, OSError."""
        if self._provisioned.missing():
            raise Refused("NOT_READY")
        if code.is_half:
            raise Refused("HALF_CODE")
        is_pass = len(code.data) >= len(PREFIX) and items.begins(code.data, 0, PREFIX)
        self._check_kind(code, is_pass)
        return self._verify(code.data) if is_pass else None

    def _check_kind(self, code, is_pass):
        settings = self._provisioned.settings
        if code.symbology == UNKNOWN and not code.code_id:
            if not settings.accepts_unknown_symbology:
                raise Refused("NO_KIND")
        elif is_pass:
            if code.symbology != QR:
                raise Refused("WRONG_KIND")
        elif code.symbology not in settings.tube_symbologies:
            raise Refused("UNKNOWN_CODE" if code.symbology == QR else "WRONG_KIND")

    def _verify(self, text):
        held = self._provisioned
        return passes.verify(text, held.trust, held.secrets, self._is_revoked, self._clock.now())

    def _register(self, a_pass):
        position = self._registrar.register(a_pass, self._clock.now())
        self._feedback.accepted(sounds.ACCEPTED)
        self._show_accepted(a_pass, position)

    def _show_accepted(self, a_pass, position):
        registrar = self._registrar
        self._feedback.show(
            screens.accepted(a_pass, registrar.tube, position, registrar.settings.tube_size)
        )

    def _open_tube(self, code):
        registrar = self._registrar
        line = code.data
        # Looked at first: a control character makes it no code, whatever else is in it (of a pass
        # Base45 sees to that), and one of the two runtimes takes UTF-8 for ASCII.
        if len(line) > bodies.MAX_TUBE_BYTES or not all([0x20 <= byte < 0x7F for byte in line]):
            raise Refused("UNKNOWN_CODE")
        text = str(bytes(line), "ascii")
        if not registrar.settings.is_tube(text):
            raise Refused("UNKNOWN_CODE")
        registrar.scan_tube(text, self._clock.now(), self._is_meant())
        self._meant_ms = None
        self._feedback.accepted(sounds.TUBE)
        self._feedback.show(
            screens.tube_opened(text, registrar.count, registrar.settings.tube_size)
        )

    def _refuse(self, refusal, code):
        reason = refusal.reason
        self._refusals.add(reason)
        registrar = self._registrar
        at_s = refusal.detail  # of a duplicate, when the person was registered
        self._feedback.refused(sounds.of_refusal(reason))
        self._feedback.show(
            screens.refused(
                reason,
                registrar.tube,
                registrar.count,
                registrar.settings.tube_size,
                None if at_s is None else self._local_time(at_s),
                _said_kind(code),
            )
        )

    # what reading.py asks and tells

    def tube_symbologies(self):
        return self._provisioned.settings.tube_symbologies

    def reads_at_trigger(self):
        return self._provisioned.settings.reads_at_trigger

    async def sounded(self):
        """Until the sound of the last outcome is over."""
        await self._feedback.sounded()

    def scanner_found(self, changed):
        """changed: names of the settings that had to be changed in it."""
        if changed:
            self._record_scanner(changed)
        self._waiting_screen = None
        self._feedback.idle(self._idle_screen)

    def scanner_lost(self):
        self._waiting_screen = screens.scanner_missing
        self._feedback.idle(self._idle_screen)

    # another tube

    def _is_meant(self):
        return (
            self._meant_ms is not None
            and time.ticks_diff(time.ticks_ms(), self._meant_ms) < _MEANT_MS
        )

    async def run_ok(self):
        """The OK button: staff mean it when the next tube is scanned."""
        while True:
            await self._ok.pressed()
            self._meant_ms = time.ticks_ms()
            self._reading.forget_last()  # the label may be held there already
            self._feedback.end_result()
            await self._ok.released()

    def failed(self):
        """A task of the device broke and is being started again."""
        self._feedback.refused(sounds.STOPPED)
        self._feedback.show(screens.fault("restarting"))

    def changed(self):
        """Something was installed, set or acknowledged: show it."""
        self._registrar.settings = self._provisioned.settings
        self._feedback.idle(self._idle_screen)

    def _local_time(self, unix_s):
        minutes = (unix_s // 60 + self._provisioned.settings.utc_offset_minutes) % 1440
        return "%02d:%02d" % (minutes // 60, minutes % 60)

    def _idle_screen(self):
        if self._waiting_screen:
            return self._waiting_screen()
        registrar = self._registrar
        settings = registrar.settings
        now = self._clock.now()
        if self._is_meant():
            return screens.next_tube()
        remaining = self._journal.remaining
        return screens.idle(
            self._provisioned.missing(),
            registrar.tube,
            registrar.count,
            settings.tube_size,
            None if now is None else self._local_time(now),
            remaining if remaining <= self._journal.capacity // _WARNING_PART else None,
            not settings.without_tubes,
        )

    async def run_scanner(self):
        """For ever."""
        await self._reading.run()

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
            self._clock.sync()
            # What waiting left behind goes now: a scan makes less garbage than starts a collection.
            if not self._scanner.is_receiving():
                gc.collect()
            self._refusals.write_if_due()
            minute = time.ticks_ms() // 60000
            if minute != shown_minute or (self._meant_ms is not None and not self._is_meant()):
                shown_minute = minute
                self._meant_ms = None if not self._is_meant() else self._meant_ms
                self._feedback.idle(self._idle_screen)

    async def run_journal(self):
        """What the journal does ahead of need, a step at a time, when no code is likely to come.

        Then, too, what is left in memory of the person before is overwritten.
        """
        while True:
            await asyncio.sleep_ms(_IDLE_STEP_MS)
            if time.ticks_diff(time.ticks_ms(), self._decided_ms) < _AFTER_SCAN_MS:
                continue
            try:
                self._journal.idle(self._clock.now() or 0, True)
            except OSError:
                # Only ahead of need: whoever needs the flash next will be refused and told.
                continue
            if not self._is_clean:
                self._is_clean = True
                scrub.scrub()


def _refusal(error):
    """What an exception means for the person who stands there."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, OSError):
        # The flash failed: nothing was promised, and the person must know that.
        return Refused("STORAGE")
    # Nobody foresaw it (or memory is short): this scan failed, the next one may not.
    faults.report(error)
    return Refused("FAULT")


def _said_kind(code):
    """What the scanner said of a code's symbology, for a technician: "kind j", or nothing."""
    if not 0x20 < code.code_id < 0x7F:
        return ""
    return "kind " + chr(code.code_id)
