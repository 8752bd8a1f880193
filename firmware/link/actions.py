"""What commands do; `link.commands` has judged whoever signed them."""

from journal import JournalFull, NoCollectionKey, bodies
from verify.errors import Refused

from link import clock_setting
from link.commands import CLOCK, COLLECT, PROVISION, SERVICE


class Actions:
    """device: clock, provisioned, journal, registrar, randomness, changed."""

    def __init__(self, device):
        self._device = device
        self._journal = device.journal
        self.by_name = {
            "acknowledge": (COLLECT, self._acknowledge),
            "close_shift": (COLLECT, self._close_shift),
            "set_clock": (CLOCK, self._set_clock),
            "add_seed": (PROVISION, self._add_seed),
            "open_prompt": (SERVICE, self._open_prompt),
        }

    def _acknowledge(self, signer, arguments):
        """[sequence number, chain value there (24 bytes)] -> highest acknowledged"""
        if len(arguments) != 2 or type(arguments[0]) is not int:
            raise Refused("ARGUMENTS")
        up_to, chain = arguments
        if not 0 < up_to < self._journal.next_sequence:
            raise Refused("NOT_WRITTEN")
        try:
            self._journal.acknowledge(up_to, chain, self._device.clock.now() or 0, signer.kid)
        except ValueError:
            raise Refused("CHAIN") from None
        self._device.changed()
        return self._journal.acknowledged

    def _close_shift(self, signer, arguments):
        """[] -> highest sequence number that may leave the flash"""
        if arguments:
            raise Refused("ARGUMENTS")
        registrar = self._device.registrar
        now = self._device.clock.now()
        try:
            registrar.close_tube(now)
        except Refused:
            # No room to say so; the journal lets the tube go with the shift all the same.
            registrar.tube = None
        try:
            released = self._journal.close_shift(now or 0, signer.kid)
        except JournalFull:
            raise Refused("FULL") from None
        finally:
            registrar.resume()
        self._device.changed()
        return released

    def _set_clock(self, signer, arguments):
        """[Unix seconds] or [Unix seconds, "jump"] -> Unix seconds"""
        device = self._device
        unix_s = clock_setting.set_signed(
            device.clock, self._journal, device.provisioned.newest_signed_at, signer, arguments
        )
        device.changed()
        return unix_s

    def _add_seed(self, signer, arguments):
        """[32 random bytes] -> null"""
        if len(arguments) != 1 or not isinstance(arguments[0], bytes) or len(arguments[0]) != 32:
            raise Refused("ARGUMENTS")
        self._device.randomness.add_seed(arguments[0])

    def _open_prompt(self, signer, arguments):
        """[] -> null; the program ends within a second, and MicroPython's prompt is there."""
        if arguments:
            raise Refused("ARGUMENTS")
        try:
            now = self._device.clock.now() or 0
            self._journal.append(bodies.PROMPT_OPENED, now, [signer.kid], reserved=True)
        except JournalFull:
            raise Refused("FULL") from None
        except NoCollectionKey:
            pass  # nothing is recorded at all
        self._device.is_prompt_wanted = True
