"""Signs what the tests need, with the firmware's own encoder; not on the device."""

from verify import cbor, cose, ed25519
from verify.hmac import hmac_sha256


def sign1(seed, header, payload):
    """A COSE_Sign1. seed: 32 bytes; header: map; payload: bytes."""
    protected = cbor.encode(header)
    signature = ed25519.sign(seed, cbor.encode(["Signature1", protected, b"", payload]))
    return cbor.encode(cbor.Tag(cose.TAG_SIGN1, [protected, {}, payload, signature]))


def mac0(secret, header, payload, length):
    """A COSE_Mac0 with a tag of `length` bytes."""
    protected = cbor.encode(header)
    tag = hmac_sha256(secret, cbor.encode(["MAC0", protected, b"", payload]))[:length]
    return cbor.encode(cbor.Tag(cose.TAG_MAC0, [protected, {}, payload, tag]))
