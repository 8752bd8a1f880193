"""Makes records: lays one out in a buffer and seals it under the epoch's next key.

The buffer holds a sector's header (64 bytes) and one record (up to 192): a page, so that a new
sector and its first record are one program operation. Its content is no secret once `seal` is done.
"""

import hashlib
import struct

from crypto import aes_ccm
from crypto.limbs import move
from crypto.wipe import wipe, wipe_hash
from micropython import const

from journal import bodies, layout

_LINK_AT = const(32)
_LINK_BYTES = const(32)
_RECORD_AT = const(64)
_SUBJECT_BYTES = const(16)
_BODY_AT = const(75)  # _RECORD_AT + layout.HEADER_BYTES
_TAG_AT = const(80)  # of a record of a person


class Sealer:
    """epoch: the Epoch that gives the keys."""

    def __init__(self, epoch):
        self._epoch = epoch
        self._buffer = bytearray(layout.PAGE_BYTES)
        self._view = memoryview(self._buffer)
        self._no_tag = bytes(bodies.TAG_BYTES)
        self._nonce = bytearray(13)  # device id 8 | sequence number 4 | 0
        self._clear = self._sealed = 0
        self.length = 0
        # Parts of the last record; records of one kind are mostly of one size.
        self._record = self._head = self._body = self._seal = self._view[:0]

    def set_device(self, device_id):
        """device_id: 8 bytes, part of every nonce."""
        self._nonce[:8] = device_id

    def lay_out(self, record_type, payload, tube):
        """Writes the body in the clear; `length` is then that of the record.

        tube: sequence number of the open tube's record. Raises ValueError for what does not fit;
        then, too, `forget` is to be called.
        """
        self._clear, self._sealed = bodies.WRITERS[record_type](
            self._buffer, _BODY_AT, payload, tube, self._no_tag
        )
        self.length = (
            layout.HEADER_BYTES + self._clear + self._sealed + layout.SEAL_BYTES + layout.CRC_BYTES
        )
        if self.length > layout.MAX_RECORD_BYTES:
            raise ValueError
        self._buffer[_RECORD_AT] = self.length
        self._buffer[_RECORD_AT + 1] = record_type
        self._buffer[_RECORD_AT + 2] = self._clear

    def set_tag(self, tag):
        """Writes the 8-byte tag of the person into the clear part."""
        self._buffer[_TAG_AT : _TAG_AT + 8] = tag

    def set_back(self, numbers):
        """Writes how many numbers ago its epoch began into the clear part of an EPOCH_KEY."""
        self._buffer[_BODY_AT] = numbers

    def seal(self, sequence, minute, link):
        """Encrypts what was laid out under the key of this sequence number, which is then gone.

        link: 32 bytes, that of the record before.
        """
        struct.pack_into(">II", self._buffer, _RECORD_AT + 3, sequence, minute)
        struct.pack_into(">I", self._nonce, 8, sequence)
        self._find_parts()
        self._epoch.advance(sequence)
        # What is authenticated lies together: a sector's header comes there later, if at all.
        move(self._buffer, _LINK_AT, link, 0, _LINK_BYTES)
        aes_ccm.seal(self._epoch.key, self._nonce, self._head, self._body, self._seal)
        wipe(self._epoch.key)
        layout.write_crc(self._view, _RECORD_AT, self.length)

    def _find_parts(self):
        middle = _BODY_AT + self._clear
        end = middle + self._sealed
        if len(self._head) != middle - _LINK_AT or len(self._body) != self._sealed:
            self._head = self._view[_LINK_AT:middle]
            self._body = self._view[middle:end]
            self._seal = self._view[end : end + layout.SEAL_BYTES]

    def begin_clear(self, length):
        """The record of this length that is written next, to be filled by the caller, unsealed."""
        self.length = length
        return self.record()

    def page(self, header=None):
        """What is to be programmed: the record, behind a sector's header where one is given."""
        if header is None:
            return self.record()
        header.write(self._buffer)
        return self._view[: _RECORD_AT + self.length]

    def record(self):
        """The record's bytes."""
        if len(self._record) != self.length:
            self._record = self._view[_RECORD_AT : _RECORD_AT + self.length]
        return self._record

    def forget(self):
        """Overwrites what was laid out and is not sealed."""
        wipe(self._buffer)


def document_subject(kind, number):
    """16 bytes that stand for a person without a pass: of the kind and number of a document.

    A bytearray, to be overwritten by the caller: by these the device knows the person again.
    """
    state = hashlib.sha256(bytes((kind,)))
    state.update(number.encode())
    digest = state.digest()
    subject = bytearray(memoryview(digest)[:_SUBJECT_BYTES])
    wipe_hash(state)
    wipe(digest)
    return subject
