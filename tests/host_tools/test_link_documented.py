"""docs/link.md names every operation and every error that the device can give."""

import re
from pathlib import Path

from link.server import Server
from link_device import LinkDevice

from host_tools import client

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/link.md").read_text(encoding="utf-8")
RAISED = re.compile(r'Refused\(\s*"([A-Z_]+)"|status = "([A-Z_]+)"')


def _words(pattern: re.Pattern[str], *paths: Path) -> set[str]:
    found = set()
    for path in paths:
        for groups in pattern.findall(path.read_text(encoding="utf-8")):
            found |= {groups} if isinstance(groups, str) else set(groups)
    return found - {""}


def test_every_operation_is_described():
    for operation in Server(LinkDevice())._operations:
        assert f"| `{operation}` |" in PAGE, operation


def test_every_error_is_described():
    firmware = ROOT / "firmware"
    raised = _words(
        RAISED,
        *firmware.glob("keeping/*.py"),
        *firmware.glob("link/*.py"),
        firmware / "verify/cose.py",
    )
    assert len(raised) > 15
    for word in raised | set(client.ADVICE):
        assert f"`{word}`" in PAGE, word


def test_every_command_is_described():
    source = (ROOT / "firmware/link/actions.py").read_text(encoding="utf-8")
    commands = re.findall(r'"(\w+)": \((?:PROVISION|COLLECT|CLOCK|SERVICE), ', source)
    assert len(commands) > 3
    for command in commands:
        assert f"| `{command}` |" in PAGE, command
