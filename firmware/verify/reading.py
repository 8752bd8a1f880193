"""Reads a pass where it lies: from the text in a QR code to places in a buffer made once.

Nothing here is verified. What is signed lies in that buffer too, since a Sig_structure (RFC 9052
section 4.4) is encoded as a part of the message is, but for its beginning and one byte:

    the message                d2 84  protected  a0  payload  signature
    what is signed   84 6a Signature1 protected  40  payload
"""

from crypto.limbs import move, zero
from micropython import const

from verify import items
from verify.base45 import decode_into
from verify.errors import Malformed, Refused
from verify.registry import (
    ALG_EDDSA,
    ALG_HMAC_256_64,
    ALG_HMAC_256_256,
    CTI,
    EXP,
    IAT,
    ISS,
    KID_BYTES,
    LABEL_ALG,
    LABEL_KID,
    NBF,
    TAG_MAC0,
    TAG_SIGN1,
)

PREFIX = b"SP1:"
_PREFIX_BYTES = const(4)
_MAX_TEXT_BYTES = const(512)
_SUBJECT_BYTES = const(16)
_LEAST_CTI_BYTES = const(8)
_MAX_CTI_BYTES = const(16)
_MAX_RELATION = const(3)

# First bytes of encoded items (RFC 8949 appendix B); of keys and small numbers, themselves
_KIND = const(0xE0)
_BYTES = const(0x40)
_MAP = const(0xA0)
_ARRAY_4 = const(0x84)
_TAG = const(0xC0)
_TAG_MAC0 = _TAG | TAG_MAC0
_TAG_SIGN1 = _TAG | TAG_SIGN1
_EMPTY_BYTES = const(0x40)
_EMPTY_MAP = const(0xA0)
_NEGATIVE = const(0x20)
_HOLDER = b"\x3a\x00\x01\x00\x00"  # -65537
_LONGEST_TIME = const(0x1A)  # four bytes follow

# Bytes of signature or tag, by the algorithms that belong to a message's tag (RFC 9053)
_SIGNATURE_BYTES = {
    _TAG_SIGN1: {ALG_EDDSA: 64},
    _TAG_MAC0: {ALG_HMAC_256_256: 32, ALG_HMAC_256_64: 8},
}

_MESSAGE_AT = const(10)
# behind a tag of one byte; before it is room for what is signed first
_PROTECTED_AT = const(12)
buffer = bytearray(10 + items.MAX_BYTES)
view = memoryview(buffer)
_message = view[_MESSAGE_AT:]


