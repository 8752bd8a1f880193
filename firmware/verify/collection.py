"""The list of collection keys: to whom the journal is sealed (docs/signed-objects.md).

How its body is read is in verify/collection_rows.py, which a scan does not need.
"""


class CollectionKeys:
    """Several keys over time. rows: (kid 8 bytes, X25519 key 32 bytes, from Unix seconds) each."""

    def __init__(self, rows):
        self._rows = rows

    @classmethod
    def from_body(cls, body, held=False):
        """From the body of the signed object: an array of [kid, key, from, name].

        held: True for a list that was checked when it was installed. Raises Malformed; also for a
        key of small order.
        """
        from verify import collection_rows

        return cls(collection_rows.read(body, held))

    def at(self, unix_s):
        """(kid, key) of the key that began last, at this time; None before all of them."""
        newest = None
        for kid, key, start in self._rows:
            if start <= unix_s and (newest is None or start >= newest[2]):
                newest = (kid, key, start)
        return newest and newest[:2]
