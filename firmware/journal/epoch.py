"""An epoch: a secret shared with the collection key, and the keys ratcheted from it.

    epoch secret = HPKE export, 32 bytes          known to the holder of the collection key
    state 0 = epoch secret
    state i+1 | key i+1 = AES-256(state i, four fixed blocks)

Key i seals the record whose sequence number is the epoch record's plus i. A number that was lost
takes its key with it. Going back from a state to the one before is breaking AES.
"""

import cryptolib
from crypto.wipe import wipe, wipe_aes
from micropython import const
from system import rooms

_INFO = const(b"ScanPost epoch 2")
_CONTEXT = const(b"ratchet")
_ECB = const(1)
_KEY_BYTES = const(32)
_BLOCKS = b"".join(b"ScanPostRatchet" + bytes((index,)) for index in range(4))


class Epoch:
    """Holds the ratchet's state, in one buffer that is overwritten at every step.

    sequence: that of the epoch record, 0 while there is none. kid: of its collection key. The next
    epoch can be prepared (`next_kid` and `enc` then say how its record reads) while this one goes
    on.
    """

    def __init__(self):
        self._state = bytearray(2 * _KEY_BYTES)
        self._view = memoryview(self._state)
        self._next_secret = bytearray(_KEY_BYTES)
        self._at = 0
        self.key = self._view[_KEY_BYTES:]  # of the record `advance` was called for
        self.sequence = 0
        self.kid = self.next_kid = None
        self.enc = None

    def prepare(self, kid, public_key, device_id, ephemeral):
        """Encapsulates to a collection key; `start` puts it in force.

        kid: 8 bytes; public_key: X25519, 32 bytes; device_id: 8 bytes; ephemeral: a bytearray of
        32 random bytes, overwritten here. Raises ValueError for a key of small order.
        """
        rooms.EPOCH.enter()
        from crypto import hpke

        self.enc, exporter = hpke.setup_sender(public_key, _INFO + device_id + kid, ephemeral)
        wipe(ephemeral)
        secret = hpke.export(exporter, _CONTEXT, _KEY_BYTES)
        wipe(exporter)
        self._next_secret[:] = secret
        wipe(secret)
        self.next_kid = kid

    def start(self, sequence):
        """What was prepared is in force: its record was written under this sequence number."""
        self._view[:_KEY_BYTES] = self._next_secret
        wipe(self._next_secret)
        self.kid, self.next_kid = self.next_kid, None
        self.sequence = self._at = sequence

    def advance(self, sequence):
        """Ratchets on to the key of a sequence number, which is then in `key`.

        The state before, and the keys of numbers in between, are gone when it returns.
        """
        while self._at < sequence:
            step = cryptolib.aes(self._view[:_KEY_BYTES], _ECB)
            step.encrypt(_BLOCKS, self._state)
            wipe_aes(step)
            self._at += 1

    def forget(self):
        """Ends the epoch; the next record needs a new one."""
        wipe(self._state)
        self.sequence = self._at = 0
        self.kid = None
