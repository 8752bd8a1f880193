"""The trust list: whose passes count (docs/signed-objects.md)."""

from typing import Any, NamedTuple

from provisioning import cose
from provisioning.errors import Malformed, NotAllowed, check_text
from provisioning.key_checks import has_small_order, is_acceptable_key, is_canonical

TYP = "application/scanpost-trust+cbor"
MAX_ISSUERS = 32
MAX_NAME_BYTES = 32
MAX_LIFETIME_S = 30 * 86400

_ALGS = (cose.ALG_EDDSA, cose.ALG_HMAC_256_64, cose.ALG_HMAC_256_256)
ALG_NAMES = {
    cose.ALG_EDDSA: "Ed25519",
    cose.ALG_HMAC_256_256: "HMAC 256/256",
    cose.ALG_HMAC_256_64: "HMAC 256/64",
}


class Issuer(NamedTuple):
    """A row of the list. key: 32 bytes, None for HMAC. Times: Unix seconds, until excluded.

    register: 8 bytes that name whose people the subjects are, where it is not the key's own: after
    a rotation the kid of the key before. A person is a subject in a register.
    """

    kid: bytes
    alg: int
    key: bytes | None
    valid_from: int
    valid_until: int
    max_lifetime: int = MAX_LIFETIME_S
    name: str = ""
    register: bytes | None = None

    @property
    def in_register(self) -> bytes:
        """The register that its subjects are in, 8 bytes."""
        return self.register or self.kid

    def row(self) -> list[Any]:
        """What the root signs of it."""
        row = list(self)
        return row[:-1] if self.register in (None, self.kid) else row


class TrustList(NamedTuple):
    """The list itself, without its signature."""

    issuers: tuple[Issuer, ...] = ()

    def find(self, kid: bytes) -> Issuer | None:
        """The issuer with this kid (8 bytes)."""
        return next((issuer for issuer in self.issuers if issuer.kid == kid), None)

    def with_issuer(self, issuer: Issuer) -> "TrustList":
        """The list and this issuer; one with the same kid gives way. Raises NotAllowed."""
        check_issuer(issuer)
        rows = list(self.issuers)
        for slot, row in enumerate(rows):
            if row.kid == issuer.kid:
                rows[slot] = issuer  # where it was: devices count by slot
                return TrustList(tuple(rows))
        if len(rows) == MAX_ISSUERS:
            raise NotAllowed(f"A trust list holds {MAX_ISSUERS} issuers; remove one first.")
        return TrustList((*rows, issuer))

    def without(self, kid: bytes) -> "TrustList":
        """The list without this issuer. Raises NotAllowed if it is not there."""
        if self.find(kid) is None:
            raise NotAllowed(f"No issuer has the kid {kid.hex()}.")
        return TrustList(tuple(issuer for issuer in self.issuers if issuer.kid != kid))

    def body(self) -> list[list[Any]]:
        """What the root signs."""
        return [issuer.row() for issuer in self.issuers]

    @classmethod
    def from_body(cls, body: Any) -> "TrustList":
        """From what the root signed. Raises Malformed."""
        if not isinstance(body, list) or len(body) > MAX_ISSUERS:
            raise Malformed("trust: body")
        issuers = tuple(_issuer(row) for row in body)
        if len({issuer.kid for issuer in issuers}) != len(issuers):
            raise Malformed("trust: kid twice")
        return cls(issuers)


def check_key(key: bytes) -> None:
    """Raises NotAllowed for an Ed25519 key (32 bytes) that no device would take."""
    if is_acceptable_key(key):
        return
    if not is_canonical(key):
        raise NotAllowed("This key's encoding is not canonical; have the issuer make a new one.")
    if has_small_order(key):
        raise NotAllowed(
            "This key is of small order: anyone could sign for it. Have the issuer make a new one."
        )
    raise NotAllowed("This key is no point of Ed25519's curve; have the issuer send it again.")


def check_issuer(issuer: Issuer) -> None:
    """Raises NotAllowed, in words, for a row that no device would take."""
    if issuer.key is not None:
        check_key(issuer.key)
    if not 0 <= issuer.valid_from < issuer.valid_until < 1 << 32:
        raise NotAllowed("An issuer's validity must end after it begins (and before 2106).")
    if not 0 < issuer.max_lifetime <= MAX_LIFETIME_S:
        raise NotAllowed("The longest lifetime of a pass is between a second and 30 days.")
    check_text("name", issuer.name, MAX_NAME_BYTES)


def _issuer(row: Any) -> Issuer:
    if not isinstance(row, list) or not 7 <= len(row) <= 8:
        raise Malformed("trust: row")
    issuer = Issuer(*row)
    if not isinstance(issuer.kid, bytes) or len(issuer.kid) != cose.KID_BYTES:
        raise Malformed("trust: kid")
    if len(row) == 8 and (
        not isinstance(issuer.register, bytes) or len(issuer.register) != cose.KID_BYTES
    ):
        raise Malformed("trust: register")
    if type(issuer.alg) is not int or issuer.alg not in _ALGS:
        raise Malformed("trust: alg")
    if issuer.alg != cose.ALG_EDDSA:
        if issuer.key is not None:
            raise Malformed("trust: key")
    elif not isinstance(issuer.key, bytes) or not is_acceptable_key(issuer.key):
        raise Malformed("trust: key")
    elif cose.kid_of(issuer.key) != issuer.kid:
        raise Malformed("trust: kid of another key")
    for number in (issuer.valid_from, issuer.valid_until, issuer.max_lifetime):
        if type(number) is not int or not 0 <= number < 1 << 32:
            raise Malformed("trust: time")
    if not isinstance(issuer.name, str) or len(issuer.name.encode()) > MAX_NAME_BYTES:
        raise Malformed("trust: name")
    return issuer
