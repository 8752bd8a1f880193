"""Objects larger than a frame: begin, pieces in order, commit. One at a time.

NOTHING --begin--> RECEIVING(offset) --piece at offset--> RECEIVING(offset + length)
   ^                  |  begin of the same object: goes on at the offset
   |                  |  begin of another: the first is forgotten
   +------------------+-- commit, or any error of the sink
"""

from verify.errors import Refused


class Transfers:
    """open_sink: (kind, size in bytes, SHA-256) -> object with write(bytes), commit(sha256), and
    offset: how many of its bytes it has already."""

    def __init__(self, open_sink):
        self._open_sink = open_sink
        self._what = None
        self._sink = None
        self._offset = 0

    def begin(self, kind, size, sha256):
        """Starts an object, or goes on with it; returns the offset of the piece to send.

        size: bytes; sha256: of the whole object, 32 bytes. Raises Refused of the sink.
        """
        what = (kind, size, sha256)
        if self._what != what:
            self._forget()
            self._sink = self._open_sink(kind, size, sha256)
            self._offset = self._sink.offset
            self._what = what
        return self._offset

    def piece(self, offset, data):
        """Takes the bytes at `offset`; returns the offset of the next.

        Raises Refused NOT_BEGUN, OFFSET (detail: the offset wanted), TOO_LARGE.
        """
        if self._what is None:
            raise Refused("NOT_BEGUN")
        if offset != self._offset:
            raise Refused("OFFSET", self._offset)
        if offset + len(data) > self._what[1]:
            raise Refused("TOO_LARGE")
        done = False
        try:
            self._sink.write(data)
            done = True
        finally:
            if not done:
                # What a failed write left behind is unknown: only a fresh begin is safe.
                self._forget()
        self._offset += len(data)
        return self._offset

    def commit(self):
        """Hands the whole object over; returns what the sink's commit returns.

        Raises Refused NOT_BEGUN, INCOMPLETE (detail: the offset wanted), those of the sink.
        """
        if self._what is None:
            raise Refused("NOT_BEGUN")
        _, size, sha256 = self._what
        if self._offset != size:
            raise Refused("INCOMPLETE", self._offset)
        sink = self._sink
        self._forget()
        return sink.commit(sha256)

    def _forget(self):
        self._what = None
        self._sink = None
        self._offset = 0
