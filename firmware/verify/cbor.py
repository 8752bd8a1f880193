"""CBOR (RFC 8949), the part that ScanPost uses, in preferred serialization only.

Integers from -2^64 to 2^64-1, byte strings, text strings, arrays, maps with integer or text
keys, false, true, null, and one tag around the whole item. No floats, no indefinite lengths,
no long forms, no repeated keys, nothing behind the item: a message has one encoding.
"""

from micropython import const

from verify.errors import Malformed
from verify.items import is_utf8

_UNSIGNED = const(0)
_NEGATIVE = const(1)
_BYTES = const(2)
_TEXT = const(3)
_ARRAY = const(4)
_MAP = const(5)
_TAG = const(6)
_SIMPLE = const(7)

_MAX_DEPTH = const(6)


class Tag:
    """A tagged item (RFC 8949 section 3.4). tag: its number; value: the item in it."""

    def __init__(self, tag, value):
        self.tag = tag
        self.value = value


class _Reader:
    def __init__(self, data, max_depth):
        self._data = data
        self._at = 0
        self._depth_left = max_depth

    def at_end(self):
        return self._at == len(self._data)

    def _take(self, count):
        start = self._at
        if count > len(self._data) - start:
            raise Malformed  # cut short
        self._at = start + count
        return self._data[start : start + count]

    def _argument(self, info):
        """The argument of an item's head (section 3); its shortest form only."""
        if info < 24:
            return info
        if info > 27:
            raise Malformed  # head
        size = 1 << (info - 24)
        value = int.from_bytes(self._take(size), "big")
        if value < 24 or (size > 1 and not value >> (4 * size)):
            raise Malformed  # long form
        return value

    def item(self, tag_allowed):
        if self._at == len(self._data):
            raise Malformed  # cut short
        head = self._data[self._at]  # without a slice: most items are a head and no more
        self._at += 1
        kind = head >> 5
        if kind == _SIMPLE:
            return self._simple(head & 31)
        argument = self._argument(head & 31)
        if kind == _UNSIGNED:
            return argument
        if kind == _NEGATIVE:
            return -1 - argument
        if kind == _BYTES:
            return bytes(self._take(argument))
        if kind == _TEXT:
            text = self._take(argument)
            if not is_utf8(text, 0, argument):
                raise Malformed  # UTF-8
            return str(text, "utf-8")
        if self._depth_left == 0:
            raise Malformed  # depth
        self._depth_left -= 1
        if kind == _ARRAY:
            value = self._array(argument)
        elif kind == _MAP:
            value = self._map(argument)
        elif tag_allowed:
            value = Tag(argument, self.item(False))
        else:
            raise Malformed  # tag
        self._depth_left += 1
        return value

    def _simple(self, info):
        if info == 20:
            return False
        if info == 21:
            return True
        if info == 22:
            return None
        raise Malformed  # simple value or float

    def _array(self, count):
        # An item takes a byte at least: a count that cannot be true allocates nothing.
        if count > len(self._data) - self._at:
            raise Malformed  # cut short
        values = [None] * count
        for index in range(count):
            values[index] = self.item(False)
        return values

    def _map(self, count):
        if 2 * count > len(self._data) - self._at:
            raise Malformed  # cut short
        values = {}
        for _ in range(count):
            key = self.item(False)
            if isinstance(key, bool) or not isinstance(key, (int, str)):
                raise Malformed  # key
            if key in values:
                raise Malformed  # repeated key
            values[key] = self.item(False)
        return values


def decode(data, max_depth=_MAX_DEPTH, tagged=False):
    """The one item that `data` holds.

    data: bytes-like; its length bounds everything that is allocated.
    max_depth: how many arrays, maps and tags may lie in each other.
    tagged: whether the item may be a Tag; inside it no tag is allowed.
    Raises Malformed.
    """
    reader = _Reader(data, max_depth)
    value = reader.item(tagged)
    if not reader.at_end():
        raise Malformed
    return value


def is_uint(value, bits=32):
    """True for an integer of at most so many bits that is not negative, and no bool."""
    return isinstance(value, int) and not isinstance(value, bool) and value >> bits == 0


def is_bytes(value, least, most=None):
    """True for a byte string of so many bytes; without `most` of exactly `least`."""
    return isinstance(value, bytes) and least <= len(value) <= (least if most is None else most)


def is_text(value, least, most):
    """True for a text of so many bytes."""
    return isinstance(value, str) and least <= len(value.encode()) <= most


def is_list(value, count):
    """True for an array of so many items."""
    return isinstance(value, list) and len(value) == count


def _put_head(put, kind, argument):
    kind <<= 5
    if argument < 24:
        put(bytes((kind | argument,)))
        return
    if argument >> 64:
        raise ValueError
    size = 1
    while argument >> (8 * size):
        size *= 2
    info = {1: 24, 2: 25, 4: 26, 8: 27}[size]
    put(bytes((kind | info,)))
    put(argument.to_bytes(size, "big"))


def encode_to(put, value):
    """Gives out the preferred serialization of a value in pieces, with map keys in bytewise order.

    put: called with bytes-like pieces, one after the other (RFC 8949 section 4.2.1). value: what
    `decode` gives (tuples count as arrays). Raises ValueError for anything else.
    """
    if value is None:
        put(b"\xf6")
    elif value is True:
        put(b"\xf5")
    elif value is False:
        put(b"\xf4")
    elif isinstance(value, int):
        if value >= 0:
            _put_head(put, _UNSIGNED, value)
        else:
            _put_head(put, _NEGATIVE, -1 - value)
    elif isinstance(value, str):
        text = value.encode()
        _put_head(put, _TEXT, len(text))
        put(text)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _put_head(put, _BYTES, len(value))
        put(value)
    elif isinstance(value, (list, tuple)):
        _put_head(put, _ARRAY, len(value))
        for item in value:
            encode_to(put, item)
    elif isinstance(value, dict):
        _put_head(put, _MAP, len(value))
        for key, name in sorted([(encode(name), name) for name in value]):
            put(key)
            encode_to(put, value[name])
    elif isinstance(value, Tag):
        _put_head(put, _TAG, value.tag)
        encode_to(put, value.value)
    else:
        raise ValueError


def encode(value):
    """What `encode_to` gives out, as bytes."""
    out = bytearray()
    encode_to(out.extend, value)
    return bytes(out)
