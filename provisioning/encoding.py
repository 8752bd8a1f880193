"""CBOR as docs/pass.md allows it, and nothing else: every untrusted item is decoded here.

cbor2 takes more: repeated keys, long forms, bytes after the item, floats, and tags that become
Python objects, of which shared ones have crashed it. So the heads are walked first (`_Scan`), in
Python and with every rule of the page; cbor2 then sees only what keeps them.
"""

from typing import Any, NamedTuple

import cbor2

from provisioning.errors import Malformed

MAX_DEPTH = 6
MAX_BYTES = 1 << 16  # no list or reply is longer; what is longer is not looked at
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)  # major types
_HEAD_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}  # argument bytes by additional information
_FALSE_TRUE_NULL = (20, 21, 22)


class Tagged(NamedTuple):
    """An item with its tag."""

    tag: int
    value: Any


def encode(item: Any) -> bytes:
    """Preferred serialization; maps keep their order."""
    return cbor2.dumps(item)


def decode(data: bytes) -> Any:
    """One item without tags, in preferred serialization. Raises Malformed: what, at which byte."""
    _Scan(data).whole(0, depth=0)
    return cbor2.loads(data)


def decode_tagged(data: bytes) -> Tagged:
    """One item in preferred serialization whose only tag is around the whole. Raises Malformed.

    The tag is taken off here: cbor2 would act on those it knows.
    """
    scan = _Scan(data)
    major, tag, start = scan.head(0)
    if major != _TAG:
        raise Malformed("cbor: no tag around it")
    scan.whole(start, depth=1)
    return Tagged(tag, cbor2.loads(data[start:]))


class _Scan:
    """Walks over the heads of an item. Positions are in bytes from the beginning of the data."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise Malformed(f"cbor: longer than {MAX_BYTES} bytes")
        self._data = data

    def head(self, at: int) -> tuple[int, int, int]:
        """(major type, argument, where what follows begins). Raises Malformed."""
        if at >= len(self._data):
            raise self._wrong("ends too early", at)
        major, information = self._data[at] >> 5, self._data[at] & 31
        if information < 24:
            return major, information, at + 1
        size = _HEAD_BYTES.get(information)
        if size is None:
            raise self._wrong("indefinite or reserved length", at)
        end = at + 1 + size
        if end > len(self._data):
            raise self._wrong("ends too early", at)
        argument = int.from_bytes(self._data[at + 1 : end], "big")
        # The smallest that needs so many bytes: 24, 2^8, 2^16, 2^32 (RFC 8949 section 4.1).
        if argument < (24 if size == 1 else 1 << 4 * size):
            raise self._wrong("not in the shortest form", at)
        return major, argument, end

    def whole(self, at: int, depth: int) -> None:
        """Raises Malformed unless one item goes from here to the end."""
        end = self._item(at, depth)
        if end != len(self._data):
            raise self._wrong("more behind the item", end)

    def _item(self, at: int, depth: int) -> int:
        """Where the item ends. depth: how many arrays, maps and tags are around it."""
        major, argument, start = self.head(at)
        if major in (_UNSIGNED, _NEGATIVE):
            return start
        if major in (_BYTES, _TEXT):
            return self._string(at, start, argument, major == _TEXT)
        if major == _SIMPLE:
            if argument not in _FALSE_TRUE_NULL or start != at + 1:
                raise self._wrong("a float or a simple value", at)
            return start
        if major == _TAG:
            raise self._wrong("a tag", at)
        if depth == MAX_DEPTH:
            raise self._wrong("nested too deep", at)
        return (self._map if major == _MAP else self._array)(start, argument, depth + 1)

    def _string(self, at: int, start: int, size: int, is_text: bool) -> int:
        end = start + size
        if end > len(self._data):
            raise self._wrong("ends too early", at)
        if is_text:
            try:
                self._data[start:end].decode()
            except UnicodeDecodeError as error:
                raise self._wrong("not UTF-8", at) from error
        return end

    def _array(self, at: int, count: int, depth: int) -> int:
        for _ in range(count):  # a count that was made up ends with the data
            at = self._item(at, depth)
        return at

    def _map(self, at: int, count: int, depth: int) -> int:
        keys = set()
        for _ in range(count):
            if self.head(at)[0] not in (_UNSIGNED, _NEGATIVE, _TEXT):
                raise self._wrong("a key that is no number or text", at)
            end = self._item(at, depth)
            key = self._data[at:end]  # of its forms there is one
            if key in keys:
                raise self._wrong("a key twice", at)
            keys.add(key)
            at = self._item(end, depth)
        return at

    def _wrong(self, what: str, at: int) -> Malformed:
        return Malformed(f"cbor: {what}, at byte {at}")
