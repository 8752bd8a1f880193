"""Passes for the demonstration, good and bad, made as any issuer with a CBOR library would.

`scanpost issue` refuses to make the bad ones, so they are put together here, from
docs/pass.md, with `cbor2` and `cryptography` alone.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from provisioning import base45, qr

DAY_S = 86400
HOUR_S = 3600
MAX_DAYS = 30
ALG_EDDSA, ALG_HMAC_256_256, ALG_HMAC_256_64 = -8, 5, 4
_TAG_BYTES = {ALG_HMAC_256_256: 32, ALG_HMAC_256_64: 8}
_THUMBPRINT_PREFIX = bytes.fromhex("a301012006215820")


class Signer(NamedTuple):
    """Whoever makes passes. make: (protected header's bytes, payload) -> message."""

    kid: bytes
    alg: int
    make: Callable[[bytes, bytes], Any]


class Bad(NamedTuple):
    """A text that a device refuses, and the reason that it must give."""

    name: str
    text: str
    reason: str


def ed25519_signer(key: Ed25519PrivateKey) -> Signer:
    """COSE_Sign1 with this key."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    kid = hashlib.sha256(_THUMBPRINT_PREFIX + raw).digest()[:8]

    def make(protected: bytes, payload: bytes) -> Any:
        signed = cbor2.dumps(["Signature1", protected, b"", payload])
        return cbor2.CBORTag(18, [protected, {}, payload, key.sign(signed)])

    return Signer(kid, ALG_EDDSA, make)


def hmac_signer(kid: bytes, alg: int, secret: bytes) -> Signer:
    """COSE_Mac0 with this secret (32 bytes); alg 5 or 4."""

    def make(protected: bytes, payload: bytes) -> Any:
        maced = cbor2.dumps(["MAC0", protected, b"", payload])
        tag = hmac.digest(secret, maced, "sha256")[: _TAG_BYTES[alg]]
        return cbor2.CBORTag(17, [protected, {}, payload, tag])

    return Signer(kid, alg, make)


def load_signer(path: Path) -> Signer:
    """The issuer's key in a PEM file without a passphrase."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return ed25519_signer(key)


def make_pass(
    signer: Signer,
    issued_at: int,
    lifetime_s: int = MAX_DAYS * DAY_S,
    not_before: int | None = None,
    relation: int = 0,
    name_hint: str = "王*明",
    id_hint: str = "123X",
    subject: bytes | None = None,
    cti: bytes | None = None,
) -> str:
    """A pass's text with any times whatever (Unix seconds). subject 16 bytes, cti 8: random."""
    claims: dict[int, Any] = {4: issued_at + lifetime_s, 6: issued_at}
    if not_before is not None:
        claims[5] = not_before
    claims[7] = os.urandom(8) if cti is None else cti
    holder = [os.urandom(16) if subject is None else subject, relation, name_hint, id_hint]
    claims[-65537] = holder
    header = cbor2.dumps({1: signer.alg, 4: signer.kid})
    return "SP1:" + base45.encode(cbor2.dumps(signer.make(header, cbor2.dumps(claims))))


def expired(signer: Signer, now: int) -> Bad:
    """Ended an hour ago."""
    text = make_pass(signer, now - 2 * DAY_S, lifetime_s=2 * DAY_S - HOUR_S)
    return Bad("expired", text, "EXPIRED")


def not_yet_valid(signer: Signer, now: int) -> Bad:
    """Begins tomorrow."""
    return Bad("not-yet", make_pass(signer, now, not_before=now + DAY_S), "NOT_YET")


def too_long(signer: Signer, now: int) -> Bad:
    """Good for 31 days."""
    return Bad("31-days", make_pass(signer, now, lifetime_s=31 * DAY_S), "LIFETIME")


def altered(text: str) -> Bad:
    """One character of a good pass, changed inside its signature (or tag)."""
    # The last whole group of three characters stands for two bytes of the signature; a small
    # group stays in range with another last character.
    body = text.removeprefix("SP1:")
    at = len(body) - len(body) % 3 - 3  # the group's lowest digit comes first
    other = "1" if body[at] == "0" else "0"
    return Bad("altered", f"SP1:{body[:at]}{other}{body[at + 1 :]}", "BAD_SIGNATURE")


def unknown_key(now: int) -> Bad:
    """By an issuer whom no list has."""
    stranger = ed25519_signer(Ed25519PrivateKey.generate())
    return Bad("unknown-key", make_pass(stranger, now), "UNKNOWN_KEY")


def revoked(signer: Signer, now: int) -> Bad:
    """A good pass, to be revoked: give its text to `scanpost revoke`."""
    return Bad("revoked", make_pass(signer, now), "REVOKED")


def bad_passes(signer: Signer, now: int) -> list[Bad]:
    """One of each, but for the revoked one, which is only bad once it is on the list."""
    return [
        expired(signer, now),
        not_yet_valid(signer, now),
        too_long(signer, now),
        altered(make_pass(signer, now)),
        unknown_key(now),
    ]


def other_codes() -> list[Bad]:
    """Codes of something else: a URL, a payment code, 4 000 characters of junk."""
    junk = "".join(str(digit) for digit in os.urandom(4000).translate(_TO_DIGITS))
    return [
        Bad("url", "https://example.org/health?id=12345", "MALFORMED"),
        Bad("payment", "6222021234567890123", "MALFORMED"),
        Bad("junk", junk, "MALFORMED"),
    ]


def save_picture(text: str, path: Path, *lines: str) -> Path:
    """Any text as a PNG of a QR code, with lines under it."""
    path.write_bytes(qr.png(text, list(lines)))
    return path


_TO_DIGITS = bytes(number % 10 for number in range(256))
