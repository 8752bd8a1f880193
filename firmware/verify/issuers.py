"""The body of a trust list, read and checked (docs/signed-objects.md): when one is installed, and
at the start."""

from collections import namedtuple

from crypto import ed25519
from micropython import const

from verify import cose
from verify.cbor import is_bytes, is_list, is_text, is_uint
from verify.errors import Malformed
from verify.registry import ALG_EDDSA, ALG_HMAC_256_64, ALG_HMAC_256_256, KID_BYTES

_MAX_ISSUERS = const(32)

Issuer = namedtuple(
    "Issuer",
    ("slot", "kid", "alg", "key", "valid_from", "valid_until", "max_lifetime", "name", "register"),
)


def _issuer(slot, row):
    if is_list(row, 7):
        row.append(row[0])  # a register of its own, called by the key
    if not is_list(row, 8):
        raise Malformed
    kid, alg, key, valid_from, valid_until, max_lifetime, name, register = row
    if not is_bytes(register, KID_BYTES):
        raise Malformed
    if not is_bytes(kid, KID_BYTES) or not is_text(name, 0, 32):
        raise Malformed
    if isinstance(alg, bool) or alg not in (
        ALG_EDDSA,
        ALG_HMAC_256_64,
        ALG_HMAC_256_256,
    ):
        raise Malformed
    if not is_bytes(key, 32) if alg == ALG_EDDSA else key is not None:
        raise Malformed
    for number in (valid_from, valid_until, max_lifetime):
        if not is_uint(number):
            raise Malformed
    return Issuer(slot, kid, alg, key, valid_from, valid_until, max_lifetime, name, register)


def _check_key(issuer):
    if issuer.alg != ALG_EDDSA:
        return
    if cose.kid_of(issuer.key) != issuer.kid:
        raise Malformed
    if not ed25519.is_acceptable_key(issuer.key):
        raise Malformed


def read(body, held):
    """A list of Issuer, each at the index of its slot. Arguments: as of TrustList.from_body."""
    if not isinstance(body, list) or len(body) > _MAX_ISSUERS:
        raise Malformed
    issuers = []
    for slot, row in enumerate(body):
        issuer = _issuer(slot, row)
        for other in issuers:
            if other.kid == issuer.kid:
                raise Malformed
        if not held:
            _check_key(issuer)
        issuers.append(issuer)
    return issuers
