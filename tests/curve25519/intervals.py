"""Runs viper functions on intervals: what holds for an interval holds for every number in it.

An operation on intervals gives the smallest interval that certainly holds every result. Each one is
checked to fit 31 bits and a sign. So a run that passes is a proof for all inputs at once.
"""

from types import FunctionType

LEAST, MOST = -(1 << 31), (1 << 31) - 1


class Interval:
    """All integers from `low` to `high`."""

    widest = 0  # the largest absolute value seen in any run

    def __init__(self, low, high):
        if not LEAST <= low <= high <= MOST:
            raise OverflowError(f"{low} to {high} does not fit 31 bits and a sign")
        self.low, self.high = low, high
        Interval.widest = max(Interval.widest, -low, high)

    def __repr__(self):
        return f"[{self.low}, {self.high}]"

    def within(self, low, high):
        return low <= self.low and self.high <= high

    def __add__(self, other):
        other = interval(other)
        return Interval(self.low + other.low, self.high + other.high)

    __radd__ = __add__

    def __sub__(self, other):
        other = interval(other)
        return Interval(self.low - other.high, self.high - other.low)

    def __rsub__(self, other):
        return interval(other) - self

    def __mul__(self, other):
        other = interval(other)
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(corners), max(corners))

    __rmul__ = __mul__

    def __lshift__(self, bits):
        return Interval(self.low << bits, self.high << bits)

    def __rshift__(self, bits):
        return Interval(self.low >> bits, self.high >> bits)

    def __and__(self, other):
        other = interval(other)
        if other.within(-1, 0) and self.low >= 0:  # all or nothing
            return Interval(0, self.high)
        if self.within(-1, 0) and other.low >= 0:
            return Interval(0, other.high)
        if other.low == other.high >= 0 and other.low & (other.low + 1) == 0:  # the low bits
            if self.low >= 0 and self.high <= other.low:
                return self
            return Interval(0, other.low)
        if self.low >= 0 and other.low >= 0:
            return Interval(0, min(self.high, other.high))
        raise NotImplementedError(f"{self} & {other}")

    __rand__ = __and__

    def __or__(self, other):
        other = interval(other)
        if self.low < 0 or other.low < 0:
            raise NotImplementedError(f"{self} | {other}")
        return Interval(0, (1 << max(self.high, other.high).bit_length()) - 1)

    __ror__ = __or__

    def __xor__(self, other):
        other = interval(other)
        if other.within(0, 0):
            return self
        if other.within(-1, -1):
            return Interval(-1 - self.high, -1 - self.low)
        return self | other

    __rxor__ = __xor__


def interval(value):
    return value if isinstance(value, Interval) else Interval(value, value)


class Pointer:
    """Into a list of words, whatever the width: intervals have none."""

    def __init__(self, words, at=0):
        self.words, self.at = words, at

    def __getitem__(self, index):
        assert self.at + index >= 0
        return self.words[self.at + index]

    def __setitem__(self, index, value):
        assert self.at + index >= 0
        # a word in memory is read back without its sign on a machine of 64 bits
        if interval(value).low < 0:
            raise OverflowError(f"{value} is stored, and could be negative")
        self.words[self.at + index] = value


def run(function, *arguments):
    """Calls a viper function whose pointers all go into the first list among the arguments.

    Addresses count four bytes to a word of that list.
    """
    lists = [a for a in arguments if isinstance(a, list)]
    names = dict(function.body.__globals__)
    for name in ("ptr8", "ptr16", "ptr32"):
        names[name] = lambda at: Pointer(lists[0], at // 4)
    names["int"] = lambda pointer: 4 * pointer.at
    body = FunctionType(function.body.__code__, names)
    return body(*[Pointer(a) if isinstance(a, list) else a for a in arguments])
