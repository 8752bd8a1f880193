"""What lies in the heap of the 32-bit interpreter: a collected heap, object by object."""

import struct
from collections import Counter

from tools.wasm32.chip import BLOCK_BYTES

_HEAD, _TAIL = 1, 2
_FUNCTION_BYTES = 16  # py/objfun.h: type, context, children, bytecode
BUFFER_BYTES = 256  # a block from this size on is shown as a buffer
MODULES = "modules: names and constants"
BUFFERS = "buffers of 256 bytes and more"
REST = "classes, dictionaries, objects, small buffers"


def blocks(chip):
    """{address: bytes} of all that is in use; the heap has to be collected."""
    chip.heap()
    start, length, pool = chip._table
    found = {}
    current = None
    for i, byte in enumerate(chip.memory.read(start, length)):
        for shift in (0, 2, 4, 6):
            kind = byte >> shift & 3
            at = pool + (4 * i + shift // 2) * BLOCK_BYTES
            if kind == _HEAD:
                current = at
                found[at] = BLOCK_BYTES
            elif kind == _TAIL and current is not None:
                found[current] += BLOCK_BYTES
            else:
                current = None
    return found


def census(chip, before):
    """{part: bytes}. Parts are the firmware's modules, by their functions, and the constants above.

    before: `blocks` as they were without the firmware; what is still the same does not count.
    """
    chip.collect()
    sizes = blocks(chip)
    left = {at: size for at, size in sizes.items() if before.get(at) != size}
    found = Counter()
    contexts = set()

    def word(at, i):
        return struct.unpack("<I", chip.memory.read(at + 4 * i, 4))[0]

    for at, size in list(left.items()):
        if size != _FUNCTION_BYTES:
            continue
        code = word(at, 3)
        module = chip.module_of(code) if code in sizes and word(at, 1) in sizes else "?"
        if module != "?":
            found[module] += left.pop(at) + left.pop(code, 0)
            contexts.add(word(at, 1))
    for context in contexts:
        for at in (context, word(context, 2), word(context, 3)):
            found[MODULES] += left.pop(at, 0)
    for size in left.values():
        found[BUFFERS if size >= BUFFER_BYTES else REST] += size
    return found
