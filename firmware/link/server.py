"""Requests from the host and their replies (docs/link.md), payload by payload.

`link.endpoint` hands the payloads in. What the requests do is the business of `link.requests`, or
of what else has its functions.
"""

from micropython import const
from system import faults, rooms
from verify import cbor
from verify.cbor import is_bytes, is_uint
from verify.errors import Malformed, Refused

from link.endpoint import MAX_REPLY_BYTES
from link.transfers import Transfers

_VERSION = const(1)
_REPLY_OVERHEAD_BYTES = const(32)  # around the records of `read`
_RAW_BYTES = const(512)
_MAX_DEPTH = const(4)
_MAX_KIND_BYTES = const(16)
_NONCE_BYTES = const(16)


class Server:
    """Answers one host, as long as its room is open.

    device: identify(), status(), set_clock(unix_s), add_seed(seed32), install_root(key32),
    open_sink(kind, size_bytes, sha256), read_journal(from_sequence, max_bytes), challenge(),
    read_sectors(from_sequence, skip), read_raw(sector, at, size),
    statement(nonce16, first, last), sealing_key(); they raise Refused. silence_ms: how long the
    host's room has to stay open after a request.
    """

    def __init__(self, device):
        self._device = device
        self._transfers = Transfers(device.open_sink)
        self.silence_ms = rooms.SILENCE_MS
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
            "sectors": (2, self._sectors),
            "raw": (2, self._raw),
            "statement": (3, self._statement),
            "challenge": (0, self._challenge),
            "sealing_key": (0, self._sealing_key),
        }

    def answer(self, payload, reply):
        """Puts the reply to a request's payload into a frames.Encoder. Raises MemoryError only."""
        request_id = 0
        status = "OK"
        result = None
        try:
            request = cbor.decode(payload, _MAX_DEPTH)
            if isinstance(request, list) and len(request) > 1 and is_uint(request[1]):
                request_id = request[1]
            result = self._dispatch(request)
            self._put(reply, request_id, status, result)
            return
        except Malformed:
            status = "MALFORMED"
        except Refused as refused:
            status = refused.reason
            result = refused.detail
        except OSError:
            status = "STORAGE"
        except MemoryError:
            status = "MEMORY"
        except Exception as error:
            # A fault of ours in one request must not end the link.
            faults.report(error)
            status = "FAULT"
        self._put(reply, request_id, status, result)

    def _put(self, reply, request_id, status, result):
        reply.begin()
        cbor.encode_to(reply.put, (_VERSION, request_id, status, result))

    def _dispatch(self, request):
        if not isinstance(request, list) or len(request) < 2:
            raise Refused("MALFORMED")
        if not is_uint(request[0]) or request[0] != _VERSION:
            raise Refused("VERSION", _VERSION)
        if not 4 <= len(request) <= 5 or not is_uint(request[1]):
            raise Refused("MALFORMED")
        if len(request) == 5 and request[4] is not None:
            # Whoever signs a request relies on it being checked.
            raise Refused("NOT_SUPPORTED")
        operation, arguments = request[2], request[3]
        if not isinstance(operation, str) or operation not in self._operations:
            raise Refused("UNKNOWN_OP")
        count, function = self._operations[operation]
        if not cbor.is_list(arguments, count):
            raise Refused("ARGUMENTS")
        return function(*arguments)

    def _identify(self):
        return self._device.identify()

    def _status(self):
        return self._device.status()

    def _set_clock(self, unix_s):
        if not is_uint(unix_s):
            raise Refused("ARGUMENTS")
        return self._device.set_clock(unix_s)

    def _add_seed(self, seed):
        if not is_bytes(seed, 32):
            raise Refused("ARGUMENTS")
        return self._device.add_seed(seed)

    def _install_root(self, key):
        if not is_bytes(key, 32):
            raise Refused("ARGUMENTS")
        return self._device.install_root(key)

    def _begin(self, kind, size, sha256):
        if (
            not isinstance(kind, str)
            or len(kind) > _MAX_KIND_BYTES
            or not is_uint(size)
            or not is_bytes(sha256, 32)
        ):
            raise Refused("ARGUMENTS")
        self.silence_ms = rooms.VISIT_MS
        return self._transfers.begin(kind, size, sha256)

    def _piece(self, offset, data):
        if not is_uint(offset) or not isinstance(data, bytes) or not data:
            raise Refused("ARGUMENTS")
        return self._transfers.piece(offset, data)

    def _commit(self):
        return self._transfers.commit()

    def _read(self, from_sequence):
        if not is_uint(from_sequence):
            raise Refused("ARGUMENTS")
        records, following = self._device.read_journal(
            from_sequence, MAX_REPLY_BYTES - _REPLY_OVERHEAD_BYTES
        )
        return [following, records]

    def _sectors(self, from_sequence, skip):
        if not is_uint(from_sequence) or not is_uint(skip):
            raise Refused("ARGUMENTS")
        return self._device.read_sectors(from_sequence, skip)

    def _raw(self, sector, at):
        if not is_uint(sector) or not is_uint(at):
            raise Refused("ARGUMENTS")
        return self._device.read_raw(sector, at, _RAW_BYTES)

    def _statement(self, nonce, first, last):
        if not is_bytes(nonce, _NONCE_BYTES) or not is_uint(first) or not is_uint(last):
            raise Refused("ARGUMENTS")
        return self._device.statement(nonce, first, last)

    def _challenge(self):
        self.silence_ms = rooms.VISIT_MS
        return self._device.challenge()

    def _sealing_key(self):
        return self._device.sealing_key()
