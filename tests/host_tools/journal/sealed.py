"""Records as a device writes them: the firmware's own journal, with real keys, on flash in RAM."""

import os

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from crypto import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from journal import opening
from journal.journal import Journal
from weak_flash import WeakFlash

from host_tools.journal import records
from provisioning import cose

NOON = 1_790_000_000
DEVICE = b"DEVICE01"


class Identity:
    """A device's id and key; `sign` by another implementation than the device's."""

    def __init__(self):
        self.device_id = DEVICE
        self._key = Ed25519PrivateKey.generate()
        self.public_key = raw(self._key.public_key())

    def sign(self, message):
        return self._key.sign(message)


def raw(public):
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


class Sealed:
    """A journal on `flash`, sealed to `key`, whose kid is `kid`."""

    def __init__(self, sectors=8):
        self.flash = WeakFlash(sectors)
        self.identity = Identity()
        self.use_new_key()
        self.restart()

    def use_new_key(self):
        self.key = X25519PrivateKey.generate()
        self.kid = cose.x25519_kid_of(raw(self.key.public_key()))

    def restart(self):
        def collection():
            return self.kid, raw(self.key.public_key())

        opening.hpke = hpke  # the torture of the journal puts something cheaper in its place
        self.journal = Journal(self.flash, self.identity, collection, os.urandom)
        self.journal.mount()

    @property
    def keys(self):
        return {self.kid: self.key}

    def settle(self):
        """What a device does between people."""
        while self.journal.idle(NOON):
            pass

    def register(self, number, position=0):
        payload = [subject(number), b"cti-8 by", 3, 1, position, 77]
        return self.journal.append(records.REGISTRATION, NOON + 60 * number, payload)

    def shift(self, people=5):
        """A tube with people in it and what else happens; returns all records so far."""
        self.journal.append(records.BOOT, NOON, [1, "0.1.0"])
        self.journal.append(records.TUBE_OPENED, NOON, ["T1234567", 77])
        for number in range(people):
            self.register(number, number + 1)
        self.journal.append(records.REFUSALS, NOON + 600, [[["EXPIRED", 3], ["NO_TUBE", 1]], 500])
        self.journal.append(records.TUBE_CLOSED, NOON + 660, [people, 77])
        return self.raws()

    def raws(self):
        return self.journal.read(1, 1 << 20)[0]


def subject(number):
    return number.to_bytes(2, "big") * 8
