"""COSE_Encrypt0 (RFC 9052 section 5.2) with AES-CCM-16-64-256 (RFC 9053 section 4.2)."""

from crypto.aes_ccm_opening import unseal
from micropython import const

from verify import cbor
from verify.errors import Malformed, Refused
from verify.registry import ALG_AES_CCM_16_64_256, LABEL_ALG, LABEL_IV, TAG_ENCRYPT0

_NONCE_BYTES = const(13)
_TAG_BYTES = const(8)


def open_encrypt0(data, key, external):
    """The plain text, a bytearray for this call alone.

    data: the encoded message, bytes. key: 32 bytes. external: bytes that are authenticated with it.
    Raises Malformed, or Refused with UNSUPPORTED, or BAD_SIGNATURE: it was sealed under another
    key, or altered.
    """
    item = cbor.decode(data, tagged=True)
    if not isinstance(item, cbor.Tag) or not cbor.is_list(item.value, 3):
        raise Malformed
    protected, unprotected, sealed = item.value
    if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
        raise Malformed
    if not isinstance(sealed, bytes) or len(sealed) < _TAG_BYTES:
        raise Malformed
    if item.tag != TAG_ENCRYPT0 or cbor.decode(protected) != {LABEL_ALG: ALG_AES_CCM_16_64_256}:
        raise Refused("UNSUPPORTED")
    nonce = unprotected.get(LABEL_IV)
    if len(unprotected) != 1 or not cbor.is_bytes(nonce, _NONCE_BYTES):
        raise Refused("UNSUPPORTED")
    text = bytearray(sealed[:-_TAG_BYTES])
    authenticated = cbor.encode(["Encrypt0", protected, external])
    try:
        unseal(key, nonce, authenticated, text, sealed[-_TAG_BYTES:])
    except ValueError:
        raise Refused("BAD_SIGNATURE") from None
    return text
