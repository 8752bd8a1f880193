"""What has decayed, told sector by sector in numbers of records (docs/journal.md)."""

from collections.abc import Iterable
from typing import NamedTuple


class SectorDamage(NamedTuple):
    """A damaged sector. sector: its place in the partition, None where that is not known.

    missing: ranges of numbers (first, last) between which records are lost; mended: numbers of
    records of which one wrong bit was put right. header: "mended" or "lost", where it is that.
    torn: slots in which something lies that is no record.
    """

    sector: int | None
    missing: tuple[tuple[int, int], ...] = ()
    mended: tuple[int, ...] = ()
    header: str | None = None
    torn: int = 0

    @property
    def is_lossy(self) -> bool:
        """True if something is gone, and not only put right."""
        return bool(self.missing)


def told(damage: SectorDamage) -> str:
    """For a person: "sector 17 is damaged: records 1041 to 1058 are missing, 1059 mended"."""
    said = []
    if damage.missing:
        ranges = [_range(first, last) for first, last in damage.missing]
        is_one = len(damage.missing) == 1 and damage.missing[0][0] == damage.missing[0][1]
        said.append(f"{_records(ranges, is_one)} {'is' if is_one else 'are'} missing")
    if damage.mended:
        ranges = [_range(first, last) for first, last in joined(damage.mended)]
        is_one = len(damage.mended) == 1
        said.append(f"{', '.join(ranges) if said else _records(ranges, is_one)} mended")
    if damage.header == "mended":
        said.append("its header was mended")
    elif damage.header == "lost":
        said.append("its header is lost")
    if damage.torn and not damage.missing:
        slots = "1 slot holds" if damage.torn == 1 else f"{damage.torn} slots hold"
        said.append(f"{slots} no record")
    where = "a sector" if damage.sector is None else f"sector {damage.sector}"
    return f"{where} is damaged: {', '.join(said) or 'its records were read all the same'}"


def joined(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as ranges (first, last), ascending."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _records(ranges: list[str], is_one: bool) -> str:
    return f"record{'' if is_one else 's'} {', '.join(ranges)}"