class Pass:
    """What a pass says; there is one, made once, and who reads the next overwrites it.

    issuer: of the trust list, set by verify/passes.py. alg: its number. kid: bytearray of 8.
    subject: bytearray of 16. cti_start: the first 8 bytes of the cti, which a registration keeps.
    relation: 0 to 3. issued_at, not_before, expires_at: Unix seconds. Everything else is read when
    it is asked for.
    """

    def __init__(self):
        self.issuer = None
        self.kid = bytearray(KID_BYTES)
        self.subject = bytearray(_SUBJECT_BYTES)
        self.cti_start = bytearray(_LEAST_CTI_BYTES)
        self.alg = self.relation = 0
        self.issued_at = self.not_before = self.expires_at = 0
        # places in the buffer
        self.end = 0  # of what is signed: there the signature or tag begins
        self._unprotected = 0
        self._issued = self._begins = self._expires = 0
        self._cti = self._issuer = self._holder = self._name = self._id = 0

    @property
    def cti(self):
        """8 to 16 bytes."""
        if items.size(buffer, self._cti) == _LEAST_CTI_BYTES:
            return self.cti_start
        return _content(self._cti)

    @property
    def name_hint(self):
        return str(_content(self._name), "utf-8")

    @property
    def id_hint(self):
        return str(_content(self._id), "utf-8")

    def read(self, text):
        """Takes in the text of a QR code, one line end removed.

        Raises Refused with MALFORMED or UNSUPPORTED, by the first five rows of docs/pass.md.
        """
        try:
            self._read(text)
        except Malformed:
            raise Refused("MALFORMED") from None

    def _read(self, text):
        size = decode_into(_message, text, _PREFIX_BYTES, _end_of(text))
        if size < 0 or items.note(buffer, _MESSAGE_AT, _MESSAGE_AT + size, 2) != 4:
            raise Malformed
        self._read_message(items.place(0), items.place(2))

    def _read_message(self, first, payload):
        if buffer[_MESSAGE_AT] & _KIND != _TAG or buffer[first - 1] != _ARRAY_4:
            raise Malformed
        self._unprotected = items.place(1)
        self.end = signature = items.place(3)
        if buffer[first] & _KIND != _BYTES or buffer[self._unprotected] & _KIND != _MAP:
            raise Malformed
        if buffer[payload] & _KIND != _BYTES or buffer[signature] & _KIND != _BYTES:
            raise Malformed
        if buffer[_MESSAGE_AT] not in _SIGNATURE_BYTES:
            raise Refused("UNSUPPORTED")
        if buffer[self._unprotected] != _EMPTY_MAP:
            raise Malformed
        self._read_header(_keys_of_map(items.content(buffer, first), self._unprotected))
        if items.size(buffer, signature) != _SIGNATURE_BYTES[buffer[_MESSAGE_AT]][self.alg]:
            raise Malformed
        self._read_claims(_keys_of_map(items.content(buffer, payload), signature))

    def frame(self, begin):
        """Puts what is signed, or tagged, together: it begins with `begin` and goes to `end`.

        Returns its first place in the buffer.
        """
        start = _PROTECTED_AT - len(begin)
        move(buffer, start, begin, 0, len(begin))
        buffer[self._unprotected] = _EMPTY_BYTES
        return start

    def forget(self):
        """Overwrites what was read."""
        for each in (buffer, self.kid, self.subject, self.cti_start):
            zero(each, 0, len(each))
        self.issued_at = self.not_before = self.expires_at = 0

    def is_tag(self, tag):
        """True if the message ends with the beginning of these bytes; takes as long in any case."""
        at = items.content(buffer, self.end)
        difference = 0
        for n in range(items.size(buffer, self.end)):
            difference |= buffer[at + n] ^ tag[n]
        return difference == 0

    def _read_header(self, n):
        """n: how many keys were noted."""
        alg = kid = 0
        while n:
            n -= 1
            key = items.place(n)
            if buffer[key] == LABEL_ALG:
                alg = key + 1
            elif buffer[key] == LABEL_KID:
                kid = key + 1
            else:
                raise Refused("UNSUPPORTED")
        if not alg or buffer[alg] >= _BYTES:
            raise Malformed  # no integer
        alg = buffer[alg]
        # those that count are of one byte, and none of a longer one comes out as one of them
        self.alg = alg if alg < _NEGATIVE else _NEGATIVE - 1 - alg
        if self.alg not in _SIGNATURE_BYTES[buffer[_MESSAGE_AT]]:
            raise Refused("UNSUPPORTED")
        if not kid or not items.is_bytes(buffer, kid, KID_BYTES):
            raise Malformed
        kid += 1
        move(self.kid, 0, buffer, kid, KID_BYTES)

    def _read_claims(self, n):
        """n: how many keys were noted."""
        self._issued = self._begins = self._expires = 0
        self._cti = self._issuer = self._holder = 0
        while n:
            n -= 1
            self._note_claim(items.place(n))
        if not (self._issued and self._expires and self._cti and self._holder):
            raise Malformed
        self._read_times(self._issued, self._begins or self._issued, self._expires)
        cti = self._cti
        if not items.is_bytes(buffer, cti, _LEAST_CTI_BYTES, _MAX_CTI_BYTES):
            raise Malformed
        if self._issuer and not items.is_text(buffer, self._issuer, 0, 32):
            raise Malformed
        move(self.cti_start, 0, buffer, cti + 1, _LEAST_CTI_BYTES)
        self._read_holder(self._holder)

    def _note_claim(self, key):
        head = buffer[key]
        if head == IAT:
            self._issued = key + 1
        elif head == NBF:
            self._begins = key + 1
        elif head == EXP:
            self._expires = key + 1
        elif head == CTI:
            self._cti = key + 1
        elif head == ISS:
            self._issuer = key + 1
        elif head == _HOLDER[0] and items.begins(buffer, key, _HOLDER):
            self._holder = key + len(_HOLDER)

    def _read_times(self, issued, begins, expires):
        if max(buffer[issued], buffer[begins], buffer[expires]) > _LONGEST_TIME:
            raise Malformed
        self.issued_at = self.not_before = items.number(buffer, issued)
        if begins != issued:
            self.not_before = items.number(buffer, begins)
        self.expires_at = items.number(buffer, expires)
        if not self.issued_at <= self.not_before < self.expires_at:
            raise Malformed

    def _read_holder(self, holder):
        # Its four items are well encoded: where one ends the next begins.
        if buffer[holder] != _ARRAY_4 or not items.is_bytes(buffer, holder + 1, _SUBJECT_BYTES):
            raise Malformed
        move(self.subject, 0, buffer, holder + 2, _SUBJECT_BYTES)
        relation = holder + 2 + _SUBJECT_BYTES
        self.relation = buffer[relation]
        name = relation + 1
        if self.relation > _MAX_RELATION or not items.is_text(buffer, name, 1, 48):
            raise Malformed
        self._name = name
        self._id = items.content(buffer, name) + items.size(buffer, name)
        if not items.is_text(buffer, self._id, 0, 8):
            raise Malformed


def _content(place):
    """A view of what is in the byte string or text at a place of the buffer."""
    start = items.content(buffer, place)
    return view[start : start + items.size(buffer, place)]


def _end_of(text):
    """Where a text ends, its line end removed. Raises Malformed by its frame."""
    size = len(text)
    if size and text[size - 1] == 10:
        size -= 1
        if size and text[size - 1] == 13:
            size -= 1
    elif size and text[size - 1] == 13:
        size -= 1
    if not _PREFIX_BYTES <= size <= _MAX_TEXT_BYTES or not items.begins(text, 0, PREFIX):
        raise Malformed
    return size


def _keys_of_map(start, end):
    """How many keys the map there has. Raises Malformed if there is none, well encoded."""
    count = items.note(buffer, start, end, 1)
    if count < 0 or buffer[start] & _KIND != _MAP:
        raise Malformed
    return count
