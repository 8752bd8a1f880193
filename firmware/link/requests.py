"""What a host may ask of this device; `link.server` calls it, request by request.

Nothing here knows frames or ports. Errors are Refused with a word of docs/link.md.
"""

import hashlib
import sys
import time

from journal import JournalFull, NoCollectionKey, bodies
from keeping.provisioned import REVOKED_TABLE, SECRETS
from keeping.randomness import NotSeeded
from micropython import const
from system import rooms
from system.clock import EARLIEST_S
from system.version import VERSION
from verify.errors import Refused

_LATEST_S = const(4294967295)  # passes end there
# What an operator sends of himself: objects in pieces, like lists, but for RAM only
OPERATOR = "operator"
COMMAND = "command"
_MAX_SIGNED_BYTES = const(512)
# Refusals are written when a host has read all: so many records an hour, so that whoever holds the
# cable cannot fill the journal with them (144 a day, of 16 000).
_WRITTEN_AN_HOUR = const(6)
# How refusals of what is signed are counted; any other as COMMAND
_COUNTED_AS = {
    "OPERATOR_NEEDED": "COMMAND_UNSIGNED",
    "BAD_SIGNATURE": "COMMAND_SIGNATURE",
    "UNKNOWN_KEY": "COMMAND_SIGNATURE",
    "ROLE": "COMMAND_ROLE",
    "EXPIRED": "COMMAND_EXPIRED",
    "REVOKED": "COMMAND_REVOKED",
}


class _Buffer:
    """Where an object is collected that is small enough for RAM, until it is committed."""

    offset = 0

    def __init__(self, size, install):
        self._bytes = bytearray(size)
        self._used = 0
        self._install = install

    def write(self, data):
        self._bytes[self._used : self._used + len(data)] = data
        self._used += len(data)

    def commit(self, sha256):
        data = self._bytes
        if self._used != len(data) or hashlib.sha256(data).digest() != sha256:
            raise Refused("DIGEST")
        return self._install(data)


