"""The trust list: whose passes count (docs/signed-objects.md)."""

from collections import namedtuple

from crypto import ed25519
from micropython import const

from verify import cose
from verify.cbor import is_bytes, is_list, is_text, is_uint
from verify.errors import Malformed

# as in verify/cose.py
_ALG_EDDSA = const(-8)
_ALG_HMAC_256_64 = const(4)
_ALG_HMAC_256_256 = const(5)
_KID_BYTES = const(8)

_MAX_ISSUERS = const(32)

Issuer = namedtuple(
    "Issuer",
    ("slot", "kid", "alg", "key", "valid_from", "valid_until", "max_lifetime", "name"),
)


def _issuer(slot, row):
    if not is_list(row, 7):
        raise Malformed
    kid, alg, key, valid_from, valid_until, max_lifetime, name = row
    if not is_bytes(kid, _KID_BYTES) or not is_text(name, 0, 32):
        raise Malformed
    if isinstance(alg, bool) or alg not in (
        _ALG_EDDSA,
        _ALG_HMAC_256_64,
        _ALG_HMAC_256_256,
    ):
        raise Malformed
    if not is_bytes(key, 32) if alg == _ALG_EDDSA else key is not None:
        raise Malformed
    for number in (valid_from, valid_until, max_lifetime):
        if not is_uint(number):
            raise Malformed
    return Issuer(slot, kid, alg, key, valid_from, valid_until, max_lifetime, name)


def _check_key(issuer):
    if issuer.alg != _ALG_EDDSA:
        return
    if cose.kid_of(issuer.key) != issuer.kid:
        raise Malformed
    if not ed25519.is_acceptable_key(issuer.key):
        raise Malformed


class TrustList:
    """Issuers by kid. issuers: list of Issuer, each at the index of its slot."""

    def __init__(self, issuers):
        self.issuers = issuers

    @classmethod
    def from_body(cls, body, held=False):
        """From the body of the signed object.

        held: True for a list that passed these checks when it was installed: its Ed25519 keys
        are not looked at again, which takes the chip 6 ms each.
        Raises Malformed; also for a key that is not canonical, not on the curve or of small
        order (docs/pass.md), and for a kid that is not its key's.
        """
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
        return cls(issuers)

    def find(self, kid):
        """The Issuer with this kid (8 bytes), or None."""
        for issuer in self.issuers:
            if issuer.kid == kid:
                return issuer
        return None
