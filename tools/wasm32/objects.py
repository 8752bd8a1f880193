"""MicroPython's objects in the memory of its 32-bit build (py/obj.h, representation A)."""

import ctypes
import struct

WORD = struct.Struct("<I")
ARRAY = struct.Struct(
    "<IIII"
)  # bytes, bytearray, memoryview, array: type, hash or kind, length, at
STATE_WORDS = 5  # of mp_code_state_t before its values
NONE_BITS = 0b110  # immediate objects end so; which one None is, `Memory.none` is told

VIEW = 0x80  # in a memoryview's kind: it may be written to
ITEM_BYTES = {0: 1, 1: 1, **{ord(k): struct.calcsize("<" + k) for k in "bBhHiIlLqQfd"}}


def small_int(value):
    """The object of an integer of up to 31 bits."""
    return (value << 1 | 1) & 0xFFFFFFFF


class Memory:
    """The interpreter's memory, while a call from it lasts."""

    def __init__(self, memory, store):
        self._memory, self._store = memory, store
        self._view = memoryview(b"")
        self.types = {}  # address of a type object: its name
        self.none = 0

    def _bytes(self, end):
        # It grows in place; wasmtime's own way to read is ten times slower.
        if end > len(self._view):
            size = self._memory.data_len(self._store)
            array = ctypes.c_ubyte * size
            start = ctypes.addressof(self._memory.data_ptr(self._store).contents)
            self._view = memoryview(array.from_address(start)).cast("B")
        return self._view

    def read(self, at, count):
        return bytes(self._bytes(at + count)[at : at + count])

    def write(self, at, data):
        self._bytes(at + len(data))[at : at + len(data)] = data

    def word(self, at):
        return WORD.unpack_from(self._bytes(at + 4), at)[0]

    def short(self, at):
        return int.from_bytes(self.read(at, 2), "little")

    def value(self, found):
        """An argument: an integer, None, or the `Buffer` that it is."""
        if found & 1:
            value = found >> 1
            return value - (1 << 31) if value >> 30 else value
        if found & 3 or not found:
            return None
        kind, second, length, at = ARRAY.unpack_from(self._bytes(found + 16), found)
        name = self.types.get(kind)
        if name == "int":
            return self._long(second, length, at)
        if name == "memoryview":
            size = ITEM_BYTES[second & 0x7F]
            return Buffer(self, at + (second >> 8) * size, length * size)
        if name in ("bytearray", "array"):
            return Buffer(self, at, length * ITEM_BYTES[second & 0xFF])
        if name == "bytes":
            return Buffer(self, at, length, writable=False)
        raise TypeError(f"an argument of a type that is not expected, at {found:#x}")

    def _long(self, flags, length, at):
        digits = int.from_bytes(self.read(at, 2 * length), "little")  # mpz: digits of 16 bits
        return -digits if flags & 1 else digits

    def arguments(self, state):
        """The function's arguments, from its mp_code_state_t, as a function that reads the n-th."""
        last = state + 4 * (STATE_WORDS + self.short(state + 12) - 1)
        return lambda n: self.value(self.word(last - 4 * n))


class Buffer:
    """Bytes of an object in the interpreter's memory."""

    def __init__(self, memory, at, length, writable=True):
        self.memory, self.at, self.length, self.writable = memory, at, length, writable

    def __len__(self):
        return self.length

    def __bytes__(self):
        return self.memory.read(self.at, self.length)

    def store(self, data):
        """Puts data at its beginning."""
        if len(data) > self.length:
            raise ValueError("does not fit")
        self.memory.write(self.at, data)
