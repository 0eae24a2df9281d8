"""Which clocks a change of the calendar can move (portée d'un changement de calendrier).

Only limits in working days or hours can move, and only when the day lies within them. Clocks that
stand still are counted when they go on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.db import read_only

_PAGE = 200

# Clocks that run, and those that were late but moved no flow: the file's, and steps still open.
_MOVABLE = """
FROM deadline d JOIN control_file f ON f.id = d.control_file_id
WHERE f.jurisdiction = :jurisdiction AND f.closed_at IS NULL
  AND d.unit IN ('working_day', 'working_hour')
  AND (d.status = 'running' OR (d.status = 'fired' AND (d.engine_task_id IS NULL OR EXISTS (
        SELECT FROM human_task t WHERE t.control_file_id = f.id AND t.status = 'open'
          AND t.engine_task_id = d.engine_task_id))))
  AND d.starts_at < :day_ends AND d.due_at >= :day_begins
"""
_CLOCKS = sa.text(f"""
SELECT d.control_file_id, f.flow, d.kind, d.starts_at, d.amount, d.unit, d.due_at, d.status,
       CASE WHEN d.stops_for_completion THEN
         (SELECT json_agg(json_build_array(s.started_at, s.ended_at, s.reason))
          FROM suspension s WHERE s.control_file_id = f.id AND s.ended_at IS NOT NULL) END AS stops
{_MOVABLE} ORDER BY d.control_file_id
""")  # noqa: S608 - words of ours
_FILES = sa.text(f"""
SELECT DISTINCT d.control_file_id {_MOVABLE}
  AND (CAST(:after AS uuid) IS NULL OR d.control_file_id > CAST(:after AS uuid))
ORDER BY d.control_file_id LIMIT :page
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A day announced as not worked or as worked, or, with neither, taken back."""

    jurisdiction: str
    day: date
    is_holiday: bool | None
    name: str = ""


def movable_clocks(session: Session, change: Change) -> Sequence[Any]:
    """Return the clocks that a change can move, with the standstills that lengthened them.

    Each has ``control_file_id``, ``flow``, ``kind``, ``starts_at``, ``amount``, ``unit``,
    ``due_at``, ``status`` and ``stops`` (start, end and reason of each; None without any).
    """
    return session.execute(_CLOCKS, _span(change)).all()


def movable_files(change: Change) -> Iterator[UUID]:
    """Yield the files of such clocks, read page by page in transactions of their own."""
    after: UUID | None = None
    while True:
        with read_only() as session:
            values = _span(change) | {"after": after, "page": _PAGE}
            page = list(session.execute(_FILES, values).scalars())
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]


def _span(change: Change) -> dict[str, Any]:
    zone = ZONES[change.jurisdiction]
    return {
        "jurisdiction": change.jurisdiction,
        "day_begins": datetime.combine(change.day, time(), zone),
        "day_ends": datetime.combine(change.day, time(23, 59, 59), zone),
    }
