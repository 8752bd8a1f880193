"""AES-CCM (RFC 3610, NIST SP 800-38C), sealing only, made of what `cryptolib` has: ECB and CBC.

The CBC-MAC is the last block of a CBC encryption with a zero IV; the key stream is counters
encrypted by ECB. Both are done in one call over as many blocks as the work buffer takes, which is
allocated once.
"""

import cryptolib
from micropython import const

from crypto.limbs import move, zero
from crypto.wipe import wipe, wipe_aes

ECB = const(1)
CBC = const(2)
_BLOCK = const(16)
_WORK_BYTES = const(256)
_MAX_SHORT_AAD = const(0xFEFF)
_SIZE_OF_COUNTER = const(7)  # bits of the flags

_ZEROS = bytes(_BLOCK)
_work = bytearray(_WORK_BYTES)
_view = memoryview(_work)
_mac = bytearray(_BLOCK)
_counter = bytearray(_BLOCK)  # no secret: flags, nonce, and two bytes of what is counted


def seal(key, nonce, aad, data, tag):
    """Encrypts `data` in place and writes the tag.

    key: 16 or 32 bytes; nonce: 7 to 13 bytes, never used twice under a key. aad: bytes-like, only
    authenticated. data: a writable bytes-like. tag: a writable bytes-like; its length, 4 to 16 and
    even, is that of the tag. Raises ValueError on other sizes.
    What it allocates is two AES objects and little else: no function of it has many locals, for one
    that has is given them in the heap, each time.
    """
    if not 7 <= len(nonce) <= 13 or not 4 <= len(tag) <= 16 or len(tag) & 1:
        raise ValueError
    if len(data) >= 1 << 16:
        raise ValueError
    _begin(nonce, (len(aad) > 0) << 6 | (len(tag) - 2) // 2 << 3)
    _count(len(data))
    _authenticate(key, aad, data)
    _counter[0] &= _SIZE_OF_COUNTER
    _encrypt(key, data, tag)


def _begin(nonce, flags):
    """The block `_counter`: flags, the size of the counter less one, the nonce, the counter."""
    size = len(nonce)
    zero(_counter, 0, _BLOCK)
    move(_counter, 1, nonce, 0, size)
    _counter[0] = flags | 14 - size


def _count(number):
    _counter[_BLOCK - 2] = number >> 8
    _counter[_BLOCK - 1] = number & 0xFF


def _authenticate(key, aad, data):
    """CBC-MAC (RFC 3610 section 2.2) of what begins with the block `_counter`, into `_mac`."""
    cbc = cryptolib.aes(key, CBC, _ZEROS)
    move(_work, 0, _counter, 0, _BLOCK)
    used = _BLOCK
    if len(aad) > _MAX_SHORT_AAD:
        _work[used] = 0xFF
        _work[used + 1] = 0xFE
        _work[used + 2] = len(aad) >> 24
        _work[used + 3] = len(aad) >> 16 & 0xFF
        used += 4
    if len(aad):
        _work[used] = len(aad) >> 8 & 0xFF
        _work[used + 1] = len(aad) & 0xFF
        used += 2
    used = _put(cbc, used, aad)
    used = _put(cbc, used, data)
    _finish(cbc, used)
    wipe_aes(cbc)


def _put(cbc, used, piece):
    """Adds bytes and zeros up to the end of a block to the work buffer, which is encrypted when it
    is full and more comes; returns its use."""
    done = 0
    while True:
        count = min(_WORK_BYTES - used, len(piece) - done)
        move(_work, used, piece, done, count)
        used += count
        done += count
        if done == len(piece):
            break
        cbc.encrypt(_work, _work)
        used = 0
    while used % _BLOCK:
        _work[used] = 0
        used += 1
    return used


def _finish(cbc, used):
    part = _view[:used]
    cbc.encrypt(part, part)
    move(_mac, 0, _work, used - _BLOCK, _BLOCK)


def _encrypt(key, data, tag):
    """Counter mode (RFC 3610 section 2.3): block 0 hides the MAC, blocks 1 and up the data.

    `_counter` is what each of the blocks is, but for its number.
    """
    ecb = cryptolib.aes(key, ECB)
    _make_stream(ecb, 0, len(data) + _BLOCK)
    done = 0
    while done < len(tag):
        tag[done] = _mac[done] ^ _work[done]
        done += 1
    done = 0
    while done < len(data):
        at = (_BLOCK + done) % _WORK_BYTES
        if not at:
            _make_stream(ecb, 1 + done // _BLOCK, len(data) - done)
        data[done] ^= _work[at]
        done += 1
    wipe_aes(ecb)
    wipe(_work)
    wipe(_mac)


def _make_stream(ecb, number, wanted):
    """Key stream from block `number` on: the bytes wanted and more, or what there is room for."""
    at = 0
    while at < min(wanted, _WORK_BYTES):
        _count(number)
        move(_work, at, _counter, 0, _BLOCK)
        number += 1
        at += _BLOCK
    part = _view[:at]
    ecb.encrypt(part, part)
