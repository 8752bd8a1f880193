"""HPKE (RFC 9180): base mode, of which only the exporter is used. The sender's side; the
recipient's is in hpke_recipient.py.

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only AEAD. What comes out is a secret that only the
holder of the recipient's private key can derive again from `enc`. HKDF (RFC 5869) is here too: who
only makes tags does not need it.
"""

from micropython import const

from crypto.hmac import hmac_sha256
from crypto.wipe import wipe
from crypto.x25519 import public_key, x25519

_TAG_BYTES = const(32)
_KEM_SUITE = b"KEM\x00\x20"
_SUITE = b"HPKE\x00\x20\x00\x01\xff\xff"
_VERSION = b"HPKE-v1"
_MODE_BASE = b"\x00"


def hkdf_expand(prk, length, *info):
    """`length` bytes of output keying material (RFC 5869 section 2.3), as a bytearray.

    What that section calls HKDF-Extract is `hmac_sha256(salt, keying material)` itself.

    prk: at least 32 bytes. info: bytes-like, one after the other. Raises ValueError past 8160.
    """
    if not 0 < length <= 255 * _TAG_BYTES:
        raise ValueError
    out = bytearray(length)
    block = b""
    for index in range((length + _TAG_BYTES - 1) // _TAG_BYTES):
        last = block
        block = hmac_sha256(prk, last, *info, bytes((index + 1,)))
        wipe(last)
        start = index * _TAG_BYTES
        out[start : start + _TAG_BYTES] = memoryview(block)[: min(_TAG_BYTES, length - start)]
    wipe(block)
    return out


def _extract(suite, salt, label, ikm):
    return hmac_sha256(salt, _VERSION, suite, label, ikm)


def _expand(suite, prk, label, info, length):
    return hkdf_expand(
        prk, length, bytes((length >> 8, length & 0xFF)), _VERSION, suite, label, info
    )


def encapsulate(recipient, ephemeral):
    """(enc, shared secret) of DHKEM's Encap (RFC 9180 section 4.1): 32 bytes, bytearray of 32.

    recipient: X25519 public key, 32 bytes. ephemeral: 32 random bytes, used once and wiped by the
    caller. Raises ValueError for a recipient's key of small order (section 7.1.4).
    """
    dh = x25519(ephemeral, recipient)
    if dh == bytes(32):
        raise ValueError
    enc = public_key(ephemeral)
    return enc, shared_secret(dh, enc, recipient)


def shared_secret(dh, enc, recipient):
    """ExtractAndExpand of DHKEM (section 4.1), 32 bytes: what both sides make of what X25519 gave.

    dh: 32 bytes, overwritten. enc, recipient: the two public keys, 32 bytes each.
    """
    prk = _extract(_KEM_SUITE, b"", b"eae_prk", dh)
    wipe(dh)
    shared = _expand(_KEM_SUITE, prk, b"shared_secret", enc + bytes(recipient), 32)
    wipe(prk)
    return shared


def setup_sender(recipient, info, ephemeral):
    """(enc, exporter secret) of SetupBaseS (sections 5.1 and 5.1.1): 32 bytes, bytearray of 32.

    info: bytes that bind the context to its use; the rest as for `encapsulate`.
    """
    enc, shared = encapsulate(recipient, ephemeral)
    return enc, exporter_of(shared, info)


def exporter_of(shared, info):
    """The exporter secret of the key schedule (section 5.1), a bytearray of 32.

    shared: 32 bytes, overwritten. info: bytes.
    """
    # Empty psk and psk_id: base mode.
    context = (
        _MODE_BASE
        + _extract(_SUITE, b"", b"psk_id_hash", b"")
        + _extract(_SUITE, b"", b"info_hash", info)
    )
    secret = _extract(_SUITE, shared, b"secret", b"")
    wipe(shared)
    exporter_secret = _expand(_SUITE, secret, b"exp", context, 32)
    wipe(secret)
    return exporter_secret


def export(exporter_secret, context, length):
    """`length` secret bytes for one purpose (section 5.3), as a bytearray. context: bytes."""
    return _expand(_SUITE, exporter_secret, b"sec", context, length)
