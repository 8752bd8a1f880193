"""Opens and verifies records in their order: HPKE, the ratchet, the chain (docs/journal.md).

    chain value of nothing = SHA-256("ScanPost journal" | device id), 24 bytes
    link of a record       = SHA-256(its bytes)
    chain value behind it  = SHA-256(chain value before | link), 24 bytes
    sealed under           AES-256-CCM, with the link of the record before as associated data

The cryptography is pyhpke's and cryptography's.
"""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey, PyHPKEError

from host_tools.journal import records
from host_tools.journal.records import Content, Record, RecordError
from provisioning import cose, encoding

CHAIN_BYTES = 24
# More than the slots of the largest journal; a forged number must not keep the host ratcheting.
MAX_STEPS = 1 << 16
EPOCH_TYP = "application/scanpost-epoch"
_INFO = b"ScanPost epoch 2"
_CONTEXT = b"ratchet"
_BLOCKS = b"".join(b"ScanPostRatchet" + bytes([index]) for index in range(4))
_EPOCH_HEADER = encoding.encode({cose.LABEL_ALG: cose.ALG_EDDSA, cose.LABEL_TYP: EPOCH_TYP})
_SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.EXPORT_ONLY)

CollectionKeys = Mapping[bytes, X25519PrivateKey]  # by kid


def first_chain(device: bytes) -> bytes:
    """The chain value before the first record of a device (its id, 8 bytes)."""
    return hashlib.sha256(b"ScanPost journal" + device).digest()[:CHAIN_BYTES]


def link_of(raw: bytes) -> bytes:
    """What the record after this one is bound to."""
    return hashlib.sha256(raw).digest()


def chained(chain: bytes, link: bytes) -> bytes:
    """The chain value behind a record."""
    return hashlib.sha256(chain + link).digest()[:CHAIN_BYTES]


class Opened(NamedTuple):
    """A record with what it says. content: None where it could not be opened.

    problem: what is wrong, for a person; None where nothing is. sealed_to: kid of the collection
    key that it would take. is_verified: a signature or a seal was checked.
    """

    record: Record
    content: Content | None
    problem: str | None = None
    sealed_to: bytes | None = None
    is_verified: bool = False


NOT_GENUINE = "altered, or the record before it was altered or removed"


def explained(batch: list[Opened]) -> list[Opened]:
    """Says of records that are not genuine which of the two it is, where the next one tells.

    A record that the next one is bound to is as it was written; so something before it is gone.
    """
    for index in range(len(batch) - 1):
        one, following = batch[index : index + 2]
        if one.problem != NOT_GENUINE:
            continue
        number = one.record.sequence
        if following.is_verified:
            batch[index] = one._replace(problem="records before it were removed")
        elif following.problem == NOT_GENUINE:
            batch[index] = one._replace(problem="altered")
            batch[index + 1] = following._replace(problem=f"bound to record {number} as it was")
    return batch


class Place(NamedTuple):
    """Where in a journal one is. link: None where the record before is not known."""

    last: int = 0
    link: bytes | None = bytes(32)
    chain: bytes | None = None


