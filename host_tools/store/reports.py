"""What is in the database, for people and for programs."""

from typing import Any, NamedTuple

from host_tools.store.database import Database

# Columns of the view, in the order in which they are told.
_PEOPLE = (
    *("device", "sequence", "time", "subject", "cti", "issuer", "relation"),
    *("tube", "tube_sequence", "position", "staff"),
)


class Tube(NamedTuple):
    """A tube of one device. people: registrations stored; closed_people: as the device counted.

    Times are Unix seconds.
    """

    device: bytes
    tube: str | None
    opened_time: int | None
    closed_time: int | None
    closed_people: int | None
    people: int


class Reports(Database):
    """Questions that change nothing."""

    def tubes(self) -> list[Tube]:
        """Every tube of every device with its registrations, in the order of opening.

        People registered without a tube come as a tube None.
        """
        rows = self._select(
            "SELECT device, tube, opened_minute * 60, closed_minute * 60, closed_people, "
            "(SELECT count(*) FROM people r WHERE r.device = t.device "
            "AND r.tube_sequence = t.sequence), sequence FROM tubes t "
            "UNION ALL SELECT device, NULL, NULL, NULL, NULL, count(*), min(sequence) "
            "FROM people WHERE tube IS NULL GROUP BY device ORDER BY 1, 7"
        )
        return [Tube(*row[:6]) for row in rows]

    def registrations(self) -> list[dict[str, Any]]:
        """Every registration that counts, by device, in the order in which they were made."""
        rows = self._select(f"SELECT {', '.join(_PEOPLE)} FROM people ORDER BY device, sequence")
        return [dict(zip(_PEOPLE, row, strict=True)) for row in rows]

    def refusals_by_reason(self) -> dict[str, int]:
        """How often each reason was given, most frequent first."""
        rows = self._select(
            "SELECT reason, sum(count) FROM refusals GROUP BY reason ORDER BY 2 DESC, 1"
        )
        return dict(rows)
