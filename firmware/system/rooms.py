"""Rooms: modules that are loaded when somebody comes, and let go of after some seconds of silence.

All that is imported lies in the heap. What a scan needs stays there for good, and so does all
machine code (machine_code.py). What is needed seldom belongs to one of the rooms at the end of this
file. Whoever needs it says so and then imports it, inside the function that needs it:

    rooms.EPOCH.enter()
    from crypto import hpke

    closed --enter--> open --nobody entered for the room's silence, or close--> closed

A closed room is forgotten: its modules go with the next collection, and are loaded again the next
time. So what has to outlive it must not be of a class, nor hold a function, of a module in it; what
may go with it can be its `content`. A module that is imported without a word is let go of at the
next look. tests/test_firmware_imports.py sees to it that nothing outside a room has its modules
loaded as it is loaded itself.
"""

import asyncio
import gc
import sys
import time

from micropython import const

SILENCE_MS = const(10000)
# For what a host comes back to: an object under way, a credential, a nonce (good as long)
VISIT_MS = const(60000)
_LOOK_MS = const(1000)


class Room:
    """modules: their names, so that each comes after those that it imports. uses: rooms without
    which this one is of no use; they stay open as long as it does.
    """

    def __init__(self, *modules, uses=()):
        self.modules = modules
        self.uses = uses
        self.content = None  # what was made of these modules, and goes with them
        self._until_ms = None

    def enter(self, silence_ms=SILENCE_MS):
        """Has the room open for at least so long from now on."""
        until_ms = time.ticks_add(time.ticks_ms(), silence_ms)
        if self._until_ms is None or time.ticks_diff(until_ms, self._until_ms) > 0:
            self._until_ms = until_ms
        for room in self.uses:
            room.enter(silence_ms)

    async def load(self):
        """Enters, and loads the modules; other tasks have their turn after each."""
        for room in self.uses:
            await room.load()
        self.enter()
        for name in self.modules:
            if name not in sys.modules:
                __import__(name)
                await asyncio.sleep_ms(0)

    def is_silent(self):
        """True if nobody entered, or not for as long as was said."""
        until_ms = self._until_ms
        return until_ms is None or time.ticks_diff(time.ticks_ms(), until_ms) >= 0

    def is_open(self):
        """True if any of it is loaded."""
        return any([name in sys.modules for name in self.modules])

    def close(self):
        """Forgets the modules: the next import loads them again."""
        self._until_ms = None
        self.content = None
        for name in self.modules:
            sys.modules.pop(name, None)
            package, _, own = name.rpartition(".")
            package = sys.modules.get(package)
            if hasattr(package, own):
                delattr(package, own)


def close_silent():
    """Closes the rooms that are silent; True if there were some."""
    found = False
    for room in ALL:
        if room.is_silent() and room.is_open():
            room.close()
            found = True
    return found


async def run():
    """Closes rooms as they fall silent, for ever."""
    while True:
        await asyncio.sleep_ms(_LOOK_MS)
        if close_silent():
            # Now, and not when the next code comes in.
            gc.collect()


# CBOR of any form: what a host sends, what signed objects say
READER = Room("verify.cbor")
# What is signed: verified, or made
SIGNED = Room("verify.cose", uses=(READER,))
# Signed objects and secrets are read, at a start and as they are installed
OBJECTS = Room(
    "verify.issuers",
    "verify.collection_rows",
    "keeping.settings_body",
    "keeping.objects",
    uses=(SIGNED,),
)
# A host at the cable; and what it may be there for besides status and journal: it installs
# something, an operator commands
HOST = Room(
    "journal.reading",
    "journal.newest",
    "link.transfers",
    "link.requests",
    "link.server",
    uses=(READER,),
)
SECTORS = Room("journal.sectors", uses=(HOST,))  # a pull ends, and asks for what has decayed
INSTALLING = Room("keeping.installing", "keeping.revoking", "link.installs", uses=(OBJECTS,))
OPERATORS = Room(
    "verify.operators",
    "journal.emptying",
    "link.commands",
    "link.clock_setting",
    "link.actions",
    uses=(SIGNED, HOST),
)
# What is kept is read, and the journal's end found
START = Room("keeping.loading", "journal.recovery", "system.starting", uses=(OBJECTS,))
# Once in some hundred people the journal's keys begin anew; and what else the device signs
X25519 = Room("crypto.x25519")
EPOCH = Room("crypto.hpke", "journal.opening", uses=(SIGNED, X25519))
SIGNING = Room("crypto.signing")
# Secrets of issuers come, sealed to this device
SECRETS = Room(
    "crypto.aes_ccm_opening",
    "crypto.hpke_recipient",
    "verify.encrypted",
    "keeping.sealing_key",
    "keeping.sealed_secrets",
    uses=(OBJECTS, EPOCH),
)
# The scanner is found and set up
SCANNER = Room("drivers.gm65_setup")
# Tables of points are made, once for each issuer's key
TABLES = Room("crypto.preparation", "keeping.table_making")

ALL = (
    HOST,
    SECTORS,
    INSTALLING,
    OPERATORS,
    START,
    OBJECTS,
    SIGNED,
    READER,
    EPOCH,
    X25519,
    SIGNING,
    SECRETS,
    SCANNER,
    TABLES,
)
