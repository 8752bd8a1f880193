"""What a device that sealed records must have had in its memory: computed from its seeds alone.

HMAC-DRBG (NIST SP 800-90A), HPKE (RFC 9180), Ed25519's nonces (RFC 8032) and the journal's ratchet
once more, on the host's own libraries; records are opened and signatures verified with the result,
so what is looked for is what was there.
"""

import hashlib
import hmac
import struct
from binascii import crc32

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

SECTOR_BYTES = 4096
SLOT_BYTES = 64
REGISTRATION = 1
EPOCH = 10
MANUAL = 12
DEVICE_ID = b"DEVICE01"
_ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
_INFO = b"ScanPost epoch 2"
_BLOCKS = b"".join(b"ScanPostRatchet" + bytes((index,)) for index in range(4))


def _hmac(key, *parts):
    return hmac.digest(key, b"".join(parts), "sha256")


class Generator:
    """HMAC-DRBG with SHA-256. `states` keeps every key and value that it ever had."""

    def __init__(self, seed):
        self._key = bytes(32)
        self._value = b"\x01" * 32
        self.states = []
        self._update(seed)

    def generate(self, size):
        out = b""
        while len(out) < size:
            self._value = _hmac(self._key, self._value)
            self.states.append(self._value)
            out += self._value
        self._update(b"")
        return out[:size]

    def _update(self, provided):
        for round_byte in (b"\x00", b"\x01") if provided else (b"\x00",):
            self._key = _hmac(self._key, self._value, round_byte, provided)
            self._value = _hmac(self._key, self._value)
            self.states += [self._key, self._value]


def _extract(suite, salt, label, ikm):
    return _hmac(salt or bytes(32), b"HPKE-v1", suite, label, ikm)


def _expand(suite, prk, label, info):
    return _hmac(prk, b"\x00\x20HPKE-v1", suite, label, info, b"\x01")


def hpke_secrets(ephemeral, recipient, info):
    """(enc, {what: secret}) of the export of an epoch secret; the last of them is that."""
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = private.public_key().public_bytes_raw()
    dh = private.exchange(X25519PublicKey.from_public_bytes(recipient))
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\xff\xff"
    prk = _extract(kem, b"", b"eae_prk", dh)
    shared = _expand(kem, prk, b"shared_secret", enc + recipient)
    context = b"\x00" + _extract(suite, b"", b"psk_id_hash", b"")
    context += _extract(suite, b"", b"info_hash", info)
    secret = _extract(suite, shared, b"secret", b"")
    exporter = _expand(suite, secret, b"exp", context)
    epoch = _expand(suite, exporter, b"sec", b"ratchet")
    names = ("ephemeral key", "DH value", "eae_prk", "shared secret", "secret", "exporter secret")
    secrets = dict(zip(names, (ephemeral, dh, prk, shared, secret, exporter), strict=True))
    return enc, secrets | {"epoch secret": epoch}


def ratchet(state):
    """(next state, key)"""
    encryptor = Cipher(algorithms.AES(state), modes.ECB()).encryptor()
    out = encryptor.update(_BLOCKS)
    return out[:32], out[32:]


def signing_secrets(seed, messages):
    """{what: secret} of the Ed25519 signatures of these messages (RFC 8032 section 5.1.6)."""
    expanded = hashlib.sha512(seed).digest()
    secrets = {"Ed25519 scalar": expanded[1:31], "Ed25519 prefix": expanded[32:]}
    for number, message in enumerate(messages):
        digest = hashlib.sha512(expanded[32:] + message).digest()
        secrets[f"digest for nonce {number}"] = digest
        nonce = int.from_bytes(digest, "little") % _ED25519_ORDER
        secrets[f"nonce {number}"] = nonce.to_bytes(32, "little")
    return secrets


def signed_messages(flash, seed):
    """What the device signed for the epochs of a journal's image; the signatures are verified."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    protected = cbor2.dumps({1: -8, 16: "application/scanpost-epoch"})
    chain = hashlib.sha256(b"ScanPost journal" + DEVICE_ID).digest()[:24]
    messages = []
    for record in records(flash):
        if record[1] == EPOCH:
            parts = ["Signature1", protected, DEVICE_ID + chain, record[:51]]
            messages.append(cbor2.dumps(parts))
            public.verify(record[51:115], messages[-1])
        link = hashlib.sha256(record).digest()
        chain = hashlib.sha256(chain + link).digest()[:24]
    return messages


def records(flash):
    """All whole records of a journal's image, by sequence number."""
    found = []
    for at in range(0, len(flash), SLOT_BYTES):
        length = flash[at]
        record = flash[at : at + length]
        if at % SECTOR_BYTES == 0 or not 15 <= length <= 192:
            continue
        if int.from_bytes(record[-4:], "big") == crc32(record[:-4]):
            found.append(record)
    return sorted(found, key=sequence_of)


def sequence_of(record):
    return struct.unpack_from(">I", record, 3)[0]


def journal_secrets(flash, ephemerals, recipient):
    """({what: retired secret}, [opened sealed parts], the state in use) of a journal's image.

    ephemerals: candidates for the ephemeral keys, 32 bytes each. recipient: the collection key.
    """
    retired = {}
    opened = []
    by_enc = {}
    state = None
    link = bytes(32)
    for record in records(flash):
        sequence = sequence_of(record)
        if record[1] == EPOCH:
            kid, enc = record[11:19], record[19:51]
            if not by_enc:
                for ephemeral in ephemerals:
                    entry = hpke_secrets(ephemeral, recipient, _INFO + DEVICE_ID + kid)
                    by_enc[entry[0]] = entry[1]
            for what, secret in by_enc[enc].items():
                retired[f"{what} of {sequence}"] = secret
            if state:
                retired[f"last state before {sequence}"] = state
            state, at = by_enc[enc]["epoch secret"], sequence
        else:
            while at < sequence:
                retired[f"state {at}"] = state
                at += 1
                state, key = ratchet(state)
                retired[f"key {at}"] = key
            middle = 11 + record[2]
            nonce = DEVICE_ID + struct.pack(">IB", sequence, 0)
            aad = link + record[:middle]
            opened.append(AESCCM(key, tag_length=8).decrypt(nonce, record[middle:-4], aad))
        link = hashlib.sha256(record).digest()
    return retired, opened, state
