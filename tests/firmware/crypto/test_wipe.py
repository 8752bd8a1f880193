"""Overwriting: what was wiped cannot be read by address any more (MicroPython only)."""

import hashlib

import cryptolib
from crypto import wipe


def test_a_buffer_is_overwritten():
    secret = bytearray(b"secret")
    wipe.wipe(secret)
    assert secret == bytes(6)
    whole = bytearray(b"abcdef")
    wipe.wipe(memoryview(whole)[2:4])
    assert whole == b"ab\x00\x00ef"


def test_results_and_objects_are_overwritten():
    if wipe.bytearray_at is None:
        return  # CPython gives no address to look at
    from uctypes import addressof

    digest = hashlib.sha256(b"x").digest()
    seen = wipe.bytearray_at(addressof(digest), 32)
    wipe.wipe(digest)
    assert seen == bytes(32)

    key = bytearray(b"0123456789abcdefFEDCBA9876543210")
    cipher = cryptolib.aes(key, 1)
    cipher.encrypt(bytes(16))
    seen = wipe.bytearray_at(id(cipher), wipe._AES_BYTES)
    assert bytes(key[:16]) in bytes(seen)
    wipe.wipe_aes(cipher)
    assert not any(seen[8:])

    state = hashlib.sha256(b"a secret that is hashed")
    seen = wipe.bytearray_at(id(state), wipe._HASH_BYTES)
    assert b"a secret" in bytes(seen)
    wipe.wipe_hash(state)
    assert not any(seen[8:])
