"""What whoever sends something is told, by the whole firmware: it is malformed, or refused."""


class Malformed(ValueError):
    """Bytes that break the rules of their format.

    Without a text: nobody would see it.
    """


class Refused(Exception):
    """What came is well formed and not taken, for a reason.

    reason: a word of docs/pass.md, docs/link.md, or of the rules (docs/staff.md). detail: what the
    answer says besides, or None.
    """

    def __init__(self, reason, detail=None):
        # super(): MicroPython has no Exception.__init__ to call by name
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
