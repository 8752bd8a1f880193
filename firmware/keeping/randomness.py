"""Random bytes that are fit for keys: crypto/drbg.py with its seed in a file.

    no seed --add_seed (from the host, at provisioning)--> seeded
    seeded  --first bytes() of a start--> running: the seed and what is fresh are hashed together,
                                          the file gets the next seed, only then bytes are given

Power may fail anywhere: the file has the old seed or the next, and nothing was given out that
came from the one it has. docs/firmware.md says what these bytes are worth.
"""

from crypto import drbg
from crypto.wipe import wipe
from micropython import const

from keeping import files

_FILE = const("seed")


class NotSeeded(Exception):
    """The host has not put a seed in yet, or the file was lost."""


def _store(seed):
    files.replace(_FILE, seed)


class Randomness:
    """The device's generator."""

    def __init__(self, fresh):
        """fresh: a function () -> bytes that differ from start to start."""
        self._fresh = fresh
        self._generator = None

    def bytes(self, count):
        """`count` random bytes, made for this call alone. Raises NotSeeded, OSError."""
        if self._generator is None:
            self._start()
        return self._generator.generate(count)

    def is_seeded(self):
        """True if `bytes` can be asked for. Raises OSError."""
        if self._generator is None:
            try:
                self._start()
            except NotSeeded:
                return False
        return True

    def add_seed(self, seed):
        """Stirs in 32 bytes from the host and keeps what comes of it. Raises OSError.

        Whoever else sends bytes harms nothing: they are added to what is held.
        """
        if len(seed) != drbg.SEED_BYTES:
            raise ValueError
        if self._generator is None:
            try:
                self._start()
            except NotSeeded:
                self._generator = drbg.start(seed, self._fresh(), _store)
                return
        self._generator.reseed(seed, self._fresh())
        following = self._generator.generate(drbg.SEED_BYTES)
        _store(following)
        wipe(following)

    def _start(self):
        seed = files.read(_FILE)
        if seed is None or len(seed) != drbg.SEED_BYTES:
            raise NotSeeded()
        self._generator = drbg.start(seed, self._fresh(), _store)
        wipe(seed)
