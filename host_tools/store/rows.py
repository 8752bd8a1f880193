"""Which rows an opened record becomes (docs/database.md, schema.sql)."""

import json
from typing import Any

from host_tools.journal import records
from host_tools.journal.opening import Opened

Row = tuple[Any, ...]


def _insert(table: str, *columns: str) -> str:
    names, marks = ", ".join(columns), ",".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})"


_PLACE = ("device", "sequence")
_IN_TUBE = (*_PLACE, "minute", "tube", "position")
_REGISTRATION = _insert("registrations", *_IN_TUBE, "subject", "cti", "issuer", "relation", "staff")
_MANUAL = _insert("manual", *_IN_TUBE, "kind", "number", "name", "staff")
_VOID = _insert("voids", *_PLACE, "registration", "reason", "staff")
_REFUSALS = _insert("refusals", *_PLACE, "reason", "count", "from_time", "to_time")
_EVENT = _insert("events", *_PLACE, "type", "minute", "content")
_TUBE_OPENED = (
    "INSERT INTO tubes (device, sequence, tube, opened_minute) VALUES (?,?,?,?) "
    "ON CONFLICT DO NOTHING"
)
_TUBE_CLOSED = (
    "UPDATE tubes SET closed_sequence = ?, closed_minute = ?, closed_people = ? "
    "WHERE device = ? AND sequence = ?"
)


def of_batch(device: bytes, batch: list[Opened]) -> dict[str, list[Row]]:
    """Statements and their rows, in the order in which they are to be executed.

    Executing them again changes nothing. device: its id, 8 bytes.
    """
    # Tubes are opened before they are closed.
    found: dict[str, list[Row]] = {_TUBE_OPENED: [], _TUBE_CLOSED: []}
    for one in batch:
        if one.content is not None:
            for statement, row in _of(device, one):
                found.setdefault(statement, []).append(row)
    return found


def _of(device: bytes, one: Opened) -> list[tuple[str, Row]]:
    sequence, minute, said = one.record.sequence, one.record.minute, one.content
    where = (device, sequence)
    if isinstance(said, records.Registration):
        tube, position, _, subject, cti, issuer, relation, staff = said
        row = (*where, minute, tube, position, subject, cti, issuer, relation, staff)
        return [(_REGISTRATION, row)]
    if isinstance(said, records.Manual):
        tube, position, _, kind, staff, number, name = said
        return [(_MANUAL, (*where, minute, tube, position, kind, number, name, staff))]
    if isinstance(said, records.Refusals):
        to_time = None if minute is None else minute * 60
        from_time = None if to_time is None else to_time - said.span_s
        return [
            (_REFUSALS, (*where, reason, count, from_time, to_time))
            for reason, count in said.counts.items()
        ]
    if isinstance(said, records.TubeOpened):
        return [(_TUBE_OPENED, (*where, said.tube, minute))]
    if isinstance(said, records.TubeClosed):
        return [(_TUBE_CLOSED, (sequence, minute, said.people, device, said.tube))]
    if isinstance(said, records.Void):
        return [(_VOID, (*where, said.registration, said.reason, said.staff))]
    assert said is not None
    content = json.dumps(said._asdict(), default=bytes.hex, ensure_ascii=False)
    return [(_EVENT, (*where, one.record.type, minute, content))]
