"""HMAC secrets for one device: signed, and sealed to a key that the device's identity vouches for.

    device   COSE_Sign1 by its identity key: [device id, X25519 key]
    owner    COSE_Sign1 by the root or an operator: [number, when, [device id, kids that go, enc,
             COSE_Encrypt0 of the secrets that come]]

docs/signed-objects.md has both byte by byte. The cryptography is pyhpke's and cryptography's.
"""

import secrets
from collections.abc import Sequence

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey, PyHPKEError

from provisioning import cose, encoding
from provisioning.errors import Malformed, Problem
from provisioning.keys import HmacSecret
from provisioning.signed import seal

SECRETS_TYP = "application/scanpost-secrets+cbor"
SEALING_KEY_TYP = "application/scanpost-sealing-key+cbor"
KEY_BYTES = 32
_INFO = b"ScanPost secrets 1"
_CONTEXT = b"key"
_NONCE_BYTES = 13
_CCM_TAG_BYTES = 8
_SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.EXPORT_ONLY)


class NotVouched(Problem):
    """The key to seal to is not the device's. The message says what to do."""


def open_sealing_key(data: bytes, device: bytes, device_key: bytes) -> bytes:
    """The X25519 key (32 bytes) that a device's identity key vouches for.

    data: the device's COSE_Sign1. device: its id, 8 bytes. device_key: Ed25519, 32 bytes.
    Raises NotVouched.
    """
    try:
        message = cose.Message.parse(data)
        header = {cose.LABEL_ALG: cose.ALG_EDDSA, cose.LABEL_TYP: SEALING_KEY_TYP}
        if message.tag != cose.TAG_SIGN1 or message.header() != header:
            raise Malformed("sealing key: header")
        if len(message.signature) != 64 or not message.is_signed_by(device_key):
            raise NotVouched(
                "The key that secrets would be sealed to is not signed by this device. Is somebody "
                "else on the cable, or was the device set up anew? Nothing was sent."
            )
        said = encoding.decode(message.payload)
    except Malformed as error:
        raise NotVouched(f"The device names no key to seal secrets to ({error}).") from error
    if not isinstance(said, list) or len(said) != 2 or said[0] != device:
        raise NotVouched("The device vouches for the key of another device. Nothing was sent.")
    if not isinstance(said[1], bytes) or len(said[1]) != KEY_BYTES:
        raise NotVouched("The device names no key to seal secrets to.")
    return said[1]


def seal_secrets(
    signer: Ed25519PrivateKey,
    device: bytes,
    sealing_key: bytes | None,
    number: int,
    signed_at: int,
    come: Sequence[HmacSecret] = (),
    go: Sequence[bytes] = (),
) -> bytes:
    """What one device takes as a change of its secrets.

    signer: the root, or an operator with the role `provision`. device: its id, 8 bytes.
    sealing_key: of `open_sealing_key`; not needed where none come. number: above the one that the
    device has. signed_at: Unix seconds. come: secrets; go: kids. Raises NotVouched.
    """
    enc = sealed = None
    if come:
        if sealing_key is None:
            raise ValueError("secrets that come need a key")
        enc, sealed = _sealed(device, sealing_key, come)
    return seal(signer, SECRETS_TYP, number, signed_at, [device, sorted(go), enc, sealed])


def _sealed(device: bytes, sealing_key: bytes, come: Sequence[HmacSecret]) -> tuple[bytes, bytes]:
    """(enc, COSE_Encrypt0 with AES-CCM-16-64-256)"""
    try:
        recipient = KEMKey.from_pyca_cryptography_key(
            X25519PublicKey.from_public_bytes(sealing_key)
        )
        info = _INFO + device + cose.x25519_kid_of(sealing_key)
        enc, context = _SUITE.create_sender_context(recipient, info=info)
        key = context.export(_CONTEXT, KEY_BYTES)
    except (PyHPKEError, ValueError) as error:
        raise NotVouched(f"The device's key to seal secrets to is of no use: {error}") from error
    nonce = secrets.token_bytes(_NONCE_BYTES)
    protected = encoding.encode({cose.LABEL_ALG: cose.ALG_AES_CCM_16_64_256})
    text = encoding.encode(sorted(list(secret) for secret in come))
    authenticated = encoding.encode(["Encrypt0", protected, device])
    ciphertext = AESCCM(key, tag_length=_CCM_TAG_BYTES).encrypt(nonce, text, authenticated)
    return enc, cbor2.dumps(
        cbor2.CBORTag(cose.TAG_ENCRYPT0, [protected, {cose.LABEL_IV: nonce}, ciphertext])
    )
