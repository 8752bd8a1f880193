"""AES-CCM (RFC 3610, NIST SP 800-38C), sealing only, made of what `cryptolib` has: ECB and CBC.

The CBC-MAC is the last block of a CBC encryption with a zero IV; the key stream is counters
encrypted by ECB. Both are done in one call over as many blocks as the work buffer takes, which is
allocated once.
"""

import cryptolib
from micropython import const

from verify.wipe import wipe, wipe_aes

_ECB = const(1)
_CBC = const(2)
_BLOCK = const(16)
_WORK_BYTES = const(256)
_MAX_SHORT_AAD = const(0xFEFF)

_ZERO_IV = bytes(_BLOCK)
_work = bytearray(_WORK_BYTES)
_view = memoryview(_work)
_mac = bytearray(_BLOCK)


class _Mac:
    """CBC-MAC over pieces; `_work` collects them until it is full."""

    def __init__(self, key):
        self._cbc = cryptolib.aes(key, _CBC, _ZERO_IV)
        self._used = 0

    def add(self, piece):
        length = len(piece)
        done = 0
        while done < length:
            count = min(_WORK_BYTES - self._used, length - done)
            _work[self._used : self._used + count] = piece[done : done + count]
            self._used += count
            done += count
            if self._used == _WORK_BYTES:
                self.pad()

    def pad(self):
        """Fills the block up with zeros and takes in what was collected."""
        end = (self._used + _BLOCK - 1) // _BLOCK * _BLOCK
        for index in range(self._used, end):
            _work[index] = 0
        self._used = 0
        if end:
            part = _view[:end]
            self._cbc.encrypt(part, part)
            _mac[:] = _view[end - _BLOCK : end]

    def end(self):
        wipe_aes(self._cbc)


def seal(key, nonce, aad, data, tag):
    """Encrypts `data` in place and writes the tag.

    key: 16 or 32 bytes; nonce: 7 to 13 bytes, never used twice under a key. aad: a tuple of
    bytes-likes, authenticated one after the other. data: a writable bytes-like. tag: a writable
    bytes-like; its length, 4 to 16 and even, is that of the tag. Raises ValueError on other sizes.
    """
    tag_bytes = len(tag)
    counter_bytes = 15 - len(nonce)
    if not 2 <= counter_bytes <= 8 or not 4 <= tag_bytes <= 16 or tag_bytes & 1:
        raise ValueError("AES-CCM: nonce or tag length")
    if len(data) >= 1 << 16:
        raise ValueError("AES-CCM: data too long")
    aad_bytes = sum(len(part) for part in aad)
    flags = ((aad_bytes > 0) << 6) | ((tag_bytes - 2) // 2 << 3) | (counter_bytes - 1)
    mac = _Mac(key)
    mac.add(bytes((flags,)))
    mac.add(nonce)
    mac.add(len(data).to_bytes(counter_bytes, "big"))
    if aad_bytes:
        if aad_bytes > _MAX_SHORT_AAD:
            mac.add(b"\xff\xfe" + aad_bytes.to_bytes(4, "big"))
        else:
            mac.add(aad_bytes.to_bytes(2, "big"))
        for part in aad:
            mac.add(part)
        mac.pad()
    mac.add(data)
    mac.pad()
    mac.end()
    _encrypt(key, nonce, counter_bytes, data, tag)


def _encrypt(key, nonce, counter_bytes, data, tag):
    """Counter mode (RFC 3610 section 2.3): block 0 hides the MAC, blocks 1 and up the data."""
    ecb = cryptolib.aes(key, _ECB)
    counter = 0
    start = -_BLOCK  # of the block's data; the first block has none
    while start < len(data):
        blocks = min(_WORK_BYTES // _BLOCK, (len(data) - start + _BLOCK - 1) // _BLOCK)
        for index in range(blocks):
            at = index * _BLOCK
            _work[at] = counter_bytes - 1
            _work[at + 1 : at + 16 - counter_bytes] = nonce
            _work[at + 16 - counter_bytes : at + 14] = _ZERO_IV[: counter_bytes - 2]
            _work[at + 14] = counter >> 8
            _work[at + 15] = counter & 0xFF
            counter += 1
        part = _view[: blocks * _BLOCK]
        ecb.encrypt(part, part)
        at = 0
        if start < 0:
            for index in range(len(tag)):
                tag[index] = _mac[index] ^ _work[index]
            start = 0
            at = _BLOCK
        count = min(blocks * _BLOCK - at, len(data) - start)
        for index in range(count):
            data[start + index] ^= _work[at + index]
        start += count
        if not count:
            break
    wipe_aes(ecb)
    wipe(_work)
    wipe(_mac)
