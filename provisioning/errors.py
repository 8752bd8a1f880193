"""What can go wrong here that a person can mend."""


class Problem(Exception):
    """Something cannot be done. The message says what to do instead."""


class Mistyped(Problem):
    """What was typed cannot be read: a time, a zone, hexadecimal digits."""


class FileProblem(Problem):
    """A file cannot be used."""


class NotAllowed(Problem):
    """The rules of claiming a pass forbid it, or a list would not be accepted by a device."""


def check_text(what: str, text: str, most_bytes: int) -> None:
    """Raises NotAllowed for a text of more bytes of UTF-8, or one that UTF-8 cannot hold.

    The latter is how Python hands over an argument in another encoding.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise NotAllowed(f"The {what} is not in UTF-8; check the terminal's encoding.") from error
    if size > most_bytes:
        raise NotAllowed(f"The {what} is longer than {most_bytes} bytes of UTF-8; shorten it.")


class Refused(Exception):
    """A pass or a signed object is not accepted.

    reason: a word of docs/pass.md. rule: of MALFORMED, which rule was broken and where, in words.
    """

    def __init__(self, reason: str, rule: str = "") -> None:
        super().__init__(f"{reason}: {rule}" if rule else reason)
        self.reason = reason
        self.rule = rule


class Malformed(ValueError):
    """Bytes that break the rules of their format."""
