"""Who the device is: an id, and a key that signs for its journal and never leaves it.

Made once, when the owner's key is installed. The file is read back by anyone who opens the device
and reads its flash: what that means is in docs/journal.md.
"""

from crypto import ed25519
from micropython import const
from verify.errors import Malformed

from keeping import files

_ID_BYTES = const(8)
_FILE = const("device-key")
_FILE_BYTES = const(72)  # id 8, Ed25519 seed 32, public key 32


class Identity:
    """device_id: 8 bytes, public_key: Ed25519, 32 bytes; both None while there is none."""

    def __init__(self):
        self.device_id = self.public_key = self._seed = None

    def load(self):
        """Reads the file. Raises Malformed if it is damaged."""
        data = files.read(_FILE)
        if data is None:
            return
        seed, public_key = data[8:40], data[40:]
        # Also because a signature with another public key could give the private one away.
        if len(data) != _FILE_BYTES or ed25519.public_key(seed) != public_key:
            raise Malformed
        self.device_id, self._seed, self.public_key = data[:8], seed, public_key

    def make(self, random):
        """Makes id and key, unless there are some: they are for good.

        random: (n) -> n bytes from a generator that is fit for keys.
        """
        if self.device_id is None:
            device_id, seed = random(_ID_BYTES), random(32)
            files.replace(_FILE, device_id + seed + ed25519.public_key(seed))
            self.load()

    def sign(self, message):
        """The Ed25519 signature, 64 bytes, of a message, bytes."""
        return ed25519.sign(self._seed, message, self.public_key)
