"""The trust list: whose passes count (docs/signed-objects.md).

How its body is read is in verify/issuers.py, which a scan does not need.
"""


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
        from verify import issuers

        return cls(issuers.read(body, held))

    def find(self, kid):
        """The Issuer with this kid (8 bytes), or None."""
        for issuer in self.issuers:
            if issuer.kid == kid:
                return issuer
        return None
