"""CBOR as docs/pass.md allows it, and nothing else.

cbor2 takes more: repeated keys, long forms, bytes after the item, floats, tags that become
Python objects. What it decoded is therefore encoded again and compared, byte for byte, and only
the page's types are let through.
"""

from typing import Any, NamedTuple

import cbor2

from provisioning.errors import Malformed

MAX_DEPTH = 6
_TAG = 6  # major type
_HEAD_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}  # argument bytes by additional information

# What cbor2 raises for bad input, and what its own handlers of tags let out (dates, decimals,
# nesting, a tag inside itself as a map's key).
_BAD_INPUT = (cbor2.CBORError, ValueError, TypeError, ArithmeticError, RuntimeError, LookupError)


class Tagged(NamedTuple):
    """An item with its tag."""

    tag: int
    value: Any


def encode(item: Any) -> bytes:
    """Preferred serialization; maps keep their order."""
    return cbor2.dumps(item)


def decode(data: bytes) -> Any:
    """One item without tags, in preferred serialization. Raises Malformed."""
    return _decode(data, depth=0)


def decode_tagged(data: bytes) -> Tagged:
    """One item in preferred serialization whose only tag is around the whole. Raises Malformed.

    The tag is taken off here: cbor2 would act on those it knows.
    """
    if not data or data[0] >> 5 != _TAG:
        raise Malformed("cbor: no tag")
    size = 1 + _HEAD_BYTES.get(data[0] & 31, 0)
    tag = int.from_bytes(data[1:size], "big") if size > 1 else data[0] & 31
    if cbor2.dumps(cbor2.CBORTag(tag, None))[:-1] != data[:size]:
        raise Malformed("cbor: tag")
    return Tagged(tag, _decode(data[size:], depth=1))


def _decode(data: bytes, depth: int) -> Any:
    try:
        item = cbor2.loads(data)
        _check(item, depth)
        again = cbor2.dumps(item)
    except Malformed:
        raise
    except _BAD_INPUT as error:
        raise Malformed("cbor") from error
    if again != data:
        raise Malformed("cbor: not in preferred serialization")
    return item


def _check(item: Any, depth: int) -> None:
    """Raises Malformed for a type, a number or a depth that the page does not have."""
    kind = type(item)
    if kind in (list, dict):
        if depth == MAX_DEPTH:
            raise Malformed("cbor: nesting")
        for key in item if kind is dict else ():
            if type(key) not in (int, str):
                raise Malformed("cbor: key")
            _check(key, depth + 1)
        for value in item.values() if kind is dict else item:
            _check(value, depth + 1)
    elif kind is int:
        if not -(1 << 64) <= item < 1 << 64:
            raise Malformed("cbor: integer")
    elif kind not in (bytes, str, bool, type(None)):
        raise Malformed("cbor: type")
