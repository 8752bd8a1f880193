"""Overwrites what is free in the heap: there lie the texts, names and numbers of those before.

The collector gives blocks back with their content, and a pass is read in a buffer that stays. Keys
are overwritten one by one, at once (crypto/wipe.py); for what is only personal it does to let go of
it and call `scrub` before the next person comes.

What remains then: what is still referred to (so also what an outdated word on the stack points to),
the one block that is spared, the picture on the screen, and the UART's ring in ESP-IDF, which the
next code overwrites.
"""

import gc
import sys

from crypto import sha512
from micropython import const
from verify import passes

try:
    from esp32 import HEAP_DATA, idf_heap_info
except ImportError:
    idf_heap_info = None  # a port whose heap does not grow

_WORDS_OF_BLOCK = const(4)  # py/mpconfig.h: MICROPY_BYTES_PER_GC_BLOCK
_BLOCK_BYTES = _WORDS_OF_BLOCK * (8 if sys.maxsize > 0x7FFFFFFF else 4)
# Nothing else allocates meanwhile, so it is exact; to ask for one more would let the heap grow.
_SPARED_BLOCKS = const(1)


def scrub():
    """Overwrites the heap's free blocks, all but one, what SHA-512 last had, and the last pass.

    Takes about 15 us for 16 free bytes on an ESP32-C3, so up to 0.1 s: only for idle times. What is
    still referred to stays, so let go of it first. Does nothing under CPython.
    """
    sha512.clear()
    passes.forget()
    if not hasattr(gc, "mem_free"):
        return
    growth_bytes = _growth_bytes()
    gc.collect()
    blocks = (gc.mem_free() - growth_bytes) // _BLOCK_BYTES - _SPARED_BLOCKS
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        _fill(blocks)
    except MemoryError:
        # Less was free than it said: all of that is overwritten.
        gc.collect()
    finally:
        if was_enabled:
            gc.enable()
    gc.collect()


def _fill(blocks):
    """Allocates blocks one by one. With the collector off none is given out twice, so nothing has
    to be held, and no forgotten pointer on the stack can keep more than one."""
    filler = 0
    for _ in range(blocks):
        (filler, filler)  # noqa: B018 - a tuple of two is a block, header included


def _growth_bytes():
    """What `gc.mem_free` counts although it is not in the heap: by so much it could grow (there is
    nothing of ours in it, and to fill it would take it from ESP-IDF for good)."""
    if not idf_heap_info:
        return 0
    return max([region[2] for region in idf_heap_info(HEAP_DATA)])  # largest free piece
