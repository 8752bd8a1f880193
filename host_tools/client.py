"""Asks a device: one request at a time, sent again when no reply comes (docs/link.md)."""

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any

import serial

from host_tools import frames, replies
from host_tools.transport import PortError, Transport
from provisioning import encoding
from provisioning.errors import Malformed

VERSION = 1
MAX_REQUEST_BYTES = 240
PIECE_BYTES = 192
SECTOR_BYTES = 4096
MAX_SECTORS = 4096  # of the largest flash chips
# Silence after which a request is sent again, in seconds. What needs a signature checked, or
# reads a whole table back, keeps the device busy for longer.
DEFAULT_TIMEOUT_S = 1.0
TIMEOUTS_S = {
    "begin": 3.0,
    "piece": 2.0,
    "commit": 15.0,
    "add_seed": 3.0,
    "install_root": 15.0,
    "read": 3.0,
    "sectors": 3.0,
    "statement": 15.0,
    "sealing_key": 15.0,
}
ATTEMPTS = 5
CONNECT_ATTEMPTS = 8  # a device that was just switched on needs some seconds
CTRL_C = 3
# A device that prints without end must not keep a request waiting for ever.
MAX_BYTES_PER_ATTEMPT = 65536
MAX_ATTEMPT_S = 30.0  # nor one that says a byte now and then
MAX_RESTARTS = 3

ADVICE = {
    "NO_ROOT": "the device has no owner yet; name the root's public key too (--root-public)",
    "NO_SEED": "the device has no random seed; provision it again, with its root's public key",
    "ROOT_INSTALLED": "the device belongs to another root; that cannot be changed",
    "BAD_KEY": "the root's public key is not acceptable",
    "UNSUPPORTED": "this is no object signed by a root",
    "UNKNOWN_KEY": "another root signed it, not this device's",
    "WRONG_TYPE": "this is a signed list of another kind",
    "BAD_SIGNATURE": "its signature is wrong; it was altered or damaged",
    "OLD_SEQUENCE": "the device has a newer one, or another with the same sequence number",
    "MALFORMED": "not of the expected form; make the file anew",
    "TABLE_MISMATCH": "the revocation table does not belong to this revocation list",
    "TOO_LARGE": "too large for the device",
    "FAULT": "the device's firmware made a mistake; try again, and report it",
    "BAD_TIME": "the time is not plausible; check this computer's clock",
    "NOT_WRITTEN": "the device has no such record; it may have been erased and set up anew",
    "FULL": "the device's journal is full",
    "CHAIN": "the device's records are not those that were read; pull again and compare",
    "JOURNAL_IN_USE": (
        "its journal holds records of an earlier life; save that partition (scanpost journal "
        "reads it), erase the flash, and set the device up anew"
    ),
    "OPERATOR_NEEDED": "this needs an operator: name a key and its credential",
    "BEFORE_SIGNED": ("the root has signed something later than that; check this computer's clock"),
    "CLOCK_JUMP": (
        "that is more than a day from the device's own time, or before its newest record; check "
        "this computer's clock, and if it is right add --jump"
    ),
    "TOO_OFTEN": "the device was told too much in a short time; try again in two minutes",
    "NO_OPERATOR": "the device knows no operator, or has restarted on the way; try again",
    "NO_CHALLENGE": "the device's challenge was used or is too old; try again",
    "WRONG_DEVICE": "the command was signed for another device",
    "ROLE": "the operator's credential does not allow this",
    "REVOKED": "the operator's credential was revoked",
    "EXPIRED": "the operator's credential has expired at the device's time",
    "STORAGE": "the device's flash failed; try again, and replace the device if it stays so",
    "VERSION": "the device speaks another version; use the matching scanpost",
    "UNKNOWN_OP": "the device does not know this request; its firmware is older than this program",
}

Progress = Callable[[int, int], None]


class NoAnswer(Exception):
    """The device did not reply. The message says what to do."""


