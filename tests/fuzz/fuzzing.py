"""Inputs made from good ones by small changes, and what must come of them: an answer.

A target takes bytes. It may refuse them with one of its errors; anything else, more CPU time than
`CPU_S` or more memory than the process has, is a finding. Which line refused an input is how the
search is guided: one that is refused in a new place joins those that are changed further.

Everything comes from the seed: the same seed gives the same inputs.
"""

import random
import signal
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

CPU_S = 5.0  # for one input; the dearest of them takes some hundredths
MAX_GROWN = 400  # inputs that a target adds to its good ones
MAX_BYTES = 70_000

_HEADS = bytes.fromhex("000117181920373840415758606180819fa0a1bfc0c1d2d8f4f6f7f9fbff")
_NUMBERS = (0, 1, 23, 24, 63, 64, 127, 128, 255, 256, 65535, 65536, 1 << 31, (1 << 32) - 1)
_NUMBERS += (1 << 32, 1 << 63, (1 << 64) - 1)


class Target(NamedTuple):
    """What is tried. share: of the inputs, to those of the others; good: what it takes."""

    act: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...]
    good: list[bytes]
    share: int = 10


class Finding(AssertionError):
    """What came instead of an answer, and the input that it came of."""


def fuzz(targets: dict[str, Target], inputs: int, seed: int) -> dict[str, tuple[int, int, int]]:
    """Tries so many inputs; returns by target how many were tried, taken, and kept as new.

    Raises Finding.
    """
    shares = sum(target.share for target in targets.values())
    told = {}
    for name, target in targets.items():
        count = max(1, inputs * target.share // shares)
        told[name] = _fuzz_one(name, target, count, random.Random(f"{seed} {name}"))
    return told


def _fuzz_one(name: str, target: Target, count: int, rng: random.Random) -> tuple[int, int, int]:
    grown = list(target.good)
    places: set[object] = set()
    taken = 0
    for data in _inputs(target.good, grown, count, rng):
        with _limited():
            try:
                target.act(data)
                place: object = "taken"
                taken += 1
            except target.refuses as error:
                place = _place_of(error)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                raise Finding(f"{name}: {type(error).__name__}: {error}: {data.hex()}") from error
        if place not in places:
            places.add(place)
            if len(grown) < len(target.good) + MAX_GROWN:
                grown.append(data)
    return count, taken, len(grown) - len(target.good)


def _inputs(
    good: list[bytes], grown: list[bytes], count: int, rng: random.Random
) -> Iterator[bytes]:
    yield from good[:count]
    for _ in range(count - len(good)):
        data = rng.choice(grown)
        for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
            data = changed(data, rng, grown)
        yield data[:MAX_BYTES]


def changed(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """One change: of a bit, a byte, a CBOR head, a number, a part, a length; with another input."""
    if not data:
        return rng.randbytes(rng.randrange(1, 40))
    at = rng.randrange(len(data))
    kind = rng.randrange(10)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + rng.randbytes(1) + data[at + 1 :]
    if kind == 2:
        return data[:at] + bytes([rng.choice(_HEADS)]) + data[at + rng.randrange(2) :]
    if kind == 3:  # a head with a number of its own
        number, width = rng.choice(_NUMBERS), rng.randrange(4)
        size = 1 << width
        head = rng.choice(range(0, 256, 32)) | 24 + width
        number &= (1 << 8 * size) - 1
        return data[:at] + bytes([head]) + number.to_bytes(size, "big") + data[at + 1 :]
    if kind == 4:
        return data[:at]
    if kind == 5:
        return data[:at] + data[at + rng.randrange(1, 9) :]
    if kind == 6:
        end = at + rng.randrange(1, 20)
        return data[:end] + data[at:end] * rng.choice((1, 2, 40)) + data[end:]
    if kind == 7:
        number = rng.choice(_NUMBERS) & 0xFFFFFFFF
        return data[:at] + number.to_bytes(4, "big") + data[at + 4 :]
    if kind == 8:
        other = rng.choice(others)
        start = rng.randrange(len(other) + 1)
        return data[:at] + other[start : start + rng.randrange(1, 60)] + data[at:]
    return data[:at] + rng.randbytes(rng.randrange(1, 12)) + data[at:]


def with_crc(data: bytes) -> bytes:
    """A record whose last four bytes are right again: else nothing behind them is reached."""
    return data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "big")


def _place_of(error: BaseException) -> object:
    while error.__cause__ is not None:  # where it was found, before it became another error
        error = error.__cause__
    lines = []
    trace = error.__traceback__
    while trace is not None:
        lines.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return *lines[-3:], getattr(error, "reason", None)


class _TooLong(BaseException):
    """An input keeps its target busy."""


def _stop(number: int, frame: object) -> None:
    raise _TooLong(f"more than {CPU_S} s of CPU time")


@contextmanager
def _limited() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


signal.signal(signal.SIGVTALRM, _stop)
