"""What a call of bytecode takes of the heap, told from the function's prelude (py/bc.h).

MicroPython has a function's frame on the C stack, or in the heap if its locals, its temporaries and
three words for each `try` in it are more than 11 words (py/objfun.c, VM_MAX_STATE_ON_STACK); it is
given back when the function returns. Its `*args` are a tuple.
"""

from dataclasses import dataclass

_CODE_STATE_BYTES = 20  # of an mp_code_state_t, before its values
_STACK_BYTES = 44
_WORD, _TRY = 4, 12
_TUPLE_BYTES = 8
_GENERATOR, _VARARGS = 1, 4


@dataclass
class Prelude:
    """words: locals and temporaries. tries: how deep `try` is nested. name: its number."""

    words: int
    tries: int
    flags: int
    name: int

    @property
    def frame_bytes(self):
        """Of the heap, for each call; 0 if it is on the stack. A generator has it in itself."""
        size = self.words * _WORD + self.tries * _TRY
        if size <= _STACK_BYTES or self.flags & _GENERATOR:
            return 0
        return _CODE_STATE_BYTES + size

    def takes(self, sizes):
        """How many of the last allocations, of these sizes, the call itself has made."""
        count = 0
        if self.flags & _VARARGS and sizes and _TUPLE_BYTES < sizes[-1] <= _TUPLE_BYTES + 4 * _WORD:
            count = 1
        at = len(sizes) - count - 1
        return count + (self.frame_bytes > 0 and at >= 0 and sizes[at] == self.frame_bytes)


def prelude(code):
    """The Prelude at the beginning of a function's bytecode."""
    at = 0
    byte = code[at]
    words, tries, flags = byte >> 3 & 15, byte >> 2 & 1, 0
    shift = 0
    while byte & 0x80:
        at += 1
        byte = code[at]
        words |= (byte & 0x30) << (2 * shift)
        tries |= (byte & 2) << shift
        flags |= (byte >> 6 & 1) << shift
        shift += 1
    at += 1
    while code[at] & 0x80:
        at += 1
    at += 1
    name = 0
    while True:
        name = name << 7 | code[at] & 0x7F
        if not code[at] & 0x80:
            return Prelude(words + 1, tries, flags, name)
        at += 1
