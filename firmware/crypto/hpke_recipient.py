"""HPKE (RFC 9180): base mode, the recipient's side; `hpke.export` is the same on both."""

from crypto import hpke
from crypto.x25519 import public_key, x25519


def setup_recipient(enc, private, info):
    """The exporter secret of SetupBaseR (sections 4.1, 5.1.1), a bytearray of 32.

    enc: what the sender encapsulated, 32 bytes. private: the recipient's X25519 key, 32 bytes.
    info: as the sender's. Raises ValueError for an `enc` of small order (section 7.1.4).
    """
    dh = x25519(private, enc)
    if dh == bytes(32):
        raise ValueError
    shared = hpke.shared_secret(dh, bytes(enc), public_key(private))
    return hpke.exporter_of(shared, info)
