"""HMAC-DRBG with SHA-256 (NIST SP 800-90A section 10.1.2), and how the device seeds it.

With its radios off the chip's generator is only pseudo-random. So the random bytes of keys come
from here: from a secret that the host put in when it provisioned the device, stirred at every
start.
"""

from micropython import const

from crypto.hmac import hmac_sha256
from crypto.wipe import wipe

_OUT_BYTES = const(32)
SEED_BYTES = const(32)
_MAX_REQUEST_BYTES = const(65536)  # SP 800-90A table 2: 2^19 bits


class HmacDrbg:
    """A generator: its state is `_key` and `_value`, 32 bytes each.

    A state is overwritten as soon as there is the next: who reads the memory later must not find
    what was drawn earlier.
    """

    def __init__(self, entropy, nonce=b"", personalization=b""):
        """SP 800-90A section 10.1.2.3. entropy: 32 bytes of it at least; the others are bytes."""
        self._key = bytes(_OUT_BYTES)
        self._value = bytes([1] * _OUT_BYTES)  # no literal: it will be overwritten
        self.reseed(entropy, nonce, personalization)

    def reseed(self, *provided):
        """Section 10.1.2.4: stirs in more entropy, bytes-likes one after the other.

        That is the update of section 10.1.2.2, with which the other two also end.
        """
        self._next_key(b"\x00", *provided)
        if any(provided):
            self._next_key(b"\x01", *provided)

    def generate(self, size, additional=b""):
        """Section 10.1.2.5: `size` random bytes, 65 536 at most. Raises ValueError for more.

        The bytes are the caller's alone, to be wiped if they are secret.
        """
        if not 0 <= size <= _MAX_REQUEST_BYTES:
            raise ValueError
        if additional:
            self.reseed(additional)
        out = bytearray(size)
        for at in range(0, size, _OUT_BYTES):
            self._next_value()
            count = min(_OUT_BYTES, size - at)
            out[at : at + count] = memoryview(self._value)[:count]
        self.reseed(additional)
        drawn = bytes(out)
        wipe(out)
        return drawn

    def _next_key(self, *provided):
        old = self._key
        self._key = hmac_sha256(old, self._value, *provided)
        wipe(old)
        self._next_value()

    def _next_value(self):
        old = self._value
        self._value = hmac_sha256(self._key, old)
        wipe(old)


def start(seed, fresh, store):
    """The generator of this start of the device, from the seed that the last one left.

    seed: 32 secret bytes. fresh: what differs from start to start, bytes: os.urandom, noise of the
    converter, the time; it need not be secret or long. store: called with the 32 bytes of the next
    seed before a random byte is given out, and has to raise if they are not safely kept: so no two
    starts ever share a state, wherever power fails. They are overwritten when it returns. Raises
    ValueError for a seed of another length.
    """
    if len(seed) != SEED_BYTES:
        raise ValueError("the stored seed is 32 bytes; provision the device again")
    generator = HmacDrbg(seed, fresh, b"ScanPost")
    next_seed = generator.generate(SEED_BYTES)
    store(next_seed)
    wipe(next_seed)
    return generator
