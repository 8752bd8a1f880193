"""AES-CCM (RFC 3610, NIST SP 800-38C), sealing only, made of what `cryptolib` has: ECB and CBC.

The CBC-MAC is the last block of a CBC encryption with a zero IV; the key stream is counters
encrypted by ECB. Both are done in one call over as many blocks as the work buffer takes, which is
allocated once.
"""

import cryptolib
from micropython import const

from crypto.wipe import wipe, wipe_aes

_ECB = const(1)
_CBC = const(2)
_BLOCK = const(16)
_WORK_BYTES = const(256)
_MAX_SHORT_AAD = const(0xFEFF)

_work = bytearray(_WORK_BYTES)
_mac = bytearray(_BLOCK)


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
    head = bytes((flags,)) + nonce + len(data).to_bytes(counter_bytes, "big")
    if aad_bytes > _MAX_SHORT_AAD:
        head += b"\xff\xfe" + aad_bytes.to_bytes(4, "big")
    elif aad_bytes:
        head += aad_bytes.to_bytes(2, "big")
    aad_padding = bytes(-(len(head) + aad_bytes) % _BLOCK)
    data_padding = bytes(-len(data) % _BLOCK)
    _authenticate(key, (head,) + aad + (aad_padding, data, data_padding))
    _encrypt(key, bytes((counter_bytes - 1,)) + nonce, counter_bytes, data, tag)


def _authenticate(key, pieces):
    """CBC-MAC (RFC 3610 section 2.2) of pieces that together are whole blocks, into `_mac`."""
    cbc = cryptolib.aes(key, _CBC, bytes(_BLOCK))
    used = 0
    for piece in pieces:
        done = 0
        while done < len(piece):
            if used == _WORK_BYTES:
                cbc.encrypt(_work, _work)
                used = 0
            count = min(_WORK_BYTES - used, len(piece) - done)
            _work[used : used + count] = piece[done : done + count]
            used += count
            done += count
    part = memoryview(_work)[:used]
    cbc.encrypt(part, part)
    _mac[:] = part[-_BLOCK:]
    wipe_aes(cbc)


def _encrypt(key, first, counter_bytes, data, tag):
    """Counter mode (RFC 3610 section 2.3): block 0 hides the MAC, blocks 1 and up the data.

    first: what each of the blocks begins with, before the counter.
    """
    ecb = cryptolib.aes(key, _ECB)
    at = _WORK_BYTES  # in the key stream, of which nothing is made yet
    counter = 0
    for index in range(-_BLOCK, len(data)):
        if at == _WORK_BYTES:
            size = min(_WORK_BYTES, (len(data) - index + _BLOCK - 1) // _BLOCK * _BLOCK)
            for at in range(0, size, _BLOCK):
                _work[at : at + _BLOCK] = first + counter.to_bytes(counter_bytes, "big")
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
