"""The link to a host over the serial port: frames, requests, transfers (docs/link.md)."""


class LinkError(Exception):
    """The one error with which a request is refused.

    code: a word of docs/link.md; detail: anything CBOR can say, or None.
    """

    def __init__(self, code, detail=None):
        # super(): MicroPython has no Exception.__init__ to call by name
        super().__init__(code)
        self.code = code
        self.detail = detail
