"""An owner of devices for the tests: a root, and a collection key that journals are sealed to."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from host_tools.journal import records
from host_tools.pull import pull
from host_tools.store import Store
from provisioning import collection
from provisioning.keys import raw_public
from provisioning.signed import seal


class Owner:
    """now_s: Unix seconds, the time of all signing."""

    def __init__(self, now_s):
        self.now_s = now_s
        self.root = Ed25519PrivateKey.generate()
        self.root_public = raw_public(self.root)
        self._key = X25519PrivateKey.generate()
        row = collection.row_of(raw_public(self._key.public_key()), now_s - 60, "Lab")
        self.keys = {row.kid: self._key}
        self.collection = self.seal(collection.TYP, collection.CollectionList((row,)).body())

    def seal(self, typ, body, sequence=1):
        return seal(self.root, typ, sequence, self.now_s, body)

    def pull(self, client):
        """All that a device has recorded, in a new database."""
        store = Store(":memory:")
        pulled = pull(client, store, self.now_s, self.keys)
        assert pulled.problems == []
        return store

    def events(self, client, kind):
        """The contents (JSON texts) of all records of a type that has no table of its own."""
        assert kind in records.TYPE_NAMES
        rows = self.pull(client)._db.execute(
            "SELECT content FROM events WHERE type = ? ORDER BY sequence", (kind,)
        )
        return [content for (content,) in rows]
