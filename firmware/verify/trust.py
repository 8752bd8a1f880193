"""The trust list: whose passes count (docs/signed-objects.md)."""

from collections import namedtuple

from micropython import const

from verify import cose, ed25519
from verify.errors import Malformed

MAX_ISSUERS = const(32)

Issuer = namedtuple(
    "Issuer",
    ("slot", "kid", "alg", "key", "valid_from", "valid_until", "max_lifetime", "name"),
)


def _is_uint(value, limit):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit


def _issuer(slot, row):
    if not isinstance(row, list) or len(row) != 7:
        raise Malformed("trust: row")
    kid, alg, key, valid_from, valid_until, max_lifetime, name = row
    if not isinstance(kid, bytes) or len(kid) != cose.KID_BYTES:
        raise Malformed("trust: kid")
    if isinstance(alg, bool) or alg not in (
        cose.ALG_EDDSA,
        cose.ALG_HMAC_256_64,
        cose.ALG_HMAC_256_256,
    ):
        raise Malformed("trust: alg")
    if alg == cose.ALG_EDDSA:
        if not isinstance(key, bytes) or len(key) != 32:
            raise Malformed("trust: key")
    elif key is not None:
        raise Malformed("trust: key")
    for number in (valid_from, valid_until, max_lifetime):
        if not _is_uint(number, 1 << 32):
            raise Malformed("trust: time")
    if not isinstance(name, str) or len(name.encode()) > 32:
        raise Malformed("trust: name")
    return Issuer(slot, kid, alg, key, valid_from, valid_until, max_lifetime, name)


def _check_key(issuer):
    if issuer.alg != cose.ALG_EDDSA:
        return
    if cose.kid_of(issuer.key) != issuer.kid:
        raise Malformed("trust: kid of another key")
    if not ed25519.is_acceptable_key(issuer.key):
        raise Malformed("trust: weak key")


class TrustList:
    """Issuers by kid. issuers: list of Issuer, each at the index of its slot."""

    def __init__(self, issuers):
        self.issuers = issuers

    @classmethod
    def from_body(cls, body, held=False):
        """From the body of the signed object.

        held: True for a list that passed these checks when it was installed: its Ed25519 keys
        are not looked at again, which takes the chip some 40 ms each.
        Raises Malformed; also for a key that is not canonical, not on the curve or of small
        order (docs/pass.md), and for a kid that is not its key's.
        """
        if not isinstance(body, list) or len(body) > MAX_ISSUERS:
            raise Malformed("trust: body")
        issuers = []
        for slot, row in enumerate(body):
            issuer = _issuer(slot, row)
            for other in issuers:
                if other.kid == issuer.kid:
                    raise Malformed("trust: kid twice")
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
