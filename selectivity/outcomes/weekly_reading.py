"""The weekly draws as a page shows them (tirages hebdomadaires)."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class WeekView:
    """One week: what was drawn, what came of it."""

    week: str
    pool: int
    overflow: int
    quota: int
    bound_by: str
    drawn: int
    opened: int
    closed: int
    hits: int
    recovery_cents: int


_WEEKS = sa.text("""
SELECT w.week, w.pool, w.overflow, w.quota, w.bound_by, w.drawn,
       count(b.later_file_id), count(o.result),
       count(*) FILTER (WHERE o.result = 'confirmed_anomaly' AND NOT o.is_overturned),
       coalesce(sum(b.recovery_cents), 0)::bigint
FROM blue_week w
LEFT JOIN blue_draw b ON b.jurisdiction = w.jurisdiction AND b.week = w.week
LEFT JOIN LATERAL (
  SELECT result, is_overturned FROM control_outcome c
  WHERE c.received_file_id = b.received_file_id
  ORDER BY is_overturned, decided_on DESC, id DESC LIMIT 1) o ON true
WHERE w.jurisdiction = :jurisdiction
GROUP BY w.jurisdiction, w.week ORDER BY w.week DESC LIMIT :most
""")


def weeks(session: Session, jurisdiction: str, *, most: int = 8) -> list[WeekView]:
    """Return the last weeks, newest first."""
    rows = session.execute(_WEEKS, {"jurisdiction": jurisdiction, "most": most})
    return [WeekView(*row) for row in rows]
