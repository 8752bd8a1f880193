"""CBOR items checked where they lie: what reading a pass needs of RFC 8949, without a tree.

The rules are those of verify/cbor.py, which makes objects of what the host sends: preferred
serialization, integers, byte strings, valid UTF-8, arrays, maps with integer or text keys and none
of them twice, false, true, null, nesting of at most 6. Preferred serialization gives a value one
encoding, so two keys are the same if their bytes are.
"""

import micropython
from micropython import const

# What `_note` works on, in half words: how many items are to come at each depth above (0 to 5); how
# many texts are not ASCII (7); where the list of a map's keys begins there (8 to 13; 0: no map);
# places of keys or items (from 16 on), of those texts (from 360 on).
_TEXT_COUNT = const(7)
_FIRST = const(16)
_TEXTS = const(360)
# An item takes a byte at least, such a text two
MAX_BYTES = const(340)
_found = bytearray(2 * (360 + 170))
_four_bytes = bytearray(4)


@micropython.viper
def _note(data: ptr8, at: int, end: int, level: int, found: ptr16) -> int:
    """`note`, but for UTF-8; the number of places and one, or 0."""
    noted = 0
    top = 16
    depth = 0
    left = 1  # items to come in what is open
    keys = 0  # where the list of its keys begins, if that is a map
    found[7] = 0
    while at < end:
        start = at
        left -= 1
        is_key = 0
        if keys:
            is_key = left & 1
        elif depth == level:
            found[top] = start
            top += 1
        value = data[at]
        at += 1
        kind = value >> 5
        value = value & 31
        # the head's argument, in its shortest form (section 4.1)
        if kind == 7:
            if (value - 20) & -4:
                break
            if value == 23:
                break
        elif value > 23:
            if value > 27:
                break
            size = 1 << (value - 24)
            if size > end - at:
                break
            value = data[at]
            least = 24
            if size > 1:
                i = size >> 1
                least = 1
                while i > 1:
                    i -= 1
                    value = value | data[at + i]
            if value < least:
                break
            if size > 1:
                value = (value << 8) | data[at + 1]
                if size > 2:
                    value = 65535  # as a length too much; of an integer it does not matter
            at += size
        if is_key:
            if kind > 1:
                if kind != 3:
                    break
        if kind & 6 == 2:
            if value > end - at:
                break
            value += at
            if kind == 2:
                at = value
            seen = 0
            while at < value:
                seen = seen | data[at]
                at += 1
            if seen > 127:
                i = found[7]
                found[7] = i + 1
                found[360 + i] = start
        elif kind & 4:
            if kind < 7:
                if kind == 6:
                    if depth + 2 != level:
                        break
                    value = 1
                elif kind == 5:
                    value = value << 1
                if value > end - at:
                    break
                if depth == 6:
                    break
                found[depth] = left
                found[8 + depth] = keys
                depth += 1
                left = value
                keys = 0
                if kind == 5:
                    keys = top
        if is_key:
            size = keys
            while size < top:
                n = start
                i = found[size]
                # none is the beginning of another: they differ before one ends
                while data[i] == data[n]:
                    i += 1
                    n += 1
                    if n == at:
                        return 0
                size += 1
            found[top] = start
            top += 1
        while left == 0:
            if depth == 0:
                if at == end:
                    noted = top - 15
                at = end
                break
            if depth > level:
                if keys:
                    top = keys
            depth -= 1
            left = found[depth]
            keys = found[8 + depth]
    return noted


def note(data, at, end, level):
    """Checks that the bytes of `data` from `at` to before `end` are one item; looks into it.

    data: bytes-like, `end` at most MAX_BYTES. level: 1 looks for what an array or a map holds (its
    keys), 2 for what the array in a tag holds; only then a tag may stand there, around all.
    Returns how many there are, for `place`; -1 if anything is wrong.
    """
    # `at`, `end` and `level` are used again: with more locals, they would be in the heap.
    level = _note(data, at, end, level, _found) - 1
    if level >= 0:
        end = _half_word(_TEXT_COUNT)
        while end:
            end -= 1
            at = _half_word(_TEXTS + end)
            if not is_utf8(data, content(data, at), content(data, at) + size(data, at)):
                return -1
    return level


def place(n):
    """Where in `data` item `n` begins, of those that `note` has found; of a map it is key `n`."""
    return _half_word(_FIRST + n)


def _half_word(n):
    return _found[2 * n] | _found[2 * n + 1] << 8


def content(data, at):
    """Where what a checked byte string or text, the item at `at`, has in it begins."""
    info = data[at] & 31
    return at + 1 if info < 24 else at + 1 + (1 << (info - 24))


def size(data, at):
    """The length in bytes of what a checked byte string or text, the item at `at`, has in it."""
    info = data[at] & 31
    if info < 24:
        return info
    return data[at + 1] if info == 24 else data[at + 1] << 8 | data[at + 2]


def number(data, at):
    """The unsigned integer below 2^32 that a checked item is."""
    value = data[at]
    if value < 24:
        return value
    length = 1 << (value - 24)
    # A buffer, so that nothing but the integer is allocated
    for n in range(4):
        _four_bytes[n] = data[at + length + n - 3] if n >= 4 - length else 0
    return int.from_bytes(_four_bytes, "big")


def begins(data, at, what):
    """True if these bytes are at this place of a buffer that has so many."""
    for n in range(len(what)):
        if data[at + n] != what[n]:
            return False
    return True


def is_bytes(data, at, least, most=None):
    """True if the checked item at `at` is a byte string of so many bytes; or exactly of `least`."""
    return data[at] >> 5 == 2 and least <= size(data, at) <= (least if most is None else most)


def is_text(data, at, least, most):
    """True if the checked item at `at` is a text of so many bytes."""
    return data[at] >> 5 == 3 and least <= size(data, at) <= most


def is_utf8(data, at, end):
    """True if the bytes from `at` to before `end` are UTF-8 (RFC 3629).

    That is: shortest forms, no surrogates, at most U+10FFFF. By hand, for MicroPython's own
    decoding lets some broken forms through.
    """
    while at < end:
        first = data[at]
        at += 1
        if first < 0x80:
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= first <= 0xDF:
            more = 1
        elif 0xE0 <= first <= 0xEF:
            more = 2
            if first == 0xE0:
                low = 0xA0
            elif first == 0xED:
                high = 0x9F
        elif 0xF0 <= first <= 0xF4:
            more = 3
            if first == 0xF0:
                low = 0x90
            elif first == 0xF4:
                high = 0x8F
        else:
            return False
        if at + more > end:
            return False
        while more:
            more -= 1
            if not low <= data[at] <= high:
                return False
            low, high = 0x80, 0xBF
            at += 1
    return True
