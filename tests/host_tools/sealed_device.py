"""A device behind the link whose journal is the firmware's own, sealed with real keys."""

from link.allowance import Allowance
from link.commands import COLLECT, Commands
from verify.errors import Refused

from host_tools.operators import Operator
from provisioning import operators
from provisioning.keys import create_key, raw_public
from tests.host_tools.journal.sealed import NOON, Sealed
from tests.host_tools.operated_device import OperatedDevice


class SealedDevice(OperatedDevice):
    """folder: gets root.pem, li.pem and li.cwt, an operator's key and credential."""

    def __init__(self, folder, sealed=None):
        root, key = create_key(folder / "root.pem"), create_key(folder / "li.pem")
        super().__init__(raw_public(root), unix_s=NOON)
        self.sealed = sealed or Sealed()
        self.device_id = self.sealed.identity.device_id
        self.newest_signed_at = NOON
        credential = operators.issue_credential(
            root, raw_public(key), "Li", operators.ROLES, NOON, NOON + 86400
        )
        (folder / "li.cwt").write_bytes(credential)
        self.operator = Operator(key, credential)
        self.commands = Commands(
            self,
            self,
            self.sealed.journal.newest_minute,
            lambda count: bytes(range(count)),
            Allowance(),
            {"acknowledge": (COLLECT, self._acknowledge), "close_shift": (COLLECT, self._close)},
        )

    @property
    def journal(self):
        return self.sealed.journal

    def identify(self):
        return {**super().identify(), "key": self.sealed.identity.public_key}

    def status(self):
        journal = self.journal
        return {
            **super().status(),
            "first": journal.first_sequence,
            "next": journal.next_sequence,
            "acknowledged": journal.acknowledged,
            "released": journal.released,
        }

    def read_journal(self, from_sequence, max_bytes):
        return self.journal.read(from_sequence, max_bytes)

    def read_sectors(self, from_sequence, skip):
        return self.journal.sectors(from_sequence, skip)

    def read_raw(self, sector, at, size):
        return self.journal.raw(sector, at, size)

    def statement(self, nonce, first, last):
        return self.journal.statement(nonce, first, last, NOON)

    def _acknowledge(self, operator, arguments):
        try:
            self.journal.acknowledge(*arguments, NOON, operator.kid)
        except ValueError:
            raise Refused("CHAIN") from None
        return self.journal.acknowledged

    def _close(self, operator, arguments):
        return self.journal.close_shift(NOON, operator.kid)