class Opener:
    """Takes a device's records one by one.

    device: its id, 8 bytes. device_key: Ed25519, 32 bytes, or None where nobody knows it: epochs
    are not verified then. keys: collection keys by kid. place: where the records before ended;
    None at the very beginning. epoch: the record of the epoch that goes on there.
    """

    def __init__(
        self,
        device: bytes,
        device_key: bytes | None,
        keys: CollectionKeys,
        place: Place | None = None,
        epoch: Record | None = None,
    ) -> None:
        self._device = device
        self._device_key = Ed25519PublicKey.from_public_bytes(device_key) if device_key else None
        self._keys = keys
        place = place or Place(0, bytes(32), first_chain(device))
        self.last, self._link, self.chain = place
        self._highest = self.last  # of the numbers that were said, verified or not
        self._state: bytes | None = None  # of the ratchet
        self._at = 0
        self._kid: bytes | None = None
        self._is_forged = False  # what the epoch encapsulates is no key
        if epoch is not None:
            self._start(epoch)

    @property
    def place(self) -> Place:
        """Where the next record goes on."""
        return Place(self.last, self._link, self.chain)

    def take(self, record: Record) -> Opened:
        """Opens the next record. What one says of its number counts only once it is verified."""
        if record.sequence <= self.last:
            return Opened(record, None, f"out of order: it follows record {self.last}")
        before = self._state, self._at
        opened = self._take_epoch(record) if record.type == records.EPOCH else self._open(record)
        if opened.problem is None or opened.sealed_to:
            self.last = record.sequence
        elif record.type != records.EPOCH:
            self._state, self._at = before
            if record.sequence <= self._highest:
                opened = Opened(record, None, f"out of order: it follows record {self._highest}")
        self._highest = max(self._highest, record.sequence)
        self._link = link_of(record.raw)
        if self.chain is not None:
            self.chain = chained(self.chain, self._link)
        return opened

    def _take_epoch(self, record: Record) -> Opened:
        problem = None
        content = records.content(record.type, record.clear, record.sealed)
        is_signed = self._is_signed(record)
        if is_signed is False:
            problem = (
                "its signature is not this device's, or not for the records before it: "
                "something was altered, removed or forged"
            )
        self._start(record)
        return Opened(record, content, problem, None, bool(is_signed))

    def _is_signed(self, record: Record) -> bool | None:
        """None where key or chain value are not known."""
        if self._device_key is None or self.chain is None:
            return None
        external = self._device + self.chain
        signed = encoding.encode(["Signature1", _EPOCH_HEADER, external, record.head])
        try:
            self._device_key.verify(record.sealed, signed)
        except InvalidSignature:
            return False
        return True

    def _start(self, record: Record) -> None:
        kid, enc = record.clear[:8], record.clear[8:]
        self._state, self._kid, self._at = None, kid, record.sequence
        self._is_forged = False
        key = self._keys.get(kid)
        if key is None:
            return
        try:
            context = _SUITE.create_recipient_context(
                enc, KEMKey.from_pyca_cryptography_key(key), info=_INFO + self._device + kid
            )
            self._state = context.export(_CONTEXT, 32)
        except (PyHPKEError, ValueError):
            self._is_forged = True

    def _open(self, record: Record) -> Opened:
        if self._kid is None:
            return Opened(record, None, "the record that begins its epoch is missing")
        if self._is_forged:
            return Opened(record, None, "its epoch's record is forged: no secret comes of it")
        if record.sequence - self._at > MAX_STEPS:
            return Opened(record, None, "no device goes so far in one epoch: its number is forged")
        if self._state is None:
            problem = f"sealed to collection key {self._kid.hex()}, which was not given"
            return Opened(record, None, problem, self._kid)
        key = self._key_of(record.sequence)
        if self._link is None:
            problem = "not verifiable: the record before it is missing"
            return Opened(record, None, problem)
        nonce = self._device + record.sequence.to_bytes(4, "big") + b"\0"
        try:
            opened = AESCCM(key, records.SEAL_BYTES).decrypt(
                nonce, record.sealed_and_tag, self._link + record.head
            )
            content = records.content(record.type, record.clear, opened)
            return Opened(record, content, None, None, True)
        except InvalidTag:
            return Opened(record, None, NOT_GENUINE)
        except RecordError as error:
            return Opened(record, None, str(error))

    def _key_of(self, sequence: int) -> bytes:
        """Ratchets on to the key of a sequence number; those that were skipped had none."""
        state, key = self._state, b""
        assert state is not None
        while self._at < sequence:
            both = Cipher(AES256(state), ECB()).encryptor().update(_BLOCKS)
            state, key = both[:32], both[32:]
            self._at += 1
        self._state = state
        return key
