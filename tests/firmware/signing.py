"""Makes passes and signed objects for the tests: what a device itself never does."""

from crypto import signing
from crypto.hmac import hmac_sha256
from verify import cbor

BASE45 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def sign1(seed, header, payload):
    """A COSE_Sign1. seed: 32 bytes; header: map; payload: bytes."""
    protected = cbor.encode(header)
    signature = signing.sign(seed, cbor.encode(["Signature1", protected, b"", payload]))
    return cbor.encode(cbor.Tag(18, [protected, {}, payload, signature]))


def mac0(secret, header, payload, length):
    """A COSE_Mac0 with a tag of `length` bytes."""
    protected = cbor.encode(header)
    tag = hmac_sha256(secret, cbor.encode(["MAC0", protected, b"", payload]))[:length]
    return cbor.encode(cbor.Tag(17, [protected, {}, payload, tag]))


def base45(data):
    """The Base45 text (RFC 9285) of these bytes, as bytes."""
    out = bytearray()
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            out.append(BASE45[value % 45])
            value //= 45
    return bytes(out)
