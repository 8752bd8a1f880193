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


class _Buffer:
    """Where an object is collected that is small enough for RAM, until it is committed."""

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


class _Table:
    """The revocation table on its way into flash. Nothing counts until its list is installed."""

    def __init__(self, revocations):
        self._revocations = revocations
        self._offset = 0
        self._sha = hashlib.sha256()

    def write(self, data):
        rooms.INSTALLING.enter(rooms.VISIT_MS)
        from keeping import installing

        installing.write_table(self._revocations, self._offset, data)
        self._sha.update(data)
        self._offset += len(data)

    def commit(self, sha256):
        if self._sha.digest() != sha256:
            raise Refused("DIGEST")
        return self._offset


class Requests:
    """The requests of the link, answered by the parts of the firmware.

    device: board_name, clock, provisioned, journal, registrar, refusals, randomness; and changed,
    called with no argument after anything was installed or set.
    """

    def __init__(self, device):
        self._board_name = device.board_name
        self._clock = device.clock
        self._provisioned = device.provisioned
        self._journal = device.journal
        self._registrar = device.registrar
        self._refusals = device.refusals
        self._randomness = device.randomness
        self._changed = device.changed
        self._held_commands = None  # until an operator comes

    @property
    def _commands(self):
        rooms.OPERATORS.enter(rooms.VISIT_MS)
        if self._held_commands is None:
            from link.commands import CLOCK, COLLECT, Commands

            self._held_commands = Commands(
                self._provisioned,
                self._clock,
                self._randomness.bytes,
                {
                    "acknowledge": (COLLECT, self._acknowledge),
                    "close_shift": (COLLECT, self._close_shift),
                    "set_clock": (CLOCK, self._set_clock_signed),
                },
            )
        return self._held_commands

    def identify(self):
        held = self._provisioned
        return {
            "device": held.identity.device_id,
            "key": held.identity.public_key,
            "board": self._board_name,
            "version": VERSION,
            "micropython": "%d.%d.%d" % sys.implementation.version[:3],
            "root": held.identity.root,
            "name": held.settings.device_name,
        }

    def status(self):
        held, journal, registrar = self._provisioned, self._journal, self._registrar
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
            "issuers": len(held.trust.issuers) if held.trust else 0,
            "secrets": len(held.secrets),
            "site": held.settings.site,
        }

    def set_clock(self, unix_s):
        """Sets the time (Unix seconds) of a device that has no owner yet."""
        if self._provisioned.identity.root is not None:
            raise Refused("OPERATOR_NEEDED")
        return self._set_clock(unix_s)

    def _set_clock_signed(self, credential, arguments):
        if len(arguments) != 1 or type(arguments[0]) is not int:
            raise Refused("ARGUMENTS")
        return self._set_clock(arguments[0])

    def _set_clock(self, unix_s):
        if not EARLIEST_S <= unix_s < _LATEST_S:
            raise Refused("BAD_TIME")
        old = self._clock.now()
        self._clock.set(unix_s)
        self._record(bodies.CLOCK_SET, [old, unix_s])
        self._changed()
        return unix_s

    def add_seed(self, seed):
        """Takes random bytes (32) of the host for the device's generator."""
        self._randomness.add_seed(seed)

    def install_root(self, root):
        """Installs the owner's key (32 bytes) and returns the device's id (8 bytes)."""
        held = self._provisioned
        if held.identity.root is None and not self._journal.is_empty:
            # Of a life before this one: nobody has confirmed that they were collected.
            raise Refused("JOURNAL_IN_USE")
        rooms.INSTALLING.enter(rooms.VISIT_MS)
        from keeping import installing

        installing.install_root(held, root, self._randomness.bytes)
        if self._journal.is_empty:
            self._journal.mount()
        self._changed()
        return held.identity.device_id

    def open_sink(self, kind, size):
        """Where the pieces of an object go. Raises Refused for a size no list has."""
        if self._provisioned.identity.root is None:
            raise Refused("NO_ROOT")
        if kind == REVOKED_TABLE:
            if size > self._provisioned.revocations.capacity_bytes:
                raise Refused("TOO_LARGE")
            return _Table(self._provisioned.revocations)
        if kind == OPERATOR or kind == COMMAND:
            if not 0 < size <= _MAX_SIGNED_BYTES:
                raise Refused("TOO_LARGE")
            return _Buffer(
                size, self._commands.present if kind == OPERATOR else self._commands.execute
            )
        rooms.INSTALLING.enter(rooms.VISIT_MS)
        from keeping import installing

        most = installing.MAX_BYTES.get(kind)
        if most is None:
            raise Refused("UNKNOWN_KIND")
        if not 0 < size <= most:
            raise Refused("TOO_LARGE")
        return _Buffer(size, lambda data: self._install(kind, data))

    def _install(self, kind, data):
        rooms.INSTALLING.enter(rooms.VISIT_MS)
        from keeping import installing

        if kind == SECRETS:
            number = installing.install_secrets(self._provisioned, data)
        else:
            number = installing.install(self._provisioned, kind, data)
        self._record(bodies.LIST_INSTALLED, [kind, number])
        self._changed()
        return number

    def read_journal(self, from_sequence, max_bytes):
        """([record, ...], sequence number to ask for next).

        Whoever asks for the next record to be written gets the refusals counted until now as one.
        """
        if from_sequence >= self._journal.next_sequence:
            self._refusals.write()
        return self._journal.read(from_sequence, max_bytes)

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

    def _acknowledge(self, credential, arguments):
        """[sequence number, chain value there (24 bytes)] -> highest acknowledged"""
        if len(arguments) != 2 or type(arguments[0]) is not int:
            raise Refused("ARGUMENTS")
        up_to, chain = arguments
        if not 0 < up_to < self._journal.next_sequence:
            raise Refused("NOT_WRITTEN")
        try:
            self._journal.acknowledge(up_to, chain, self._clock.now() or 0, credential.kid)
        except ValueError:
            raise Refused("CHAIN") from None
        self._changed()
        return self._journal.acknowledged

    def _close_shift(self, credential, arguments):
        """[] -> highest sequence number that may leave the flash"""
        if arguments:
            raise Refused("ARGUMENTS")
        now = self._clock.now()
        try:
            self._registrar.close_tube(now)
        except Refused:
            # No room to say so; the journal lets the tube go with the shift all the same.
            self._registrar.tube = None
        try:
            released = self._journal.close_shift(now or 0, credential.kid)
        except JournalFull:
            raise Refused("FULL") from None
        finally:
            self._registrar.resume()
        self._changed()
        return released

    def _record(self, record_type, payload):
        try:
            self._journal.append(record_type, self._clock.now() or 0, payload, reserved=True)
        except (JournalFull, NoCollectionKey, OSError):
            # The thing itself is done, and the rest of it follows. That it could not be recorded
            # shows in `status`; a flash that fails shows at the next registration too.
            return
