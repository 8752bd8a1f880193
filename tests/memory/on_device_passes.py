"""As on_device.py, but from the scanner's wire on: each pass is verified, then registered.

Standard input is the wire. A line that is no pass stands for a document that staff enter: kind,
number, name, between tabs.

    micropython on_device_passes.py FLASH SEED COLLECTION_KEY TRUST SECRETS LINES SCRUB
"""

import sys

sys.path[:] = ["firmware", "tests/memory", ".frozen"]

import asyncio  # noqa: E402
import select  # noqa: E402
import time  # noqa: E402

from crypto.wipe import wipe  # noqa: E402
from drivers.line_scanner import LineScanner  # noqa: E402
from journal import bodies  # noqa: E402
from journal_on_file import NOON, started  # noqa: E402
from system.scrub import scrub  # noqa: E402
from verify import cbor, passes  # noqa: E402
from verify.errors import Refused  # noqa: E402
from verify.trust import TrustList  # noqa: E402

_UPKEEP_MS = 20
_BAUD = 3_000_000  # the driver waits for silence, here for nothing


def decoded(path):
    with open(path, "rb") as file:
        return cbor.decode(file.read())


class Wire:
    """Standard input as a UART on which one line comes at a time, once it is asked for."""

    def __init__(self, source):
        self._source = source
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)
        self._one = bytearray(1)
        self.has_line = False

    def any(self):
        return 1 if self.has_line and self._poll.poll(0) else 0

    def readinto(self, view):
        self._source.readinto(self._one)
        view[0] = self._one[0]
        if self._one == b"\n":
            self.has_line = False
        return 1


class Device:
    """The tasks of the application, as far as a line goes through them."""

    def __init__(self, journal, trust, secrets):
        self._journal = journal
        self._trust = trust
        self._secrets = secrets
        self._wire = Wire(sys.stdin.buffer)
        self._scanner = LineScanner(self._wire, _BAUD)
        self.count = 0

    async def run_scanner(self):
        while True:
            await self._scanner.ask()
            self._wire.has_line = True
            code = await self._scanner.next_code(lambda: True, 0)
            # Whoever writes to the pipe may be slow.
            while code.is_half or not self._scanner.is_over(code):
                code = await self._scanner.next_code(lambda: True, 0)
            if len(code.data):  # behind the last line empty ones may follow
                self._handle_line(bytes(code.data))
            wipe(code.data)

    def _handle_line(self, line):
        self.count += 1
        if line[:4] == b"SP1:":
            self._register(line)
        else:
            self._register_by_document(line)

    def _register(self, line):
        try:
            a_pass = passes.verify(line, self._trust, self._secrets, lambda kid, cti: False, NOON)
        except Refused:
            return
        if self._journal.seen_subject(a_pass.subject) is None:
            payload = [a_pass.subject, a_pass.cti_start, 3, a_pass.relation, self.count % 10, 77]
            self._journal.append(bodies.REGISTRATION, NOON, payload)

    def _register_by_document(self, line):
        kind, number, name = str(line, "utf-8").split("\t")
        if self._journal.seen_document(int(kind), number) is None:
            payload = [int(kind), number, name, self.count % 10, 77]
            self._journal.append(bodies.MANUAL, NOON, payload)

    async def run_upkeep(self, count, is_scrubbed):
        """Until so many lines have been handled."""
        while self.count < count:
            await asyncio.sleep_ms(_UPKEEP_MS)
            while self._journal.idle(NOON):
                pass
        if is_scrubbed:
            scrub()


async def main(flash, seed, collection, trust, secrets, count, is_scrubbed):
    journal = started(flash, seed, bytes.fromhex(collection))
    kid, secret = decoded(secrets)
    device = Device(journal, TrustList.from_body(decoded(trust)), {kid: secret})
    scanning = asyncio.create_task(device.run_scanner())
    await device.run_upkeep(int(count), int(is_scrubbed))
    print("ready")
    time.sleep(600)  # the memory is being looked through
    return scanning


asyncio.run(main(*sys.argv[1:]))
