"""Looks through the memory of another process, as Linux shows it in /proc."""

import re
import sys
from pathlib import Path

_WORD_BYTES = 8  # by chance the same in a few megabytes: one time in 10^12


def readable(pid):
    """True if /proc shows the memory of this process to us."""
    try:
        with open(f"/proc/{pid}/mem", "rb"):
            return True
    except OSError:
        return False


def writable_memory(pid):
    """[(name, content)] of all that the process may write: heap, stacks, data of libraries."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            start, end, rights, name = re.match(
                r"(\w+)-(\w+) (....) \S+ \S+ \d+ *(.*)", line
            ).groups()
            if rights.startswith("rw"):
                memory.seek(int(start, 16))
                size = int(end, 16) - int(start, 16)
                content = b""
                while len(content) < size:
                    part = memory.read(size - len(content))
                    if not part:
                        break
                    content += part
                found.append((name or f"anonymous {start}", content))
    return found


def _windows(secret):
    """All runs of eight bytes in a secret: as it is, and as words of four bytes turned round, which
    is how ciphers and hashes keep them."""
    for start in range(len(secret) - _WORD_BYTES + 1):
        window = secret[start : start + _WORD_BYTES]
        yield window
        yield window[3::-1] + window[:3:-1]


def find(memory, secrets):
    """[(what, place, content around it)] of the secrets of which 15 bytes in a row, or 8 that lie
    aligned, are in the memory.

    memory: of `writable_memory`. secrets: {what: bytes of at least eight}.
    """
    whose = {window: what for what, secret in secrets.items() for window in _windows(secret)}
    found = []
    for name, content in memory:
        # A set of the aligned words: to look for each window in the bytes takes minutes.
        words = set(memoryview(content).cast("Q"))
        for window, what in whose.items():
            if int.from_bytes(window, sys.byteorder) in words:
                at = content.find(window)
                found.append((what, f"{name}+0x{at:x}", content[max(0, at - 48) : at + 48]))
    return found


def report(found):
    """Lines that say what was found where."""
    lines = {f"{what}: {place}: {around.hex(' ', 8)}" for what, place, around in found[::4]}
    names = sorted({what for what, _, _ in found})
    return "\n".join([", ".join(names), *sorted(lines)[:12]])
