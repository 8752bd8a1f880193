"""The first version of the journal: records in the clear, in a ring of flash sectors.

docs/journal.md has the format byte by byte. The invariants:

- A record is durable when `append` returns: its last byte is programmed.
- Programming happens only over bytes that read 0xFF. A sector whose free part does not
  (a write that was cut) gets no further record.
- A sector is erased only when all its records are acknowledged.
- Sequence numbers rise by one; one that was cut is used again, for it was never promised.
"""

import struct
from array import array

from crc16 import crc16
from micropython import const
from verify import cbor

from journal import records

_MAGIC = b"SPJ1"
_SECTOR_HEADER_BYTES = const(16)  # magic 4, generation u32, first sequence u32, 0xFFFF, CRC u16
_RECORD_HEADER_BYTES = const(4)  # length of the body u16, CRC u16 over length and body
_FREE = const(0xFFFF)
_MAX_BODY_BYTES = const(209)
_MIN_BODY_BYTES = const(10)
# Sectors that registrations may not use: an acknowledgement must always find room.
_RESERVED_SECTORS = const(2)


class JournalFull(Exception):
    """No room that may be used for this record; nothing was written."""


class Journal:
    """A journal on a flash partition.

    partition: an `esp32.Partition` or what has its readblocks, writeblocks and ioctl.
    """

    def __init__(self, partition):
        self._flash = partition
        self._count = partition.ioctl(4, 0)
        self._size = partition.ioctl(5, 0)
        self._generation = array("I", [0] * self._count)  # 0: the sector holds nothing
        self._first = array("I", [0] * self._count)
        self._header = bytearray(_SECTOR_HEADER_BYTES)
        self._body = bytearray(_MAX_BODY_BYTES + _RECORD_HEADER_BYTES)
        self._head = 0
        self._offset = 0  # where the next record goes in the head sector
        self._mounted = False
        self.next_sequence = 1
        self.acknowledged = 0

    # -- finding everything again -------------------------------------------------------

    def mount(self, visit=None):
        """Reads the ring and finds its end, whatever the last power cut left.

        visit: called with (type, sequence, Unix seconds, payload) of every record, oldest
        first; this is how the rest of the firmware rebuilds what it must remember.
        """
        for index in range(self._count):
            self._generation[index] = 0
            header = self._header
            self._flash.readblocks(index, header, 0)
            if header[:4] == _MAGIC and crc16(memoryview(header)[:14]) == (
                header[14] << 8 | header[15]
            ):
                generation, first = struct.unpack_from(">II", header, 4)
                self._generation[index] = generation
                self._first[index] = first
        self._head = self._newest()
        self.next_sequence = 1
        self.acknowledged = 0
        if self._head < 0:
            self._head = self._count - 1
            self._offset = self._size
            self._mounted = True
            return
        for index in self._in_order():
            self.next_sequence = self._first[index]
            self._offset = self._read_sector(index, visit)
        if not self._is_blank(self._head, self._offset):
            self._offset = self._size
        self._mounted = True

    def _newest(self):
        newest = -1
        for index in range(self._count):
            if self._generation[index] and (
                newest < 0 or self._generation[index] > self._generation[newest]
            ):
                newest = index
        return newest

    def _in_order(self):
        """The indices of the sectors that hold records, oldest first."""
        for step in range(1, self._count + 1):
            index = (self._head + step) % self._count
            if self._generation[index]:
                yield index

    def _read_sector(self, index, visit):
        """Walks one sector's records; returns the offset behind the last good one."""
        offset = _SECTOR_HEADER_BYTES
        while True:
            body = self._record_at(index, offset)
            if body is None:
                return offset
            record_type, sequence, unix_s, payload = records.unpack(body)
            self.next_sequence = sequence + 1
            if record_type == records.ACKNOWLEDGED:
                self.acknowledged = max(self.acknowledged, payload[0])
            if visit:
                visit(record_type, sequence, unix_s, payload)
            offset += _RECORD_HEADER_BYTES + len(body)

    def _record_at(self, index, offset):
        """The body of the record at this place, as a memoryview, or None at the end."""
        if offset + _RECORD_HEADER_BYTES + _MIN_BODY_BYTES > self._size:
            return None
        view = memoryview(self._body)
        self._flash.readblocks(index, view[:_RECORD_HEADER_BYTES], offset)
        length, crc = struct.unpack_from(">HH", self._body)
        end = offset + _RECORD_HEADER_BYTES + length
        if not _MIN_BODY_BYTES <= length <= _MAX_BODY_BYTES or end > self._size:
            return None
        body = view[_RECORD_HEADER_BYTES : _RECORD_HEADER_BYTES + length]
        self._flash.readblocks(index, body, offset + _RECORD_HEADER_BYTES)
        if crc16(body, crc16(view[:2])) != crc:
            return None
        return body

    def _is_blank(self, index, offset):
        piece = bytearray(64)
        while offset < self._size:
            part = memoryview(piece)[: min(64, self._size - offset)]
            self._flash.readblocks(index, part, offset)
            for byte in part:
                if byte != 0xFF:
                    return False
            offset += len(part)
        return True

    # -- writing ------------------------------------------------------------------------

    def append(self, record_type, unix_s, payload, reserved=False):
        """Writes a record; it is durable when this returns.

        unix_s: the time in Unix seconds, 0 where it is not known.
        payload: a list of what CBOR can say.
        reserved: the record may use the reserve (acknowledgements, boots).
        Returns its sequence number. Raises JournalFull, or OSError from the flash.
        """
        body = records.pack(record_type, self.next_sequence, unix_s, cbor.encode(payload))
        length = len(body)
        if self._offset + _RECORD_HEADER_BYTES + length > self._size:
            self._open_sector(reserved)
        header = struct.pack(">H", length)
        record = header + struct.pack(">H", crc16(body, crc16(header))) + body
        offset = self._offset
        # Moved first: if programming fails half-way, these bytes are never used again.
        self._offset = self._size
        self._flash.writeblocks(self._head, record, offset)
        self._offset = offset + len(record)
        sequence = self.next_sequence
        self.next_sequence += 1
        if record_type == records.ACKNOWLEDGED:
            self.acknowledged = max(self.acknowledged, payload[0])
        return sequence

    def _open_sector(self, reserved):
        if not reserved and self.free_sectors() <= _RESERVED_SECTORS:
            raise JournalFull()
        index = (self._head + 1) % self._count
        if not self._is_free(index):
            raise JournalFull()
        generation = max(self._generation) + 1
        self._generation[index] = 0
        if not self._is_blank(index, 0):
            self._flash.ioctl(6, index)
        header = _MAGIC + struct.pack(">IIH", generation, self.next_sequence, _FREE)
        self._flash.writeblocks(index, header + struct.pack(">H", crc16(header)), 0)
        self._generation[index] = generation
        self._first[index] = self.next_sequence
        self._head = index
        self._offset = _SECTOR_HEADER_BYTES

    def _is_free(self, index):
        """True if nothing unacknowledged is in this sector (which is not the head's)."""
        if not self._generation[index]:
            return True
        for step in range(1, self._count + 1):
            following = (index + step) % self._count
            if self._generation[following] > self._generation[index]:
                return self._first[following] - 1 <= self.acknowledged
        return False

    def free_sectors(self):
        """How many sectors behind the head can be taken without losing a record."""
        free = 0
        for step in range(1, self._count):
            if not self._is_free((self._head + step) % self._count):
                break
            free += 1
        return free

    # -- reading ------------------------------------------------------------------------

    @property
    def first_sequence(self):
        """The oldest record that is still in flash (next_sequence where there is none)."""
        for index in self._in_order():
            return self._first[index]
        return self.next_sequence

    def bodies(self, from_sequence):
        """Yields (sequence, body) from a sequence number on; a body is valid until the next."""
        start = None
        for index in self._in_order():
            if start is None or self._first[index] <= from_sequence:
                start = self._generation[index]
        for index in self._in_order():
            if self._generation[index] < start:
                continue
            offset = _SECTOR_HEADER_BYTES
            while True:
                body = self._record_at(index, offset)
                if body is None:
                    break
                offset += _RECORD_HEADER_BYTES + len(body)
                sequence = struct.unpack_from(">I", body, 1)[0]
                if sequence >= from_sequence:
                    yield sequence, body

    def read(self, from_sequence, max_bytes):
        """([bodies], next): as many whole records as fit, at least one if there is one.

        next: the sequence number to ask for next; equal to next_sequence at the end.
        """
        found = []
        used = 0
        following = max(from_sequence, self.first_sequence)
        for sequence, body in self.bodies(from_sequence):
            # 3: what CBOR puts before a byte string of this length, at the most
            if found and used + len(body) + 3 > max_bytes:
                break
            found.append(bytes(body))
            used += len(body) + 3
            following = sequence + 1
        return found, following

    def acknowledge(self, up_to, unix_s):
        """Marks all records up to this sequence number as taken by a host.

        Raises ValueError for a number that was never given out. Saying it twice is harmless.
        """
        if up_to >= self.next_sequence:
            raise ValueError("not written yet")
        if up_to > self.acknowledged:
            self.append(records.ACKNOWLEDGED, unix_s, [up_to], reserved=True)
