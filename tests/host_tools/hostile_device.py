"""A port behind which answers are made from requests, as somebody likes them."""

from host_tools import frames
from provisioning import encoding

IDENTITY = {"device": bytes(8), "key": bytes(32), "root": bytes(32)}
IDENTITY |= {"board": "b", "version": "1", "name": "n"}
STATUS = {
    **dict.fromkeys(("time", "count", "first", "next", "acknowledged", "released"), 1),
    **dict.fromkeys(("remaining", "capacity", "issuers", "secrets"), 1),
    **{"lists": {}, "site": "", "tube": None, "next": 2},
}


class HostileDevice:
    """A `Transport`. Never waits.

    answer: a function of a request's id and operation, and of its arguments if it takes three.
    """

    def __init__(self, answer):
        self.timeout = 1.0
        self.in_waiting = 0
        self._answer = answer
        self._splitter = frames.Splitter()
        self._waiting = bytearray()
        self.requests = 0

    def write(self, data):
        for payload in self._splitter.feed(data):
            self.requests += 1
            _, number, operation, arguments = encoding.decode(payload)
            self._waiting += frames.encode(self._answer(number, operation, arguments))
        return len(data)

    def read(self, size=1):
        data = bytes(self._waiting[:1024])
        del self._waiting[:1024]
        return data

    def close(self):
        pass


def replying(results, status="OK"):
    """Answers rightly where there is a result for the operation.

    results: by operation; bytes are the encoding itself, a function is called with the arguments.
    """

    def answer(number, operation, arguments):
        result = results.get(operation, b"\xf6")
        if callable(result):
            result = encoding.encode(result(*arguments))
        result = result if isinstance(result, bytes) else encoding.encode(result)
        return b"\x84\x01" + encoding.encode(number) + encoding.encode(status) + result

    return answer
