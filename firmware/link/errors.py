"""The one error with which a request is refused."""


class LinkError(Exception):
    """code: a word of docs/link.md; detail: anything CBOR can say, or None."""

    def __init__(self, code, detail=None):
        Exception.__init__(self, code)
        self.code = code
        self.detail = detail
