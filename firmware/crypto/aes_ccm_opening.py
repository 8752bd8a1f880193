"""AES-CCM (RFC 3610 section 2.4): opening, which the device does for what a host sealed to it."""

from crypto import aes_ccm
from crypto.hmac import equal
from crypto.wipe import wipe


def unseal(key, nonce, aad, data, tag):
    """Decrypts `data` in place. Raises ValueError, with nothing decrypted left, for a wrong tag.

    key, nonce, aad: as of aes_ccm.seal. data: a bytearray. tag: bytes-like, of 4 to 16 bytes.
    """
    made = bytearray(len(tag))
    # Counter mode is the same both ways. What is authenticated is the plain text, known only then.
    aes_ccm.seal(key, nonce, aad, data, made)
    again = bytearray(data)
    aes_ccm.seal(key, nonce, aad, again, made)
    if not equal(made, tag):
        wipe(data)
        raise ValueError
