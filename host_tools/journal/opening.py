"""Opens and verifies records in their order: HPKE, the ratchet, the chain (docs/journal.md).

    chain value of nothing = SHA-256("ScanPost journal" | device id), 24 bytes
    link of a record       = SHA-256(its bytes)
    chain value behind it  = SHA-256(chain value before | link), 24 bytes
    sealed under           AES-256-CCM, with the link of the record before as associated data

What is behind a hole (a record that is lost, or wrong in more than a bit) cannot be proved by its
own seal, for that is over the record before. It is opened in counter mode, which CCM encrypts in,
and counts if the seal of the record behind it, or an epoch's signature there, is over just these
bytes. Where an epoch's own record is lost, its second place says the same.

The cryptography is pyhpke's and cryptography's.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey, PyHPKEError

from host_tools.journal import records
from host_tools.journal.records import Content, Record, RecordError
from provisioning import cose, encoding

CHAIN_BYTES = 24
# More than the slots of the largest journal; a forged number must not keep the host ratcheting.
MAX_STEPS = 1 << 16
# Nor may many such numbers: in all that one Opener takes, two journals' worth.
MAX_STEPS_IN_ALL = 1 << 17
EPOCH_TYP = "application/scanpost-epoch"
_INFO = b"ScanPost epoch 2"
_CONTEXT = b"ratchet"
_MAX_CHAINS = 64  # of mended records, whether the device has counted them
_BLOCKS = b"".join(b"ScanPostRatchet" + bytes([index]) for index in range(4))
_EPOCH_HEADER = encoding.encode({cose.LABEL_ALG: cose.ALG_EDDSA, cose.LABEL_TYP: EPOCH_TYP})
_SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.EXPORT_ONLY)

CollectionKeys = Mapping[bytes, X25519PrivateKey]  # by kid
SecondPlaces = Mapping[int, tuple[bytes, bytes]]  # kid and enc of epochs, by their numbers


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
    key that it would take. is_verified: a signature or a seal was checked. hole: the numbers (first
    and last) between which something is proved to be missing before this record.
    """

    record: Record
    content: Content | None
    problem: str | None = None
    sealed_to: bytes | None = None
    is_verified: bool = False
    hole: tuple[int, int] | None = None


NOT_GENUINE = "altered, or the record before it was altered or removed"
NOT_PROVED = "what is before it is lost, and nothing behind it proves it yet"
INTRUDER = "the record behind it is bound to the one before it: it was altered, torn, or put there"
NOT_THE_CHECKPOINT = (
    "records before it are missing or altered: they do not make up its sector's checkpoint"
)
OTHER_BEFORE = "it was written behind another record than the one that is here"


class Place(NamedTuple):
    """Where in a journal one is. link: None where the record before is not known.

    others: values that the chain may have for the device, see `Opener.chains`.
    """

    last: int = 0
    link: bytes | None = bytes(32)
    chain: bytes | None = None
    others: tuple[bytes, ...] = ()


def second_places(found: Iterable[Record]) -> dict[int, tuple[bytes, bytes]]:
    """The epochs whose kid and enc are said once more among these records."""
    places = {}
    for record in found:
        if record.type == records.EPOCH_KEY:
            back, kid, enc = record.clear[0], record.clear[1:9], record.clear[9:]
            places[record.sequence - back] = (kid, enc)
    return places


