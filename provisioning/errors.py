"""What can go wrong here that a person can mend."""


class Problem(Exception):
    """Something cannot be done. The message says what to do instead."""


class FileProblem(Problem):
    """A file cannot be used."""


class NotAllowed(Problem):
    """The rules of claiming a pass forbid it, or a list would not be accepted by a device."""


class Refused(Exception):
    """A pass or a signed object is not accepted. reason: a word of docs/pass.md."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Malformed(ValueError):
    """Bytes that break the rules of their format."""
