"""What the device was given, as the rest of the firmware asks for it; and what it still lacks.

identity.py     the root's key, and the device's own
objects.py      signed objects and secrets are read; needed at a start and by a host
loading.py      all of it is read from the files, at a start
installing.py   a host gives the device something new
revocations.py  the revocation table in its slots
secrets.py      HMAC secrets
"""

from keeping.revocations import Revocations
from keeping.secrets import Secrets
from keeping.settings import Settings

# Kinds of objects: names of files, too, but for the table
TRUST = "trust"
REVOKED = "revoked"
REVOKED_TABLE = "revoked-table"
SETTINGS = "settings"
SECRETS = "secrets"
COLLECTION = "collection"


class Provisioned:
    """partition: `lists`. identity: Identity. randomness: Randomness.

    trust: TrustList, collection: CollectionKeys, or None; settings: Settings. sequences: number of
    the object that is held, by kind. newest_signed_at: Unix seconds, the latest the root signed.
    damaged: kinds whose files are there and of no use.
    """

    def __init__(self, partition, identity, randomness):
        self._randomness = randomness
        self.identity = identity
        self.trust = None
        self.collection = None
        self.settings = Settings()
        self.secrets = Secrets()
        self.revocations = Revocations(partition)
        self.sequences = {}
        self.newest_signed_at = 0
        self.damaged = []

    def missing(self):
        """The first thing without which no one can be registered, in words; or None.

        A damaged revocation list or settings count too: without them people would be registered
        who must not be, or other than they should be.
        """
        if self.identity.root is None:
            return "root key"
        if self.trust is None:
            return "trust list"
        if self.collection is None:
            return "collection key"
        if REVOKED in self.damaged:
            return "revocation list"
        if SETTINGS in self.damaged:
            return "settings"
        try:
            seeded = self._randomness.is_seeded()
        except OSError:
            seeded = False
        return None if seeded else "random seed"

    def is_revoked(self, kid, cti):
        """True if the revocation list names what the key `kid` (8 bytes) signed under this id."""
        return self.revocations.is_listed(kid, cti)

    def public_keys(self):
        """The public keys (32 bytes each) of the issuers in the trust list, in its order."""
        return self.trust.public_keys() if self.trust else []

    def collection_source(self, clock):
        """A function () -> collection_key at the clock's time."""
        return lambda: self.collection_key(clock.now())

    def collection_key(self, unix_s):
        """(kid, X25519 key) to seal to, or None. unix_s: the time, or None where it is unknown.

        None too where there is no randomness: nothing can be sealed without.
        """
        if self.collection is None or not self._randomness.is_seeded():
            return None
        return self.collection.at(max(unix_s or 0, self.newest_signed_at))
