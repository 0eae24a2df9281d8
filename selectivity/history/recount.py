"""Files and outcomes counted once more, from the tables that keep them (recomptage)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.vocabulary import Channel, ControlResult
from selectivity.history.entries import ENTRY, Entries, entries_of, number_of
from selectivity.history.keys import Hasher
from selectivity.history.stored import facts_of
from selectivity.history.writing import Closed, overturn_number

_CHUNK = 5000
_COLUMNS = """
r.id, r.jurisdiction, r.flow, r.nature, r.registration_number, r.relation,
r.beneficiary_birth_date, r.care_from, r.care_to, r.amount_cents, r.provider_id, r.prescriber_id,
r.details, r.region_code, r.received_at
"""
# What another file opened (an appeal, a second reading) asks for nothing again: the gate, which
# counts what came, never saw it.
_LIVE = sa.text(
    f"SELECT {_COLUMNS} FROM received_file r WHERE r.jurisdiction = :place"  # noqa: S608 - ours
    f" AND r.channel <> '{Channel.INTERNAL}'"
    " AND r.received_at >= :since AND r.received_at < :until ORDER BY r.recorded_at, r.id"
)
_PAST = sa.text(
    "SELECT entry FROM past_file WHERE jurisdiction = :place"
    " AND received_on >= :first AND received_on < :end"
)
_OUTCOMES = sa.text(
    "SELECT o.id AS outcome_id, o.result, o.decided_on, o.overturned_on, o.replaces_id,"  # noqa: S608 - ours
    f" p.entry, {_COLUMNS}"
    " FROM control_outcome o LEFT JOIN received_file r ON r.id = o.received_file_id"
    " LEFT JOIN past_file p ON p.id = o.past_file_id WHERE o.jurisdiction = :place"
    " AND (o.decided_on >= :first AND o.decided_on < :end"
    " OR o.overturned_on >= :first AND o.overturned_on < :end)"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``first`` up to, but not including, ``end``, of a jurisdiction."""

    place: str
    first: date
    end: date

    def values(self) -> dict[str, Any]:
        """Return what the questions above want."""
        zone = ZONES[self.place]
        return {
            "place": self.place,
            "first": self.first,
            "end": self.end,
            "since": datetime.combine(self.first, time(), zone),
            "until": datetime.combine(self.end, time(), zone),
        }

    def holds(self, day: date | None) -> bool:
        """Return whether a day lies in it."""
        return day is not None and self.first <= day < self.end


def files_of(session: Session, span: Span, hasher: Hasher) -> Entries:
    """Return what the counters keep of the files received in a span, in the order recorded."""
    parts = [np.zeros(0, dtype=ENTRY)]
    rows = session.execute(
        _LIVE.execution_options(stream_results=True, max_row_buffer=_CHUNK), span.values()
    )
    zone = ZONES[span.place]
    for chunk in _chunks(rows):
        facts = [facts_of(row, row.received_at.astimezone(zone).date()) for row in chunk]
        parts.append(entries_of(facts, [row.id for row in chunk], hasher))
    past = session.execute(_PAST, span.values()).scalars().all()
    parts.append(np.frombuffer(b"".join(past), dtype=ENTRY))
    return np.concatenate(parts)


def outcomes_of(session: Session, span: Span, hasher: Hasher) -> tuple[Entries, Closed]:
    """Return what controls added in a span, beside the entries of their files."""
    closed = Closed([], [], [], [])
    parts = [np.zeros(0, dtype=ENTRY)]
    for row in session.execute(_OUTCOMES, span.values()):
        entry = _entry_of(row, ZONES[span.place], hasher)
        is_hit = ControlResult(row.result).is_hit
        number = number_of(row.outcome_id)
        if span.holds(row.decided_on):
            parts.append(entry)
            closed.add(row.decided_on, number, 0 if row.replaces_id else 1, int(is_hit))
        if is_hit and span.holds(row.overturned_on):
            parts.append(entry)
            closed.add(row.overturned_on, overturn_number(number), 0, -1)
    return np.concatenate(parts), closed


def _entry_of(row: Any, zone: Any, hasher: Hasher) -> Entries:
    if row.entry is not None:
        return np.frombuffer(row.entry, dtype=ENTRY)
    day = row.received_at.astimezone(zone).date()
    return entries_of([facts_of(row, day)], [row.id], hasher)


def _chunks(rows: Any) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def spans(place: str, first: date, end: date, days: int) -> Iterator[Span]:
    """Yield spans of so many days from ``first`` up to ``end``."""
    while first < end:
        until = min(first + timedelta(days=days), end)
        yield Span(place, first, until)
        first = until