class Opener:
    """Takes a device's records one by one.

    device: its id, 8 bytes. device_key: Ed25519, 32 bytes, or None where nobody knows it: epochs
    are not verified then. keys: collection keys by kid. place: where the records before ended;
    None at the very beginning. epoch: the record of the epoch that goes on there. second: where
    the keys of epochs stand again.
    """

    def __init__(
        self,
        device: bytes,
        device_key: bytes | None,
        keys: CollectionKeys,
        place: Place | None = None,
        epoch: Record | None = None,
        second: SecondPlaces | None = None,
    ) -> None:
        self._device = device
        self._device_key = Ed25519PublicKey.from_public_bytes(device_key) if device_key else None
        self._keys = keys
        self._second = second or {}
        self._second_numbers = sorted(self._second)
        place = place or Place(0, bytes(32), first_chain(device))
        self.last, self._link, self.chain, others = place
        # What the device takes the chain value for if it did not count what was mended here.
        self._other_chains = set(others)
        # Since the last checkpoint: nothing is known to be missing; a hole was told
        self._is_chain_sure, self._is_told = True, False
        # Of the checkpoint just before the next record: the epoch it names; it is not what the
        # records before make up; nor was there any damage
        self._checked_epoch: int | None = None
        self._is_broken = self._is_unexplained = False
        self._highest = self.last  # of the numbers that were said, verified or not
        self._state: bytes | None = None  # of the ratchet
        self._at = 0
        self._steps_left = MAX_STEPS_IN_ALL
        self._epoch = 0  # sequence number of the epoch in force
        self._kid: bytes | None = None
        self._is_forged = False  # what the epoch encapsulates is no key
        if epoch is not None:
            self._start(epoch.sequence, epoch.clear[:8], epoch.clear[8:])

    @property
    def place(self) -> Place:
        """Where the next record goes on."""
        return Place(self.last, self._link, self.chain, tuple(sorted(self._other_chains)))

    @property
    def chains(self) -> set[bytes]:
        """The values that the chain may have for the device; empty where it is not known."""
        return set() if self.chain is None else {self.chain, *self._other_chains}

    def note_damage(self) -> None:
        """Something that cannot be read lies before the next record."""
        self._is_chain_sure = False

    def check(self, chain: bytes, epoch: int) -> None:
        """Goes on with the chain value that a sector's header names for the next record.

        epoch: the number of the epoch in force, which it names too.
        """
        self._checked_epoch = epoch
        is_right = self.chain is None or chain in self.chains
        self._is_broken = not (is_right or self._is_told)
        self._is_unexplained = self._is_broken and self._is_chain_sure
        self.chain, self._other_chains = chain, set()
        self._is_chain_sure, self._is_told = True, False

    def take(
        self, record: Record, following: Record | None = None, is_mended: bool = False
    ) -> Opened:
        """Opens the next record. What one says of its number counts only once it is verified.

        following: the one behind it, which may have to prove it. is_mended: a bit of it was put
        right, so the device may not have counted it.
        """
        if record.sequence <= self.last:
            return Opened(record, None, f"out of order: it follows record {self.last}")
        before = self._state, self._at, self._epoch, self._kid, self._is_forged
        if record.type == records.EPOCH:
            opened = self._take_epoch(record)
        else:
            self._use_second_place(record.sequence)
            opened = self._open(record, following)
        if opened.problem is INTRUDER:
            self._state, self._at, self._epoch, self._kid, self._is_forged = before
            return opened
        if opened.problem is None or opened.sealed_to:
            self.last = record.sequence
        elif record.type != records.EPOCH:
            self._state, self._at, self._epoch, self._kid, self._is_forged = before
            if record.sequence <= self._highest:
                opened = Opened(record, None, f"out of order: it follows record {self._highest}")
        opened = self._with_hole(opened)
        self._highest = max(self._highest, record.sequence)
        self._go_on(link_of(record.raw), is_mended)
        return opened

    def _with_hole(self, opened: Opened) -> Opened:
        """Says what is missing before a record, as far as the last checkpoint tells."""
        if self._is_broken and opened.hole is None:
            opened = opened._replace(hole=self._numbers_before(opened.record))
            if opened.hole is None and self._is_unexplained:
                opened = opened._replace(problem=opened.problem or NOT_THE_CHECKPOINT)
        if opened.hole is not None and self._checked_epoch is None:
            self._is_chain_sure, self._is_told = False, True
        self._checked_epoch = None
        self._is_broken = self._is_unexplained = False
        return opened

    def _go_on(self, link: bytes, is_mended: bool) -> None:
        self._link = link
        if self.chain is None:
            return
        others = {chained(chain, link) for chain in self._other_chains}
        if is_mended and len(others) < _MAX_CHAINS:
            others |= self._other_chains | {self.chain}
        self.chain, self._other_chains = chained(self.chain, link), others

    # -- epochs ---------------------------------------------------------------------------

    def _take_epoch(self, record: Record) -> Opened:
        problem = None
        content = records.content(record.type, record.clear, record.sealed)
        is_signed = self._is_signed(record, self.chains)
        if is_signed is False and self._is_chain_sure:
            problem = (
                "its signature is not this device's, or not for the records before it: "
                "something was altered, removed or forged"
            )
        self._start(record.sequence, record.clear[:8], record.clear[8:])
        hole = None
        if not is_signed and not self._is_chain_sure and not self._is_told:
            hole = self._numbers_before(record)
        return Opened(record, content, problem, None, bool(is_signed), hole)

    def _numbers_before(self, record: Record) -> tuple[int, int] | None:
        first, last = self._highest + 1, record.sequence - 1
        return (first, last) if first <= last else None

    def _is_signed(self, record: Record, chains: set[bytes]) -> bool | None:
        """None where key or chain value are not known."""
        if self._device_key is None or not chains:
            return None
        for chain in chains:
            external = self._device + chain
            signed = encoding.encode(["Signature1", _EPOCH_HEADER, external, record.head])
            try:
                self._device_key.verify(record.sealed, signed)
            except InvalidSignature:
                continue
            if chain in self.chains:
                self.chain, self._other_chains = chain, set()
            return True
        return False

    def _start(self, sequence: int, kid: bytes, enc: bytes) -> None:
        self._state, self._kid, self._at = None, kid, sequence
        self._epoch = sequence
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

    def _use_second_place(self, sequence: int) -> None:
        """Starts the epoch of a record if its own record is lost."""
        at = bisect_left(self._second_numbers, sequence)
        if at and (number := self._second_numbers[at - 1]) > self._epoch:
            self._start(number, *self._second[number])

    # -- sealed records -------------------------------------------------------------------

    def _open(self, record: Record, following: Record | None) -> Opened:
        if self._kid is None:
            return Opened(record, None, "the record that begins its epoch is missing")
        if self._is_forged:
            return Opened(record, None, "its epoch's record is forged: no secret comes of it")
        if record.sequence <= self._at:  # it comes behind its epoch, and says otherwise
            return Opened(record, None, f"out of order: its epoch begins with record {self._at}")
        if not self._is_in_reach(record.sequence):
            return Opened(record, None, "no device goes so far in one epoch: its number is forged")
        if self._state is None:
            problem = f"sealed to collection key {self._kid.hex()}, which was not given"
            return Opened(record, None, problem, self._kid)
        before = self._state, self._at
        self._state, self._at, key = self._ratcheted(record.sequence)
        try:
            if self._link is not None and (opened := self._unsealed(record, key, self._link)):
                content = records.content(record.type, record.clear, opened[0])
                return Opened(record, content, None, None, True)
            if following is not None and self._proves(following, link_of(record.raw), True):
                return self._opened_behind_hole(record, key)
        except RecordError as error:
            return Opened(record, None, str(error))
        if self._link is None:
            return self._not_proved(record)
        if following is not None:
            after = self._state, self._at
            self._state, self._at = before
            is_intruder = self._proves(following, self._link, False)
            self._state, self._at = after
            if is_intruder:
                return Opened(record, None, INTRUDER)
        return (
            Opened(record, None, NOT_GENUINE) if self._is_chain_sure else self._not_proved(record)
        )

    def _not_proved(self, record: Record) -> Opened:
        hole = None if self._is_told else self._numbers_before(record)
        return Opened(record, None, NOT_PROVED, hole=hole)

    def _unsealed(self, record: Record, key: bytes, link: bytes) -> tuple[bytes] | None:
        try:
            return (
                AESCCM(key, records.SEAL_BYTES).decrypt(
                    self._nonce(record), record.sealed_and_tag, link + record.head
                ),
            )
        except InvalidTag:
            return None

    def _nonce(self, record: Record) -> bytes:
        return self._device + record.sequence.to_bytes(4, "big") + b"\0"

    def _opened_behind_hole(self, record: Record, key: bytes) -> Opened:
        # RFC 3610, 2.3: block 1 on is for the message, the counter is what the nonce leaves.
        first = b"\1" + self._nonce(record) + b"\0\1"
        opened = Cipher(AES256(key), CTR(first)).decryptor().update(record.sealed)
        content = records.content(record.type, record.clear, opened)
        hole = self._numbers_before(record)
        if hole is None:
            is_told = self._link is None or self._highest > self.last or not self._is_chain_sure
            problem = None if is_told else OTHER_BEFORE
            return Opened(record, content, problem, None, True)
        return Opened(record, content, None, None, True, hole)

    def _proves(self, following: Record, link: bytes, is_with: bool) -> bool:
        """True if the record behind one is bound to this link; is_with: that of the one."""
        if following.type == records.EPOCH:
            # That proves the bytes, but not under which key they are.
            if self._checked_epoch != self._epoch:
                return False
            chains = {chained(chain, link) for chain in self.chains} if is_with else self.chains
            return self._is_signed(following, chains) is True
        if following.sequence <= self._at or not self._is_in_reach(following.sequence):
            return False
        return self._unsealed(following, self._ratcheted(following.sequence)[2], link) is not None

    def _is_in_reach(self, sequence: int) -> bool:
        """False for numbers that would keep the host busy: no device has given them."""
        return sequence - self._at <= min(MAX_STEPS, self._steps_left)

    def _ratcheted(self, sequence: int) -> tuple[bytes, int, bytes]:
        """State, number and key of a sequence number; those that were skipped had none."""
        state, at, key = self._state, self._at, b""
        assert state is not None
        self._steps_left -= max(0, sequence - at)
        while at < sequence:
            both = Cipher(AES256(state), ECB()).encryptor().update(_BLOCKS)
            state, key = both[:32], both[32:]
            at += 1
        return state, at, key


def each_with_next(found: Iterable[Record]) -> Iterator[tuple[Record, Record | None]]:
    """Records, each with the one behind it."""
    before = None
    for record in found:
        if before is not None:
            yield before, record
        before = record
    if before is not None:
        yield before, None
