"""The rules of registration: which person goes into which tube, and why not.

Knows no hardware and no screen. What a rule says no to is Refused, with NO_TUBE, DUPLICATE (detail:
when the person was registered, Unix seconds), TUBE_USED, FULL, PRESS_OK, JOURNAL_FULL, NOT_READY.

States, by what is open:

    NO TUBE --scan_tube--> OPEN(tube, count) --register--> OPEN(tube, count + 1)
       |                     |  count = tube size: FULL, only another tube goes on
       |                     +--scan_tube of another--> TUBE_CLOSED is written, then OPEN(other, 0);
       |                        while there is room only if staff mean it: else PRESS_OK
       +--register: NO_TUBE, unless the device registers without tubes

Every change of state is a record in the journal first: after a power cut the same state is
read back from there (`resume`).
"""

from journal import JournalFull, NoCollectionKey, bodies
from micropython import const
from verify.errors import Refused

# One registration a shift. Until staff open shifts: the same person again within this time, or in
# the same tube, is a duplicate. A person is a subject in an issuer's register.
DUPLICATE_WINDOW_S = const(12 * 3600)


class Registrar:
    """Puts people into tubes, by way of the journal.

    settings: Settings; journal: mounted before `resume` is called.
    """

    def __init__(self, settings, journal):
        self.settings = settings
        self._journal = journal
        self.tube = None
        self.count = 0
        self.staff = 0  # who works with the device; 0: nobody said so
        self._registration = [b"", b"", 0, 0, 0, 0, b""]  # a record's payload, made once

    def resume(self):
        """Takes up the tube that the journal says is open."""
        open_tube = self._journal.open_tube
        self.tube = open_tube[1] if open_tube else None
        self.count = open_tube[2] if open_tube else 0

    def scan_tube(self, tube, unix_s, is_meant=True):
        """Opens a tube, closing the one before it. The open one again changes nothing.

        tube: its barcode's text; unix_s: the time, or None; is_meant: staff said that they want
        another tube though the open one has room. Raises Refused.
        """
        if tube == self.tube:
            return
        if self._journal.seen_tube(tube) is not None:
            raise Refused("TUBE_USED")
        if self.tube is not None and self.count < self.settings.tube_size and not is_meant:
            raise Refused("PRESS_OK")
        self.close_tube(unix_s)
        self._append(bodies.TUBE_OPENED, unix_s, [tube, self.staff])
        self.tube = tube

    def close_tube(self, unix_s):
        """Closes the open tube, if there is one. Raises Refused."""
        if self.tube is not None:
            self._append(bodies.TUBE_CLOSED, unix_s, [self.count, self.staff])
            self.tube = None
            self.count = 0

    def register(self, a_pass, unix_s):
        """Registers the holder of a verified pass to the open tube; returns the position.

        Durable when it returns (position 0: registered without a tube). Raises Refused.
        """
        if self.tube is None and not self.settings.without_tubes:
            raise Refused("NO_TUBE")
        self._refuse_duplicate(a_pass, unix_s)
        position = 0
        if self.tube is not None:
            if self.count >= self.settings.tube_size:
                raise Refused("FULL")
            position = self.count + 1
        row = self._registration
        row[0] = a_pass.subject
        row[1] = a_pass.cti_start
        row[2] = a_pass.issuer.slot
        row[3] = a_pass.relation
        row[4] = position
        row[5] = self.staff
        row[6] = a_pass.issuer.register
        self._append(bodies.REGISTRATION, unix_s, row)
        self.count = position
        return position

    def _append(self, record_type, unix_s, payload):
        try:
            return self._journal.append(record_type, unix_s or 0, payload)
        except JournalFull:
            raise Refused("JOURNAL_FULL") from None
        except NoCollectionKey:
            raise Refused("NOT_READY") from None

    def _refuse_duplicate(self, a_pass, unix_s):
        """Raises Refused if this person was registered, and that still counts."""
        seen = self._journal.seen_subject(a_pass.subject, a_pass.issuer.register)
        if seen is not None:
            self._judge(seen[0], seen[1] * 60, unix_s)

    def _judge(self, sequence, registered_s, unix_s):
        """By the clock as it is now: what it was set on or back since the record with this number
        is no time that passed."""
        registered_s += self._journal.jumped_since(sequence)
        open_tube = self._journal.open_tube
        if unix_s - registered_s < DUPLICATE_WINDOW_S or (open_tube and sequence > open_tube[0]):
            raise Refused("DUPLICATE", registered_s)
