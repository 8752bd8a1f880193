"""Requests from the host and their replies (docs/link.md).

`Server.handle` is a pure function of payloads; `Server.run` feeds it from a port. What the
requests do is the device's business (`device.py`), handed in.
"""

import asyncio

from micropython import const
from system import faults
from verify import cbor
from verify.cbor import is_bytes, is_uint
from verify.errors import Malformed

from link import LinkError, frames
from link.transfers import Transfers

_VERSION = const(1)
# A whole frame to the device (101 bytes) fits the UART's 128-byte FIFO, for nothing empties
# that while flash is being programmed.
MAX_REQUEST_BYTES = const(96)
_MAX_REPLY_BYTES = const(1024)
_REPLY_OVERHEAD_BYTES = const(32)  # around the records of `read`
_MAX_DEPTH = const(4)
_MAX_KIND_BYTES = const(16)
_NONCE_BYTES = const(16)
# Between slices of a reply other tasks run: 64 bytes are 5.6 ms at 115200 baud.
_SLICE_BYTES = const(64)


class Server:
    """Answers one host.

    device: identify(), status(), set_clock(unix_s), add_seed(seed32), install_root(key32),
    open_sink(kind, size_bytes), read_journal(from_sequence, max_bytes), statement(nonce16, first,
    last), challenge(); refusals are LinkError.
    """

    def __init__(self, device):
        self._device = device
        self._transfers = Transfers(device.open_sink)
        self._last_request = None
        self._last_reply = None
        self._operations = {
            "identify": (0, self._identify),
            "status": (0, self._status),
            "set_clock": (1, self._set_clock),
            "add_seed": (1, self._add_seed),
            "install_root": (1, self._install_root),
            "begin": (3, self._begin),
            "piece": (2, self._piece),
            "commit": (0, self._commit),
            "read": (1, self._read),
            "statement": (3, self._statement),
            "challenge": (0, self._challenge),
        }

    def handle(self, payload):
        """The reply's payload (bytes) for a request's payload (bytes). Never raises.

        A request that comes again, byte for byte, gets the same reply and does nothing:
        the host sends it again when the reply was lost.
        """
        if payload == self._last_request:
            return self._last_reply
        reply = self._answer(payload)
        self._last_request = payload
        self._last_reply = reply
        return reply

    def _answer(self, payload):
        request_id = 0
        detail = None
        try:
            request = cbor.decode(payload, _MAX_DEPTH)
            if isinstance(request, list) and len(request) > 1 and is_uint(request[1]):
                request_id = request[1]
            return cbor.encode([_VERSION, request_id, "OK", self._dispatch(request)])
        except Malformed:
            status = "MALFORMED"
        except LinkError as error:
            status = error.code
            detail = error.detail
        except OSError:
            status = "STORAGE"
        except MemoryError:
            status = "MEMORY"
        except Exception as error:
            # A fault of ours in one request must not end the link.
            faults.report(error)
            status = "FAULT"
        return cbor.encode([_VERSION, request_id, status, detail])

    def _dispatch(self, request):
        if not isinstance(request, list) or len(request) < 2:
            raise LinkError("MALFORMED")
        if not is_uint(request[0]) or request[0] != _VERSION:
            raise LinkError("VERSION", _VERSION)
        if not 4 <= len(request) <= 5 or not is_uint(request[1]):
            raise LinkError("MALFORMED")
        if len(request) == 5 and request[4] is not None:
            # Whoever signs a request relies on it being checked.
            raise LinkError("NOT_SUPPORTED")
        operation, arguments = request[2], request[3]
        if not isinstance(operation, str) or operation not in self._operations:
            raise LinkError("UNKNOWN_OP")
        count, function = self._operations[operation]
        if not cbor.is_list(arguments, count):
            raise LinkError("ARGUMENTS")
        return function(*arguments)

    def _identify(self):
        return self._device.identify()

    def _status(self):
        return self._device.status()

    def _set_clock(self, unix_s):
        if not is_uint(unix_s):
            raise LinkError("ARGUMENTS")
        return self._device.set_clock(unix_s)

    def _add_seed(self, seed):
        if not is_bytes(seed, 32):
            raise LinkError("ARGUMENTS")
        return self._device.add_seed(seed)

    def _install_root(self, key):
        if not is_bytes(key, 32):
            raise LinkError("ARGUMENTS")
        return self._device.install_root(key)

    def _begin(self, kind, size, sha256):
        if (
            not isinstance(kind, str)
            or len(kind) > _MAX_KIND_BYTES
            or not is_uint(size)
            or not is_bytes(sha256, 32)
        ):
            raise LinkError("ARGUMENTS")
        return self._transfers.begin(kind, size, sha256)

    def _piece(self, offset, data):
        if not is_uint(offset) or not isinstance(data, bytes) or not data:
            raise LinkError("ARGUMENTS")
        return self._transfers.piece(offset, data)

    def _commit(self):
        return self._transfers.commit()

    def _read(self, from_sequence):
        if not is_uint(from_sequence):
            raise LinkError("ARGUMENTS")
        bodies, following = self._device.read_journal(
            from_sequence, _MAX_REPLY_BYTES - _REPLY_OVERHEAD_BYTES
        )
        return [following, bodies]

    def _statement(self, nonce, first, last):
        if not is_bytes(nonce, _NONCE_BYTES) or not is_uint(first) or not is_uint(last):
            raise LinkError("ARGUMENTS")
        return self._device.statement(nonce, first, last)

    def _challenge(self):
        return self._device.challenge()

    async def run(self, port):
        """Serves a port until cancelled.

        port: `async read_byte()` -> 0 to 255, waiting for one; `write(bytes)`.
        Half a frame only waits; whatever is no frame is passed over.
        """
        decoder = frames.Decoder(MAX_REQUEST_BYTES)
        while True:
            payload = decoder.feed(await port.read_byte())
            if payload is not None:
                await self._send(port, frames.encode(self.handle(payload)))

    async def _send(self, port, frame):
        view = memoryview(frame)
        for start in range(0, len(frame), _SLICE_BYTES):
            port.write(view[start : start + _SLICE_BYTES])
            await asyncio.sleep(0)
