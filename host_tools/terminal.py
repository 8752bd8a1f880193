"""What may reach a terminal. Texts come from devices, files and passes: others wrote them.

A terminal acts on some characters (cursor, colour, title, even what is typed next), and others
change in what order or whether the rest is seen. Every text goes through `printable` on its way
out, every JSON through `json_text`; `console` sees to that.
"""

import json
import unicodedata
from collections.abc import Callable
from typing import Any


def is_harmless(character: str) -> bool:
    """True for what is seen as it is, and changes nothing else.

    Not harmless: C0, DEL, C1; format characters (bidirectional ones, joiners, marks of no width,
    tags); line and paragraph separators; halves of surrogates, private and unassigned code points.
    """
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def printable(text: str) -> str:
    """The text on one line, with what is not harmless written as its code: \\x1b, \\u202e."""
    return _mended(text, _code)


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON that says the same and is harmless: such characters are escapes in its strings."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "\n".join(_mended(line, _json_code) for line in text.split("\n"))


def _mended(line: str, code: Callable[[str], str]) -> str:
    if line.isprintable():  # Python's word for the same, but for spaces that are not ASCII's
        return line
    return "".join(each if is_harmless(each) else code(each) for each in line)


def _code(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _json_code(character: str) -> str:
    return json.dumps(character)[1:-1]  # ASCII, as a pair of surrogates above U+FFFF
