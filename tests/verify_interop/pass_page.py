"""The Python of docs/pass.md, so that what the page tells an issuing office is what is tested."""

import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

PAGE = (Path(__file__).parents[2] / "docs" / "pass.md").read_text(encoding="utf-8")


def code() -> SimpleNamespace:
    """The page's functions and its example claims; without those whose library is not here."""
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        libraries = re.findall(r"^from (cwt|pycose)\b", block, re.MULTILINE)
        if all(find_spec(library) for library in libraries):
            exec(block, names)
    return SimpleNamespace(**names)


def example_text() -> str:
    """The text of the example."""
    (text,) = re.findall(r"^    (SP1:.{100,})$", PAGE, re.MULTILINE)
    return text


def example_bytes() -> bytes:
    """The bytes of the example's listing; what stands behind two spaces is a remark."""
    listing = PAGE.split("\n    d2  ")[1].split("\n\n")[0]
    items = []
    for line in ("d2  " + listing).splitlines():
        items += re.match(r"\s*((?:[0-9a-f]{2,} ?)*)(?: |$)", line)[1].split()
    return bytes.fromhex("".join(items))
