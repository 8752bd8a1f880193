"""Who the device is, and whose: an id and a key that never leaves it, and the root's public key.

All three are there from the moment the root is installed, for good. The key signs for the device's
journal. Its file is read back by anyone who opens the device and reads its flash: what that means
is in docs/journal.md.
"""

from micropython import const
from system import rooms
from verify.errors import Malformed

from keeping import files

ROOT = "root"  # the name of its file too
_KEY_BYTES = const(32)
_ID_BYTES = const(8)
_FILE = const("device-key")
_FILE_BYTES = const(72)  # id 8, Ed25519 seed 32, public key 32


class Identity:
    """device_id: 8 bytes; public_key, root: Ed25519, 32 bytes. All None while there is no root."""

    def __init__(self):
        self.device_id = self.public_key = self.root = self._seed = None

    def load(self):
        """Reads both files. Raises Malformed if one is damaged, or missing beside the other."""
        root = files.read(ROOT)
        if root is None:
            return
        self._load_key()
        if len(root) != _KEY_BYTES or self.device_id is None:
            raise Malformed
        self.root = root

    def _load_key(self):
        data = files.read(_FILE)
        if data is None:
            return
        seed, public_key = data[8:40], data[40:]
        # Also because a signature with another public key could give the private one away.
        if len(data) != _FILE_BYTES or _public_key(seed) != public_key:
            raise Malformed
        self.device_id, self._seed, self.public_key = data[:8], seed, public_key

    def make(self, root, random):
        """Takes a root (32 bytes, checked), and makes id and key unless there are some.

        random: (n) -> n bytes from a generator that is fit for keys. Raises OSError.
        """
        if self.device_id is None:
            device_id, seed = random(_ID_BYTES), random(_KEY_BYTES)
            files.replace(_FILE, device_id + seed + _public_key(seed))
            self._load_key()
        files.replace(ROOT, root)
        self.root = root

    def sign(self, message):
        """The Ed25519 signature, 64 bytes, of a message, bytes."""
        rooms.SIGNING.enter()
        from crypto import signing

        return signing.sign(self._seed, message, self.public_key)


def _public_key(seed):
    rooms.SIGNING.enter()
    from crypto import signing

    return signing.public_key(seed)