class Requests:
    """The requests of the link, answered by the parts of the firmware.

    device: board_name, clock, provisioned, journal, registrar, refusals, randomness, allowance; and
    changed, called with no argument after anything was installed or set.
    """

    def __init__(self, device):
        self._device = device
        self._clock = device.clock
        self._provisioned = device.provisioned
        self._journal = device.journal
        self._refusals = device.refusals
        self._randomness = device.randomness
        self._held_commands = None  # until an operator comes
        self._held_installs = None

    @property
    def _commands(self):
        rooms.OPERATORS.enter(rooms.VISIT_MS)
        if self._held_commands is None:
            from link.actions import Actions
            from link.commands import Commands

            self._held_commands = Commands(
                self._provisioned,
                self._clock,
                self._journal.newest_minute,
                self._randomness.bytes,
                self._device.allowance,
                Actions(self._device).by_name,
            )
        return self._held_commands

    @property
    def _installs(self):
        rooms.INSTALLING.enter(rooms.VISIT_MS)
        if self._held_installs is None:
            from link.installs import Installs

            self._held_installs = Installs(self._device)
        return self._held_installs

    def _refuse(self, reason):
        """Counts a refusal, and raises it."""
        self._refusals.add(_COUNTED_AS.get(reason, "COMMAND"))
        raise Refused(reason)

    def _counted(self, function, *arguments):
        """What a function returns that judges something signed; a refusal is counted."""
        try:
            return function(*arguments)
        except Refused as refused:
            self._refusals.add(_COUNTED_AS.get(refused.reason, "COMMAND"))
            raise

    def identify(self):
        held = self._provisioned
        return {
            "device": held.identity.device_id,
            "key": held.identity.public_key,
            "board": self._device.board_name,
            "version": VERSION,
            "micropython": "%d.%d.%d" % sys.implementation.version[:3],
            "root": held.identity.root,
            "name": held.settings.device_name,
        }

    def status(self):
        held, journal, registrar = self._provisioned, self._journal, self._device.registrar
        return {
            "time": self._clock.now(),
            "time_kept": self._clock.is_kept,
            "uptime_ms": time.ticks_ms(),
            "tube": registrar.tube,
            "count": registrar.count,
            "first": journal.first_sequence,
            "next": journal.next_sequence,
            "acknowledged": journal.acknowledged,
            "released": journal.released,
            "remaining": journal.remaining,
            "capacity": journal.capacity,
            "lists": dict(held.sequences),
            "missing": held.missing(),
            "damaged": list(held.damaged),
            "issuers": len(held.trust or ()),
            "secrets": len(held.secrets),
            "site": held.settings.site,
        }

    def set_clock(self, unix_s):
        """Sets the time (Unix seconds) of a device that has no owner yet."""
        if self._provisioned.identity.root is not None:
            self._refuse("OPERATOR_NEEDED")
        if not EARLIEST_S <= unix_s < _LATEST_S:
            raise Refused("BAD_TIME")
        old = self._clock.now()
        self._clock.set(unix_s)
        try:
            self._journal.append(
                bodies.CLOCK_SET, unix_s, [old, unix_s, False, bytes(8)], reserved=True
            )
        except (JournalFull, NoCollectionKey, OSError):
            pass  # nobody is registered before there is an owner, and a collection key
        self._device.changed()
        return unix_s

    def add_seed(self, seed):
        """Takes random bytes (32) of the host for the device's generator.

        A device with an owner takes them unsigned only while it has none.
        """
        if self._provisioned.identity.root is not None and self._randomness.is_seeded():
            self._refuse("OPERATOR_NEEDED")
        self._randomness.add_seed(seed)

    def install_root(self, root):
        """Installs the owner's key (32 bytes) and returns the device's id (8 bytes)."""
        held = self._provisioned
        is_new = held.identity.root is None
        if is_new and not self._journal.is_empty:
            # Of a life before this one: nobody has confirmed that they were collected.
            raise Refused("JOURNAL_IN_USE")
        rooms.INSTALLING.enter(rooms.VISIT_MS)
        from keeping import installing

        installing.install_root(held, root, self._randomness.bytes)
        if is_new:
            self._journal.mount()
            self._device.changed()
        return held.identity.device_id

    def sealing_key(self):
        """What the identity key says of the key that secrets are sealed to (COSE_Sign1, bytes)."""
        if self._provisioned.identity.root is None:
            raise Refused("NO_ROOT")
        rooms.SECRETS.enter()
        from keeping import sealing_key

        return sealing_key.statement(self._provisioned.identity, self._randomness.bytes)

    def open_sink(self, kind, size, sha256):
        """Where the pieces of an object go. Raises Refused for a size no list has."""
        if self._provisioned.identity.root is None:
            raise Refused("NO_ROOT")
        if kind == REVOKED_TABLE:
            return self._installs.open_table(size, sha256)
        if kind == OPERATOR or kind == COMMAND:
            most, take = _MAX_SIGNED_BYTES, self._take_signed
        else:
            most, take = self._installs.most_bytes(kind), self._install
        if not 0 < size <= most:
            raise Refused("TOO_LARGE")
        return _Buffer(size, lambda data: self._counted(take, kind, data))

    def _take_signed(self, kind, data):
        commands = self._commands
        return commands.present(data) if kind == OPERATOR else commands.execute(data)

    def _install(self, kind, data):
        if kind != SECRETS:
            return self._installs.install(kind, data)
        signer = self._commands.signer_of(data, "provision")
        return self._installs.install_secrets(signer, data)

    def read_journal(self, from_sequence, max_bytes):
        """([record, ...], sequence number to ask for next).

        Whoever asks for the next record to be written gets the refusals counted until now as one,
        but for the seventh time in an hour.
        """
        journal = self._journal
        if from_sequence >= journal.next_sequence and not self._refusals.is_empty:
            since = (self._clock.now() or 0) // 60 - 60
            if journal.count_since(bodies.REFUSALS, since) < _WRITTEN_AN_HOUR:
                self._refusals.write()
        return self._journal.read(from_sequence, max_bytes)

    def read_sectors(self, from_sequence, skip):
        """What the headers of some sectors say, and which have decayed."""
        return self._journal.sectors(from_sequence, skip)

    def read_raw(self, sector, at, size):
        """Bytes of the journal as they lie there."""
        return self._journal.raw(sector, at, size)

    def statement(self, nonce, first, last):
        """What the device signs at the end of a pull (COSE_Sign1, bytes)."""
        if self._provisioned.identity.root is None:
            raise Refused("NO_ROOT")
        try:
            return self._journal.statement(nonce, first, last, self._clock.now() or 0)
        except ValueError:
            raise Refused("NOT_WRITTEN") from None

    def challenge(self):
        """A nonce (16 bytes) for one command."""
        try:
            return self._commands.challenge()
        except NotSeeded:
            raise Refused("NO_SEED") from None
