"""The reader of all that a device answers: types and bounds of every result (docs/link.md).

Whatever is at the other end of a cable wrote it. What is not known here is left out, not handed on.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from provisioning.errors import Malformed

Reader = Callable[[Any], Any]  # gives the value, or raises Malformed

_U32 = (1 << 32) - 1
_MAX_RECORD_BYTES = 192
_MAX_RECORDS = 128  # a reply has 1024 bytes
_STATUS = re.compile(r"[A-Z][A-Z0-9_]{0,31}")


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _U32:
        raise Malformed("no number from 0 to 4294967295")
    return value


def _yes_or_no(value: Any) -> bool:
    if type(value) is not bool:
        raise Malformed("neither true nor false")
    return value


def _nothing(value: Any) -> None:
    if value is not None:
        raise Malformed("more than null")


def _data(least: int, most: int | None = None) -> Reader:
    """Bytes, `least` to `most` of them."""
    most = least if most is None else most

    def read(value: Any) -> bytes:
        if not isinstance(value, bytes) or not least <= len(value) <= most:
            raise Malformed(f"not {least} to {most} bytes")
        return value

    return read


def _text(most: int) -> Reader:
    """Text of up to `most` bytes of UTF-8; what is in it a terminal must not see as it is."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value.encode()) > most:
            raise Malformed(f"no text of up to {most} bytes")
        return value

    return read


def _maybe(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _either(number: Reader, data: Reader) -> Reader:
    return lambda value: data(value) if isinstance(value, bytes) else number(value)


def _items(reader: Reader, most: int) -> Reader:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise Malformed(f"no list of up to {most}")
        return [reader(each) for each in value]

    return read


def _each(*readers: Reader) -> Reader:
    """A list of exactly these."""

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) != len(readers):
            raise Malformed(f"no list of {len(readers)}")
        return [reader(each) for reader, each in zip(readers, value, strict=True)]

    return read


def _table(key: Reader, reader: Reader, most: int) -> Reader:
    def read(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict) or len(value) > most:
            raise Malformed(f"no map of up to {most}")
        return {key(name): reader(each) for name, each in value.items()}

    return read


def _fields(needed: Mapping[str, Reader], later: Mapping[str, Reader]) -> Reader:
    """A map. later: what not every firmware says."""

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or any(name not in value for name in needed):
            raise Malformed("something is missing")
        readers = {**needed, **later}
        return {name: readers[name](value[name]) for name in readers if name in value}

    return read


_IDENTITY = _fields(
    {
        "device": _maybe(_data(8)),
        "key": _maybe(_data(32)),
        "root": _maybe(_data(32)),
        "board": _text(64),
        "version": _text(64),
        "name": _text(64),
    },
    {"micropython": _text(64)},
)
_KIND = _text(32)
_STATE = _fields(
    {
        "time": _maybe(_number),
        "tube": _maybe(_text(64)),
        **dict.fromkeys(("count", "first", "next", "acknowledged", "released"), _number),
        **dict.fromkeys(("remaining", "capacity", "issuers", "secrets"), _number),
        "lists": _table(_KIND, _number, 16),
        "site": _text(64),
    },
    {
        "missing": _maybe(_text(200)),
        "damaged": _items(_KIND, 16),
        "time_kept": _yes_or_no,
        "uptime_ms": _number,
    },
)


def _chain(value: Any) -> bytes:
    """24 bytes, or none where the header is lost."""
    return b"" if value == b"" else _data(24)(value)


def _identity(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = _IDENTITY(value)
    if found["device"] is not None and found["key"] is None:
        raise Malformed("an id without a key")
    return found


READERS: dict[str, Reader] = {
    "identify": _identity,
    "status": _STATE,
    "set_clock": _number,
    "add_seed": _nothing,
    "install_root": _data(8),
    "begin": _number,
    "piece": _number,
    "commit": _maybe(_either(_number, _data(8))),
    "read": _each(_number, _items(_data(1, _MAX_RECORD_BYTES), _MAX_RECORDS)),
    "sectors": _items(_each(_number, _number, _number, _chain, _yes_or_no), 64),
    "raw": _data(0, 1024),
    "statement": _data(1, 512),
    "sealing_key": _data(1, 512),
    "challenge": _data(16),
}
_REPLY = _each(_number, _number, _text(32), lambda value: value)


def read_reply(item: Any) -> tuple[int, int, str, Any]:
    """Version, request's id, status word and raw result of a decoded reply. Raises Malformed."""
    version, number, status, result = _REPLY(item)
    if not _STATUS.fullmatch(status):
        raise Malformed("its status is no word")
    return version, number, status, result


def read_result(operation: str, result: Any) -> Any:
    """What an operation answers, and nothing else of it. Raises Malformed."""
    try:
        return READERS[operation](result)
    except Malformed as error:
        raise Malformed(f"not what {operation} answers: {error}") from error


def read_detail(result: Any) -> int | None:
    """What may come with an error: where to go on (`OFFSET`, `INCOMPLETE`), a version."""
    try:
        return _number(result)
    except Malformed:
        return None
