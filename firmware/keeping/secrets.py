"""The secrets of the issuers whose passes have an HMAC tag: in a file, in the clear."""


class Secrets:
    """By kid. rows: {kid: (alg, secret of 32 bytes)}, all that are kept, of use or not.

    digest: SHA-256 of the object that brought the last change.
    """

    def __init__(self):
        self.rows = {}
        self.digest = None
        self._of_issuers = {}

    def __len__(self):
        """How many are of use."""
        return len(self._of_issuers)

    def get(self, kid):
        """The secret of an issuer in the trust list, or None."""
        return self._of_issuers.get(kid)

    def match(self, trust):
        """A secret is for one algorithm: the one its issuer has in this trust list (or None)."""
        self._of_issuers = {}
        for kid, (alg, secret) in self.rows.items():
            issuer = trust.find(kid) if trust else None
            if issuer and issuer.alg == alg:
                self._of_issuers[kid] = secret
