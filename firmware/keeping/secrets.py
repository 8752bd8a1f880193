"""The secrets of the issuers whose passes have an HMAC tag: in a file, in the clear.

In RAM they are rows of one piece of bytes, as the trust list's issuers are.
"""

from micropython import const

_KID_BYTES = const(8)
_SECRET_AT = const(9)
_ROW_BYTES = const(41)  # kid, algorithm, secret


class Secrets:
    """By kid: all that are kept, of use or not.

    digest: SHA-256 of the object that brought the last change.
    """

    def __init__(self):
        self.digest = None
        self._rows = b""
        self._of_use = bytearray(0)  # by row

    def rows(self):
        """{kid: (alg, secret of 32 bytes)} of all that are kept."""
        found = {}
        for at in range(0, len(self._rows), _ROW_BYTES):
            row = self._rows[at : at + _ROW_BYTES]
            found[row[:_KID_BYTES]] = row[_KID_BYTES], row[_SECRET_AT:]
        return found

    def keep(self, rows):
        """Has these, and no others; none is of use before `match`."""
        packed = bytearray(_ROW_BYTES * len(rows))
        at = 0
        for kid, (alg, secret) in rows.items():
            packed[at : at + _ROW_BYTES] = kid + bytes((alg,)) + secret
            at += _ROW_BYTES
        self._rows = bytes(packed)
        self._of_use = bytearray(len(rows))

    def __len__(self):
        """How many are of use."""
        return sum(self._of_use)

    def get(self, kid):
        """The secret of an issuer in the trust list, or None."""
        for number in range(len(self._of_use)):
            at = number * _ROW_BYTES
            if self._of_use[number] and self._rows.startswith(kid, at):
                return self._rows[at + _SECRET_AT : at + _ROW_BYTES]
        return None

    def match(self, trust):
        """A secret is for one algorithm: the one its issuer has in this trust list (or None)."""
        for number in range(len(self._of_use)):
            at = number * _ROW_BYTES
            issuer = trust.find(self._rows[at : at + _KID_BYTES]) if trust else None
            fits = issuer is not None and issuer.alg == self._rows[at + _KID_BYTES]
            self._of_use[number] = 1 if fits else 0
