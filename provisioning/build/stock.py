"""The names that stock MicroPython images have, from stock_names.txt (tools/stock_names.py)."""

import re
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("stock_names.txt")
# MicroPython writes signs in its lists as words (py/makeqstrdata.py): `_slash_` is no name.
_SIGN = re.compile(r"_(0x\w+|lt|gt|space|slash|dot|star|colon|percent|hash|brace_\w+|hyphen)_")


@cache
def _lines() -> tuple[str, ...]:
    lines = LIST.read_text(encoding="ascii").splitlines()
    return tuple(line for line in lines if not line.startswith("#") and not _SIGN.search(line))


@cache
def in_every_image() -> frozenset[str]:
    """Names that are in the ROM of every supported image: they cost a device nothing."""
    return frozenset(name for name in _lines() if not name.startswith("-"))


@cache
def known() -> frozenset[str]:
    """Those, and all others that MicroPython's sources know: perhaps of an interface."""
    return frozenset(name.lstrip("-") for name in _lines())
