"""AES-CCM: RFC 3610 section 8, SP 800-38C appendix C, NIST's CAVS files for AES-256."""

from binascii import unhexlify

from crypto import aes_ccm
from crypto.aes_ccm_opening import unseal
from vectors import load


def _seal(key, nonce, aad, plain, tag_bytes):
    data = bytearray(plain)
    tag = bytearray(tag_bytes)
    aes_ccm.seal(key, nonce, aad, data, tag)
    return bytes(data) + bytes(tag)


def test_published_vectors():
    for vector in load("aes-ccm.json"):
        key, nonce, aad, plain, sealed = (
            unhexlify(vector[name]) for name in ("key", "nonce", "aad", "plain", "sealed")
        )
        aad *= vector.get("aad_repeated", 1)
        tag_bytes = len(sealed) - len(plain)
        assert _seal(key, nonce, aad, plain, tag_bytes) == sealed, vector["source"]


def test_views_do_as_well():
    key, nonce, aad = b"k" * 32, b"n" * 13, b"associated data of some length"
    whole = _seal(key, nonce, aad, b"p" * 300, 8)
    buffer = bytearray(b"p" * 300 + bytes(8) + aad)
    view = memoryview(buffer)
    aes_ccm.seal(key, nonce, view[308:], view[:300], view[300:308])
    assert bytes(buffer) == whole + aad


def test_nothing_of_the_key_stream_stays_in_the_work_buffer():
    _seal(b"k" * 32, b"n" * 13, b"a", b"p" * 40, 8)
    assert not any(aes_ccm._work) and not any(aes_ccm._mac)


def test_wrong_sizes_are_refused():
    for nonce, tag_bytes in ((6, 8), (14, 8), (13, 2), (13, 7), (13, 18)):
        refused = False
        try:
            _seal(b"k" * 16, bytes(nonce), b"", b"", tag_bytes)
        except ValueError:
            refused = True
        assert refused


def test_published_vectors_are_opened():
    for vector in load("aes-ccm.json"):
        key, nonce, aad, plain, sealed = (
            unhexlify(vector[name]) for name in ("key", "nonce", "aad", "plain", "sealed")
        )
        aad *= vector.get("aad_repeated", 1)
        data = bytearray(sealed[: len(plain)])
        unseal(key, nonce, aad, data, sealed[len(plain) :])
        assert data == plain, vector["source"]


def test_of_what_was_altered_nothing_is_given_out():
    sealed = _seal(b"k" * 32, b"n" * 13, b"aad", b"p" * 40, 8)
    for at in (0, 39, 40, 47):
        broken = bytearray(sealed)
        broken[at] ^= 0x40
        data = broken[:40]
        refused = False
        try:
            unseal(b"k" * 32, b"n" * 13, b"aad", data, broken[40:])
        except ValueError:
            refused = True
        assert refused and not any(data)
