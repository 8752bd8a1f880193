"""The keys of tags: one a shift, copied from header to header of the sectors it fills.

A tag is the first 8 bytes of the CBC-MAC, with AES-128 under such a key, of two blocks: the
register that a subject is in, and the subject (docs/journal.md). Always two: so none of what is
authenticated is another's beginning.
A key that no sector has any more is overwritten, and what was made of it.
"""

from array import array

import cryptolib
from crypto.aes_ccm import ECB
from crypto.wipe import wipe, wipe_aes
from micropython import const

from journal import bodies, layout

_BLOCK_BYTES = const(16)


class TagKeys:
    """The different keys of a ring's sectors, each at a place of its own: mostly one or two."""

    def __init__(self, sectors):
        self._keys = []  # 12 bytes each, None where there was one
        self._ciphers = []  # AES under each; None until it is used
        self._place_of = array("H", bytes(2 * sectors))
        self._register = bytearray(_BLOCK_BYTES)
        self._block = bytearray(_BLOCK_BYTES)
        self._tag = memoryview(self._block)[: bodies.TAG_BYTES]

    def add(self, index, key):
        """Notes the key in a sector's header. key: bytes for this alone, overwritten in time."""
        place = self._find(key)
        if place < 0:
            place = self._free_place()
            self._keys[place] = key
        elif self._keys[place] is not key:
            wipe(key)
        self._place_of[index] = place

    def share(self, index, other):
        """A sector has the key of another one."""
        self._place_of[index] = self._place_of[other]

    def place_of(self, index):
        """The place of a sector's key."""
        return self._place_of[index]

    def key_of(self, index):
        """The 12 bytes in a sector's header."""
        return self._keys[self._place_of[index]]

    def set_register(self, register):
        """Says where the next subjects are some: 8 bytes."""
        self._register[: bodies.TAG_BYTES] = register  # zeros behind it

    def tag(self, subject, place):
        """The 8-byte tag of 16 bytes under the key at a place, valid until the next call."""
        cipher = self._ciphers[place]
        if cipher is None:
            cipher = self._ciphers[place] = _cipher(self._keys[place])
        self._mac(cipher, subject)
        return self._tag

    def _mac(self, cipher, subject):
        block = self._block
        cipher.encrypt(self._register, block)
        for index in range(_BLOCK_BYTES):
            block[index] ^= subject[index]
        cipher.encrypt(block, block)

    def tag_under(self, subject, key):
        """The same under 12 bytes that need not have a place yet."""
        place = self._find(key)
        if place >= 0:
            return self.tag(subject, place)
        cipher = _cipher(key)
        self._mac(cipher, subject)
        wipe_aes(cipher)
        return self._tag

    def keep(self, places):
        """Overwrites all keys but those at these places."""
        for place, key in enumerate(self._keys):
            if key is not None and place not in places:
                wipe(key)
                if self._ciphers[place] is not None:
                    wipe_aes(self._ciphers[place])
                self._keys[place] = self._ciphers[place] = None

    def _find(self, key):
        return self._keys.index(key) if key in self._keys else -1

    def _free_place(self):
        if None not in self._keys:
            self._keys.append(None)
            self._ciphers.append(None)
        return self._keys.index(None)


def _cipher(key):
    padded = bytearray(_BLOCK_BYTES)
    padded[: layout.TAG_KEY_BYTES] = key
    cipher = cryptolib.aes(padded, ECB)
    wipe(padded)
    return cipher