class DeviceError(Exception):
    """The device said no. code: a word of docs/link.md; detail: the number that came with it."""

    def __init__(self, code: str, detail: int | None = None) -> None:
        super().__init__(f"{code}: {ADVICE[code]}" if code in ADVICE else code)
        self.code = code
        self.detail = detail


class Client:
    """Requests to one device over an open transport."""

    def __init__(self, transport: Transport, attempts: int = ATTEMPTS) -> None:
        self._transport = transport
        self._attempts = attempts
        self._splitter = frames.Splitter()
        self._nonsense: Malformed | None = None  # what was wrong with the last reply that was none
        # Random, so that no request looks to the device like one of the program before.
        self._id = secrets.randbelow(2**32)

    def call(self, operation: str, *arguments: object) -> Any:
        """One request; returns its result. Raises DeviceError, NoAnswer, PortError."""
        frame = self._next_frame(operation, list(arguments))
        timeout_s = TIMEOUTS_S.get(operation, DEFAULT_TIMEOUT_S)
        try:
            if self._transport.timeout != timeout_s:
                self._transport.timeout = timeout_s
            for _ in range(CONNECT_ATTEMPTS if operation == "identify" else self._attempts):
                self._transport.write(frame)
                reply = self._await_reply()
                if reply is not None:
                    status, result = reply
                    if status != "OK":
                        raise DeviceError(status, replies.read_detail(result))
                    return replies.read_result(operation, result)
        except Malformed as error:
            self._nonsense = error
        except (serial.SerialException, OSError) as error:
            raise PortError(f"The connection to the device was lost: {error}") from error
        raise NoAnswer(self._why_no_answer())

    def _next_frame(self, operation: str, arguments: list[object]) -> bytes:
        """A request with a new id, without byte 3 if that can be had.

        A device that is just starting takes byte 3 for Ctrl-C and stops. Only the first request
        matters: a device that has answered once no longer minds.
        """
        frame = b""
        for _ in range(64):
            self._id = (self._id + 1) % 2**32
            payload = encoding.encode([VERSION, self._id, operation, arguments])
            if len(payload) > MAX_REQUEST_BYTES:
                raise ValueError(f"{operation}: request of {len(payload)} bytes")
            frame = frames.encode(payload)
            if CTRL_C not in frame:
                break
        return frame

    def _await_reply(self) -> tuple[str, Any] | None:
        """Status and result, or None after silence."""
        taken = 0
        end = time.monotonic() + MAX_ATTEMPT_S
        while taken < MAX_BYTES_PER_ATTEMPT and time.monotonic() < end:
            data = self._transport.read(max(1, self._transport.in_waiting))
            if not data:
                return None
            taken += len(data)
            for payload in self._splitter.feed(data):
                try:
                    reply = replies.read_reply(encoding.decode(payload))
                except Malformed as error:
                    self._nonsense = error
                    continue
                version, request_id, status, result = reply
                if status == "VERSION" and version != VERSION:
                    return status, result
                if version == VERSION and request_id == self._id:
                    return status, result
                # else: the reply to a request that was sent twice
        return None

    def _why_no_answer(self) -> str:
        if self._nonsense:
            return (
                f"The device's replies are no replies of docs/link.md ({self._nonsense}). Is its "
                "firmware the one that belongs to this scanpost?"
            )
        noise = self._splitter.all_noise()
        if b">>>" in noise or b"raw REPL" in noise:
            return (
                "The device shows MicroPython's prompt: its program is not running. "
                "Reset it, and install the firmware if that does not help."
            )
        if b"Traceback" in noise:
            last = noise.decode("utf-8", "replace").strip().splitlines()[-1]
            return f"The device's program has stopped ({last}). Reset it."
        return (
            "The device does not answer. Is it the right port, and is the device switched on? "
            "Unplug it, plug it in again and wait until its screen shows something."
        )

    def identify(self) -> dict[str, Any]:
        """Who the device is. Ask this first: the one request that a starting device can take."""
        return self.call("identify")

    def status(self) -> dict[str, Any]:
        """How the device is."""
        return self.call("status")

    def set_clock(self, unix_s: int) -> int:
        """Sets the device's clock (Unix seconds)."""
        return self.call("set_clock", unix_s)

    def add_seed(self, seed: bytes) -> None:
        """Gives the device's generator 32 random bytes, to be made for this call alone."""
        self.call("add_seed", seed)

    def install_root(self, public_key: bytes) -> bytes:
        """Gives the device its owner (Ed25519 public key, 32 bytes); returns its id (8 bytes)."""
        return self.call("install_root", public_key)

    def send_object(self, kind: str, data: bytes, progress: Progress | None = None) -> int:
        """Sends an object in pieces; returns what the device's commit says of it.

        Goes on where the device is; begins anew when the device has restarted.
        progress: called with (bytes sent, bytes in all). Raises as `call`: NoAnswer too for a
        device that asks for pieces without end.
        """
        digest = hashlib.sha256(data).digest()
        for attempt in range(MAX_RESTARTS + 1):
            try:
                self._send_pieces(kind, data, digest, progress)
                return self.call("commit")
            except DeviceError as error:
                lost = error.code in ("NOT_BEGUN", "INCOMPLETE")
                if not lost or attempt == MAX_RESTARTS:
                    raise
        raise AssertionError("unreachable")

    def _send_pieces(
        self, kind: str, data: bytes, digest: bytes, progress: Progress | None
    ) -> None:
        offset = self.call("begin", kind, len(data), digest)
        # Each piece once, and as many again for what got lost on the way.
        for _ in range(2 * (len(data) // PIECE_BYTES + 2)):
            if progress:
                progress(min(offset, len(data)), len(data))
            if offset >= len(data):
                break
            try:
                offset = self.call("piece", offset, data[offset : offset + PIECE_BYTES])
            except DeviceError as error:
                if error.code != "OFFSET" or error.detail is None:
                    raise
                offset = error.detail
        if offset != len(data):
            raise NoAnswer(
                f"The device does not get on with taking the object ({kind}): it asks for byte "
                f"{offset} of {len(data)}. Reset it and try again; if it stays so, its firmware is "
                "not the one that belongs to this scanpost."
            )

    def read_journal(self, from_sequence: int) -> tuple[int, list[bytes]]:
        """Records from this sequence number on, or from the oldest that is held if that is later.

        As many as fit a reply: (sequence number to ask for next, whole records, still sealed). No
        records: that was all.
        """
        following, bodies = self.call("read", from_sequence)
        return following, bodies

    def journal_sectors(self, from_sequence: int) -> list[list[Any]]:
        """What the headers of the sectors say that hold records from this number on.

        Lists of sector, first, epoch, chain value before, whether anything there has decayed.
        """
        found: list[list[Any]] = []
        while len(found) < MAX_SECTORS:
            some = self.call("sectors", from_sequence, len(found))
            if not some:
                break
            found += some
        return found

    def raw_sector(self, sector: int) -> bytes:
        """A sector of the journal as it lies in flash, but for the tag key."""
        data = b""
        while len(data) < SECTOR_BYTES:
            piece = self.call("raw", sector, len(data))
            if not piece:
                break
            data += piece
        return data[:SECTOR_BYTES]

    def statement(self, nonce: bytes, first: int, last: int) -> bytes:
        """What the device signs at the end of a pull: a COSE_Sign1. nonce: 16 bytes."""
        return self.call("statement", nonce, first, last)

    def challenge(self) -> bytes:
        """The device's nonce (16 bytes) for one command within 60 s."""
        return self.call("challenge")

    def sealing_key(self) -> bytes:
        """What the device's identity key says of its sealing key: a COSE_Sign1."""
        return self.call("sealing_key")

    def close(self) -> None:
        """Closes the port."""
        self._transport.close()
