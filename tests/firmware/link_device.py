"""A device for tests of the link: keeps in RAM what it is asked to; and what asks it."""

import hashlib

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from link import frames
from link.endpoint import MAX_REPLY_BYTES, Endpoint
from link.server import Server
from system.rooms import Room
from verify.errors import Refused


def encode(payload):
    """The frame (bytes) of a payload."""
    encoder = frames.Encoder(len(payload))
    encoder.put(payload)
    return bytes(encoder.frame())


def decode(data, max_payload=MAX_REPLY_BYTES):
    """The payloads (bytes) of the frames in a stream."""
    decoder = frames.Decoder(max_payload)
    found = []
    for byte in data:
        payload = decoder.feed(byte)
        if payload is not None:
            found.append(bytes(payload))
    return found


class Link:
    """A receiver and the server behind it, by payloads."""

    def __init__(self, device):
        self.room = Room()
        self.endpoint = Endpoint(lambda: Server(device), self.room)

    def handle(self, payload):
        """The reply's payload for a request's payload, both bytes."""
        (reply,) = decode(self.endpoint.handle(payload))
        return reply


class Sink:
    """Collects one object; commit hands it to the device."""

    offset = 0

    def __init__(self, device, kind):
        self._device = device
        self._kind = kind
        self._data = b""

    def write(self, data):
        if self._device.flash_fails:
            raise OSError(5)
        self._data += data

    def commit(self, sha256):
        if hashlib.sha256(self._data).digest() != sha256:
            raise Refused("DIGEST")
        self._device.installed.append((self._kind, self._data))
        return len(self._device.installed)


class LinkDevice:
    """Has what `link.server` asks of a device."""

    def __init__(self, records=()):
        self.device_id = b"\x01\x02\x03\x04\x05\x06\x07\x08"
        self.root = None
        self.records = list(records)  # bodies; the first has sequence number `first`
        self.first = 1
        self.challenges = 0
        self.installed = []
        self.clock_sets = []
        self.seeds = []
        self.flash_fails = False

    def identify(self):
        return {
            "device": self.device_id,
            "board": "test",
            "version": "0.1.0",
            "key": bytes(32),
            "root": self.root,
            "name": "T1",
        }

    def status(self):
        return {
            "time": self.clock_sets[-1] if self.clock_sets else None,
            "uptime_ms": 5,
            "tube": None,
            "count": 0,
            "first": self.first,
            "next": self.first + len(self.records),
            "acknowledged": 0,
            "released": 0,
            "remaining": 900,
            "capacity": 1000,
            "lists": {},
            "issuers": 0,
            "secrets": 0,
            "site": "",
        }

    def set_clock(self, unix_s):
        self.clock_sets.append(unix_s)
        return unix_s

    def add_seed(self, seed):
        self.seeds.append(seed)

    def install_root(self, key):
        if self.root is not None and self.root != key:
            raise Refused("ROOT_INSTALLED")
        self.root = key
        return self.device_id

    def open_sink(self, kind, size, sha256):
        if kind not in ("trust", "revoked-table", "settings", "revoked", "secrets"):
            raise Refused("UNKNOWN_KIND")
        if size > 4096:
            raise Refused("TOO_LARGE")
        return Sink(self, kind)

    def read_journal(self, from_sequence, max_bytes):
        found = []
        used = 0
        following = max(from_sequence, self.first)
        for body in self.records[following - self.first :]:
            if found and used + len(body) + 3 > max_bytes:
                break
            used += len(body) + 3
            found.append(body)
            following += 1
        return found, following

    def read_sectors(self, from_sequence, skip):
        return []

    def read_raw(self, sector, at, size):
        return b""

    def statement(self, nonce, first, last):
        if last >= self.first + len(self.records):
            raise Refused("NOT_WRITTEN")
        return b"statement" + nonce + bytes((first, last))

    def sealing_key(self):
        return b"sealing key"

    def challenge(self):
        self.challenges += 1
        return bytes((self.challenges,)) * 16
