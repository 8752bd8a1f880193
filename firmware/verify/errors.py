"""The two errors of this package."""


class Malformed(ValueError):
    """Bytes that break the rules of their format.

    Without a text: nobody would see it, and in this package they were 2 KB of RAM.
    """


class Refused(Exception):
    """A pass or a signed object is not accepted. reason: a word of docs/pass.md."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason
