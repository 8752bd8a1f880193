"""The trust list: whose passes count (docs/signed-objects.md).

How its body is read is in verify/issuers.py, which a scan does not need. In RAM the issuers are
rows of one piece of bytes: as objects of their own 32 of them would take 11 KB.
"""

from struct import unpack_from

from micropython import const

from verify.registry import ALG_EDDSA, KID_BYTES

# kid, algorithm, public key (zeros if there is none), valid from and until, longest life, register
ROW = const(">8sb32sQQQ8s")
ROW_BYTES = const(73)
KEY_AT = const(9)
_KEY_BYTES = const(32)


def find(rows, kid):
    """Where in rows of this kind (bytes) the one of a kid (8 bytes) begins; -1 if there is none."""
    at = rows.find(kid)
    while at > 0 and at % ROW_BYTES:
        at = rows.find(kid, at + 1)  # it stood somewhere else in a row
    return at


class Issuer:
    """One row. slot: its index. key: 32 bytes, or None for an HMAC issuer. valid_from, valid_until:
    Unix seconds; max_lifetime: seconds. register: 8 bytes, whose people the subjects are."""

    def __init__(self, rows, at):
        self.slot = at // ROW_BYTES
        row = unpack_from(ROW, rows, at)
        self.kid, self.alg, key, self.valid_from, self.valid_until, self.max_lifetime = row[:6]
        self.register = row[6]
        self.key = key if self.alg == ALG_EDDSA else None


class TrustList:
    """Issuers by kid. rows: bytes, each issuer's at its slot."""

    def __init__(self, rows):
        self._rows = rows
        self._last = None  # most people have a pass of the one before's issuer

    @classmethod
    def from_body(cls, body, held=False):
        """From the body of the signed object.

        held: True for a list that passed these checks when it was installed: its Ed25519 keys
        are not looked at again, which takes the chip 6 ms each.
        Raises Malformed; also for a key that is not canonical, not on the curve or of small
        order (docs/pass.md), and for a kid that is not its key's.
        """
        from verify import issuers

        return cls(issuers.read(body, held, ROW))

    def __len__(self):
        return len(self._rows) // ROW_BYTES

    def find(self, kid):
        """The Issuer with this kid (8 bytes), or None. It is good until another is found."""
        if self._last is None or self._last.kid != kid:
            at = find(self._rows, bytes(kid))
            if at < 0:
                return None
            self._last = Issuer(self._rows, at)
        return self._last

    def public_keys(self):
        """The Ed25519 keys (32 bytes each), in the order of the list."""
        rows = self._rows
        return [
            rows[at + KEY_AT : at + KEY_AT + _KEY_BYTES]
            for at in range(0, len(rows), ROW_BYTES)
            if rows[at + KID_BYTES] == ALG_EDDSA & 0xFF
        ]
