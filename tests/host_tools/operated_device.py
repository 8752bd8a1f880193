"""A device behind a pty that judges operators with the firmware's own code."""

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from link.allowance import Allowance
from link.commands import CLOCK, COLLECT, Commands
from link_device import LinkDevice, Sink
from verify import revocation
from verify.errors import Refused


class Judged(Sink):
    """An object that is judged when it is committed, and not kept."""

    def __init__(self, device, judge):
        super().__init__(device, None)
        self._judge = judge

    def commit(self, sha256):
        return self._judge(self._data)


class OperatedDevice(LinkDevice):
    """Has an owner; takes lists of every kind, credentials and commands."""

    newest_signed_at = 1700000000

    def __init__(self, root, unix_s=None):
        super().__init__()
        self.root = root
        self.identity = self  # as Commands looks for it
        self.unix_s = unix_s
        self.revoked = b""  # the table
        self.commands = Commands(
            self,
            self,
            lambda: 0,
            lambda count: bytes(range(count)),
            Allowance(),
            {
                "set_clock": (CLOCK, self._set_clock_signed),
                "close_shift": (COLLECT, lambda operator, arguments: 7),
            },
        )

    def status(self):
        return {**super().status(), "time": self.unix_s}

    def now(self):
        return self.unix_s

    def set_clock(self, unix_s):
        raise Refused("OPERATOR_NEEDED")

    def _set_clock_signed(self, operator, arguments):
        (self.unix_s,) = arguments
        return self.unix_s

    def is_revoked(self, kid, cti):
        def read(offset, buffer):
            buffer[:] = self.revoked[offset : offset + len(buffer)]

        count = len(self.revoked) // revocation.ENTRY_BYTES
        return revocation.is_listed(read, count, revocation.entry(kid, cti))

    def challenge(self):
        return self.commands.challenge()

    def open_sink(self, kind, size, sha256):
        if kind == "operator":
            return Judged(self, self.commands.present)
        if kind == "command":
            return Judged(self, self.commands.execute)
        if kind == "collection":
            return Sink(self, kind)
        return super().open_sink(kind, size, sha256)
