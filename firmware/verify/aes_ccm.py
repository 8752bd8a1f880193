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


def _absorb(cbc, used, piece):
    """Takes a piece into the CBC-MAC; returns how many bytes of `_work` wait to be encrypted."""
    length = len(piece)
    done = 0
    while done < length:
        count = min(_WORK_BYTES - used, length - done)
        _work[used : used + count] = piece[done : done + count]
        used += count
        done += count
        if used == _WORK_BYTES:
            used = _pad(cbc, used)
    return used


def _pad(cbc, used):
    """Fills the block up with zeros and takes in what waits; returns 0, what waits then."""
    end = (used + _BLOCK - 1) // _BLOCK * _BLOCK
    for index in range(used, end):
        _work[index] = 0
    if end:
        part = _view[:end]
        cbc.encrypt(part, part)
        _mac[:] = _view[end - _BLOCK : end]
    return 0


def seal(key, nonce, aad, data, tag):
    """Encrypts `data` in place and writes the tag.

    key: 16 or 32 bytes; nonce: 7 to 13 bytes, never used twice under a key. aad: a tuple of
    bytes-likes, authenticated one after the other. data: a writable bytes-like. tag: a writable
    bytes-like; its length, 4 to 16 and even, is that of the tag. Raises ValueError on other sizes.
    """
    tag_bytes = len(tag)
    counter_bytes = 15 - len(nonce)
    if not 2 <= counter_bytes <= 8 or not 4 <= tag_bytes <= 16 or tag_bytes & 1:
        raise ValueError
    if len(data) >= 1 << 16:
        raise ValueError
    aad_bytes = sum(len(part) for part in aad)
    flags = ((aad_bytes > 0) << 6) | ((tag_bytes - 2) // 2 << 3) | (counter_bytes - 1)
    cbc = cryptolib.aes(key, _CBC, _ZERO_IV)
    used = _absorb(cbc, 0, bytes((flags,)))
    used = _absorb(cbc, used, nonce)
    used = _absorb(cbc, used, len(data).to_bytes(counter_bytes, "big"))
    if aad_bytes:
        if aad_bytes > _MAX_SHORT_AAD:
            head = b"\xff\xfe" + aad_bytes.to_bytes(4, "big")
        else:
            head = aad_bytes.to_bytes(2, "big")
        used = _absorb(cbc, used, head)
        for part in aad:
            used = _absorb(cbc, used, part)
        used = _pad(cbc, used)
    _pad(cbc, _absorb(cbc, used, data))
    wipe_aes(cbc)
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
