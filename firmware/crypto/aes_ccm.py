"""AES-CCM (RFC 3610, NIST SP 800-38C), sealing only, made of what `cryptolib` has: ECB and CBC.

The CBC-MAC is the last block of a CBC encryption with a zero IV; the key stream is counters
encrypted by ECB. Both are done in one call over as many blocks as the work buffer takes, which is
allocated once.
"""

import cryptolib
from micropython import const

from crypto.wipe import wipe, wipe_aes

ECB = const(1)
CBC = const(2)
_BLOCK = const(16)
_WORK_BYTES = const(256)
_MAX_SHORT_AAD = const(0xFEFF)

_ZEROS = bytes(_BLOCK)
_work = bytearray(_WORK_BYTES)
_mac = bytearray(_BLOCK)
_counter = bytearray(_BLOCK)  # no secret: flags, nonce, and two bytes of what is counted


def seal(key, nonce, aad, data, tag):
    """Encrypts `data` in place and writes the tag.

    key: 16 or 32 bytes; nonce: 7 to 13 bytes, never used twice under a key. aad: a tuple of
    bytes-likes, authenticated one after the other. data: a writable bytes-like. tag: a writable
    bytes-like; its length, 4 to 16 and even, is that of the tag. Raises ValueError on other sizes.
    Where what is authenticated fits one work buffer, it allocates little but two AES objects.
    """
    counter_bytes = 15 - len(nonce)
    if not 2 <= counter_bytes <= 8 or not 4 <= len(tag) <= 16 or len(tag) & 1:
        raise ValueError
    if len(data) >= 1 << 16:
        raise ValueError
    _counter[:] = _ZEROS
    _counter[1 : _BLOCK - counter_bytes] = nonce
    aad_bytes = 0
    for part in aad:
        aad_bytes += len(part)
    _counter[0] = (aad_bytes > 0) << 6 | (len(tag) - 2) // 2 << 3 | (counter_bytes - 1)
    _count(len(data))
    _authenticate(key, aad, aad_bytes, data)
    _counter[0] = counter_bytes - 1
    _encrypt(key, data, tag)


def _count(number):
    _counter[_BLOCK - 2] = number >> 8
    _counter[_BLOCK - 1] = number & 0xFF


def _authenticate(key, aad, aad_bytes, data):
    """CBC-MAC (RFC 3610 section 2.2) of what begins with the block `_counter`, into `_mac`."""
    cbc = cryptolib.aes(key, CBC, _ZEROS)
    _work[:_BLOCK] = _counter
    used = _BLOCK
    if aad_bytes > _MAX_SHORT_AAD:
        used = _put(cbc, used, b"\xff\xfe" + aad_bytes.to_bytes(4, "big"))
    elif aad_bytes:
        _work[used] = aad_bytes >> 8
        _work[used + 1] = aad_bytes & 0xFF
        used += 2
    for part in aad:
        used = _put(cbc, used, part)
    used = _put(cbc, _pad(used), data)
    part = memoryview(_work)[: _pad(used)]
    cbc.encrypt(part, part)
    _mac[:] = part[-_BLOCK:]
    wipe_aes(cbc)


def _put(cbc, used, piece):
    """Adds bytes to the work buffer, which is encrypted when it is full; returns its use."""
    if len(piece) <= _WORK_BYTES - used:  # no part of it has to be cut out
        _work[used : used + len(piece)] = piece
        return used + len(piece)
    done = 0
    while done < len(piece):
        if used == _WORK_BYTES:
            cbc.encrypt(_work, _work)
            used = 0
        count = min(_WORK_BYTES - used, len(piece) - done)
        _work[used : used + count] = piece[done : done + count]
        used += count
        done += count
    return used


def _pad(used):
    """Zeros up to the end of a block."""
    while used % _BLOCK:
        _work[used] = 0
        used += 1
    return used


def _encrypt(key, data, tag):
    """Counter mode (RFC 3610 section 2.3): block 0 hides the MAC, blocks 1 and up the data.

    `_counter` is what each of the blocks is, but for its number.
    """
    ecb = cryptolib.aes(key, ECB)
    at = _WORK_BYTES  # in the key stream, of which nothing is made yet
    counter = 0
    for index in range(-_BLOCK, len(data)):
        if at == _WORK_BYTES:
            size = min(_WORK_BYTES, (len(data) - index + _BLOCK - 1) // _BLOCK * _BLOCK)
            for at in range(0, size, _BLOCK):
                _count(counter)
                _work[at : at + _BLOCK] = _counter
                counter += 1
            part = memoryview(_work)[:size]
            ecb.encrypt(part, part)
            at = 0
        if index >= 0:
            data[index] ^= _work[at]
        elif at < len(tag):
            tag[at] = _mac[at] ^ _work[at]
        at += 1
    wipe_aes(ecb)
    wipe(_work)
    wipe(_mac)
