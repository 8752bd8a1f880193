"""The device's decoders, by the firmware's own code: of codes, of the link, of flash."""

import device_time  # noqa: F401 - gives CPython the ticks of MicroPython
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from journal import JournalFull, layout
from keeping import objects, sealed_secrets, settings_body
from keeping.settings import Settings
from link import frames
from link.endpoint import MAX_REQUEST_BYTES, Endpoint
from link.server import Server
from link_device import LinkDevice
from system.rooms import Room
from verify import base45, cbor, collection_rows, cose, encrypted, operators, reading
from verify.errors import Malformed, Refused
from verify.registry import ALG_AES_CCM_16_64_256, LABEL_ALG, LABEL_IV
from verify.trust import TrustList
from weak_flash import WeakFlash

from host_tools import frames as host_frames
from provisioning import encoding
from tests.fuzz import host_targets
from tests.fuzz.fuzzing import Target, with_crc
from tests.host_tools.journal.sealed import DEVICE, Sealed


def _base45(data):
    if base45.decode_into(bytearray(2 * len(data) + 8), data, 0, len(data)) < 0:
        raise Malformed


def _pass(data):
    reading.Pass().read(memoryview(data))


def _cose(data):
    cose.Message(data).header()


def _lists(data):
    body = cbor.decode(data)
    readers = (
        lambda: TrustList.from_body(body, True),
        lambda: collection_rows.read(body, True),
        lambda: settings_body.read_into(Settings(), body),
        lambda: sealed_secrets._parts(body),
        lambda: objects.read_secrets(body),
        lambda: operators.Credential(body) if isinstance(body, dict) else objects.read_secrets(0),
    )
    refused = 0
    for read in readers:
        try:
            read()
        except Malformed:
            refused += 1
    if refused == len(readers):
        raise Malformed


def _encrypted(data):
    encrypted.open_encrypt0(data, bytes(32), b"")


class _Link:
    """An endpoint that goes on, whatever it was asked before."""

    def __init__(self):
        self._device = LinkDevice()
        self._endpoint = Endpoint(lambda: Server(self._device), Room())
        self._decoder = frames.Decoder(MAX_REQUEST_BYTES)

    def request(self, data):
        reply = bytes(self._endpoint.handle(data[:MAX_REQUEST_BYTES]))
        (payload,) = host_frames.Splitter().feed(reply)
        _, _, status, _ = encoding.decode(payload)
        self._device.installed.clear()
        if status != "OK":
            raise Refused(status)

    def stream(self, data):
        for byte in data:
            payload = self._decoder.feed(byte)
            assert payload is None or 0 < len(payload) <= MAX_REQUEST_BYTES


def _slot(data):
    slot = bytearray(data[: layout.SLOT_BYTES].ljust(layout.SLOT_BYTES, b"\xff"))
    layout.sector_first(slot)
    layout.mend_sector_header(slot)
    layout.is_erased_mark(slot)


def _record(data):
    data = with_crc(data[:192]) if len(data) > 4 else data
    page = data.ljust(layout.MAX_RECORD_BYTES, b"\xff")  # flash does not end behind it
    length = layout.record_length(page)
    if not length or not layout.is_whole(memoryview(page)[:length]):
        raise Malformed
    layout.read_record_header(page)


class _Flash:
    """A journal that finds these bytes in its flash after a restart."""

    SECTORS = 3

    def __init__(self):
        self.sealed = Sealed(self.SECTORS)
        self.sealed.shift()
        self.good = b"".join(bytes(sector) for sector in self.sealed.flash.cells)

    def mounts(self, data):
        data = data.ljust(len(self.good), b"\xff")[: len(self.good)]
        flash = WeakFlash(self.SECTORS)
        flash.cells = [bytearray(data[at : at + 4096]) for at in range(0, len(self.good), 4096)]
        self.sealed.flash = flash
        self.sealed.restart()
        self.sealed.raws()
        self.sealed.register(1)


def _requests():
    for operation, arguments in (
        *(("identify", []), ("status", []), ("set_clock", [1_790_000_000]), ("challenge", [])),
        *(("add_seed", [bytes(32)]), ("install_root", [b"r" * 32]), ("read", [1]), ("commit", [])),
        *(("begin", ["trust", 200, bytes(32)]), ("piece", [0, bytes(100)])),
        *(("statement", [bytes(16), 1, 1]), ("sealing_key", [])),
    ):
        yield encoding.encode([1, 7, operation, arguments])


def targets():
    """By name."""
    host = host_targets.targets()
    link, flash = _Link(), _Flash()
    requests = list(_requests())
    stream = b"".join(map(host_frames.encode, requests))
    refused = (Malformed, Refused)
    secrets = encoding.encode([[bytes(8), 5, bytes(32)]])
    sealed = encoding.encode([DEVICE, [bytes(8)], bytes(32), bytes(40)])
    operator = encoding.encode({2: "Li", 4: 9, 6: 1, 7: bytes(8), 8: {1: {1: 1}}, 9: "clock"})
    bodies = [secrets, sealed, operator]
    protected, nonce = encoding.encode({LABEL_ALG: ALG_AES_CCM_16_64_256}), bytes(13)
    external = encoding.encode(["Encrypt0", protected, b""])
    text = AESCCM(bytes(32), 8).encrypt(nonce, b"secrets", external)
    message = b"\xd0" + encoding.encode([protected, {LABEL_IV: nonce}, text])
    slots = [flash.good[at : at + 64] for at in (0, 64, 4096, 4160)]
    return {
        "cbor": Target(cbor.decode, (Malformed,), host["cbor"].good, 240),
        "base45": Target(_base45, (Malformed,), [one[4:] for one in host["pass"].good], 60),
        "pass": Target(_pass, refused, host["pass"].good, 160),
        "cose": Target(_cose, (Malformed,), host["cose"].good, 120),
        "lists": Target(_lists, (Malformed,), [*host["lists"].good, *bodies], 160),
        "encrypted": Target(_encrypted, refused, [message], 4),
        "requests": Target(link.request, (Refused,), requests, 120),
        "frames": Target(link.stream, (), [stream], 30),
        "sector header": Target(_slot, (), slots, 4),
        "record": Target(_record, (Malformed,), host["record"].good, 100),
        "flash": Target(flash.mounts, (JournalFull,), [flash.good], 1),
    }
