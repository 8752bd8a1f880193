"""What waits for a host: takes frames, opens the host's room for a request, sends the reply.

    waiting --frame--> the same bytes as the last request? its reply again
                       else: the room is opened, the server answers
    host silent for a while --> the room closes (system/rooms.py); the last reply stays

Half a frame only waits, beside scans. All buffers are made here, once.
"""

import asyncio

from micropython import const

from link import frames

# What is under way without an answer has to fit the 260 bytes that UART0 holds while flash is busy:
# a frame of such a payload has at most 247.
MAX_REQUEST_BYTES = const(240)
MAX_REPLY_BYTES = const(1024)
# Between slices of a reply other tasks run: 64 bytes are 5.6 ms at 115200 baud.
_SLICE_BYTES = const(64)
# As CBOR: a reply's beginning, a status and null; how a request begins, and a number in it
_REPLY_HEAD = b"\x84\x01"
_NO_MEMORY = b"\x66MEMORY\xf6"
_REQUEST_HEADS = b"\x84\x85"
_ONE_BYTE = const(0x18)
_FOUR_BYTES = const(0x1A)
_LONGEST_ID_BYTES = const(5)


class Endpoint:
    """Answers one host.

    make_server: () -> link.server.Server, called when `room`, the host's, is open. What it makes is
    forgotten with the room.
    """

    def __init__(self, make_server, room):
        self._make_server = make_server
        self._room = room
        self._decoder = frames.Decoder(MAX_REQUEST_BYTES)
        self._last = bytearray(MAX_REQUEST_BYTES)
        self._last_view = memoryview(self._last)
        self._last_bytes = 0
        self._reply = frames.Encoder(MAX_REPLY_BYTES)
        self._frame = None  # of the last reply, a view of its buffer

    async def run(self, port):
        """Serves a port until cancelled. port: what link.port has."""
        while True:
            await port.wait()
            byte = port.take()
            while byte >= 0:
                request = self._decoder.feed(byte)
                if request is not None:
                    if not self._is_repeated(request):
                        await self._open()
                    await _send(port, self.handle(request))
                byte = port.take()

    async def _open(self):
        try:
            await self._room.load()
        except MemoryError:
            # `handle` tries again, and says so if it is in vain.
            self._room.close()

    def handle(self, request):
        """The reply's frame for a request's payload: a view, good until the next request.

        A request that comes again, byte for byte, gets the same reply and does nothing: the host
        sends it again when the reply was lost.
        """
        if not self._is_repeated(request):
            self._last_bytes = 0  # until there is a reply
            self._answer(request)
            self._frame = self._reply.frame()
            self._last_view[: len(request)] = request
            self._last_bytes = len(request)
        return self._frame

    def _is_repeated(self, request):
        return request == self._last_view[: self._last_bytes]

    def _answer(self, request):
        room = self._room
        try:
            room.enter()
            if room.content is None:
                room.content = self._make_server()
            room.content.answer(request, self._reply)
            room.enter(room.content.silence_ms)
        except MemoryError:
            room.close()
            self._reply.begin()
            self._reply.put(_REPLY_HEAD)
            self._reply.put(_request_id(request))
            self._reply.put(_NO_MEMORY)


def _request_id(request):
    """The id in a request, as it is encoded there (1 to 5 bytes); 0 if it cannot be read."""
    if len(request) > _LONGEST_ID_BYTES + 2 and request[0] in _REQUEST_HEADS:
        head = request[2]
        if head <= _FOUR_BYTES:
            size = 1 if head < _ONE_BYTE else 1 + (1 << head - _ONE_BYTE)
            return request[2 : 2 + size]
    return b"\x00"


async def _send(port, frame):
    for start in range(0, len(frame), _SLICE_BYTES):
        port.write(frame[start : start + _SLICE_BYTES])
        await asyncio.sleep(0)
