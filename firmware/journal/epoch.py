"""An epoch: a secret shared with the collection key, and the keys ratcheted from it.

    epoch secret = HPKE export, 32 bytes          known to the holder of the collection key
    state 0 = epoch secret
    state i+1 | key i+1 = AES-256(state i, four fixed blocks)

Key i seals the record whose sequence number is the epoch record's plus i. A number that was lost
takes its key with it. Going back from a state to the one before is breaking AES.
"""

import cryptolib
from crypto.aes_ccm import ECB
from crypto.wipe import wipe, wipe_aes
from micropython import const

_KEY_BYTES = const(32)
_KID_BYTES = const(8)
_BLOCKS = b"".join(b"ScanPostRatchet" + bytes((index,)) for index in range(4))


class Epoch:
    """Holds the ratchet's state, in one buffer that is overwritten at every step.

    sequence: that of the epoch record, 0 while there is none. kid: of its collection key. once:
    its kid | enc; is_once: they have not been written a second time. While this one goes on the
    next can be held ready (journal/opening.py): `next_kid` and `enc` then say how its record reads.
    """

    def __init__(self):
        self._state = bytearray(2 * _KEY_BYTES)
        self._view = memoryview(self._state)
        self._next_secret = bytearray(_KEY_BYTES)
        self._at = 0
        self._first_half = self._view[:_KEY_BYTES]
        self.key = self._view[_KEY_BYTES:]  # of the record `advance` was called for
        self.sequence = 0
        self.kid = self.next_kid = None
        self.enc = None
        self.once = bytearray(_KID_BYTES + _KEY_BYTES)
        self.is_once = False

    def hold(self, kid, enc, secret):
        """Keeps what was agreed on with a collection key; `start` puts it in force.

        kid: 8 bytes; enc: 32; secret: 32, which the caller overwrites.
        """
        self._next_secret[:] = secret
        self.next_kid, self.enc = kid, enc

    def start(self, sequence):
        """What was prepared is in force: its record was written under this sequence number."""
        self._first_half[:] = self._next_secret
        wipe(self._next_secret)
        self.kid, self.next_kid = self.next_kid, None
        self.once[:_KID_BYTES] = self.kid
        self.once[_KID_BYTES:] = self.enc
        self.is_once = True
        self.sequence = self._at = sequence

    def advance(self, sequence):
        """Ratchets on to the key of a sequence number, which is then in `key`.

        The state before, and the keys of numbers in between, are gone when it returns.
        """
        while self._at < sequence:
            step = cryptolib.aes(self._first_half, ECB)
            step.encrypt(_BLOCKS, self._state)
            wipe_aes(step)
            self._at += 1

    def forget(self):
        """Ends the epoch; the next record needs a new one."""
        wipe(self._state)
        self.sequence = self._at = 0
        self.kid = None
        self.is_once = False
