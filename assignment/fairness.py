"""Fairness (équité): what each doctor was given against what they can do, week by week.

Given is what a doctor has or finished; what was taken back or passed on does not count. Points
are minutes. Hard work is a task of ``HARD_POINTS`` or more.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, pstdev
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.calendar import minutes_by_day
from medcontrol.clock import ZONES
from medcontrol.rules.calendar import WorkingCalendar

HARD_POINTS = 30
_WEEK = timedelta(days=7)

_GIVEN = sa.text("""
SELECT a.doctor_id, date_trunc('week', timezone(:zone, a.assigned_at))::date AS week, t.flow,
       sum(a.points) AS points, count(*) AS files,
       coalesce(sum(a.points) FILTER (WHERE a.points >= :hard), 0) AS hard
FROM assignment a JOIN human_task t ON t.id = a.human_task_id
WHERE a.doctor_id = ANY(:ids) AND (a.ended_at IS NULL OR a.end_reason = 'done')
  AND timezone(:zone, a.assigned_at) >= CAST(:first AS date)
GROUP BY 1, 2, 3
""")
_CALENDARS = sa.text("""
SELECT d.id,
       (SELECT json_agg(json_build_array(a.weekday, a.minutes, a.valid_from, a.valid_to))
        FROM availability a WHERE a.doctor_id = d.id AND a.valid_from <= :last
          AND (a.valid_to IS NULL OR a.valid_to >= :first)) AS hours,
       (SELECT json_agg(json_build_array(b.first_day, b.last_day)) FROM absence b
        WHERE b.doctor_id = d.id AND b.first_day <= :last AND b.last_day >= :first) AS absences
FROM doctor d WHERE d.id = ANY(:ids)
""")


@dataclass(frozen=True, slots=True)
class Cell:
    """One week of one doctor, or a sum of weeks."""

    points: int
    capacity: int

    @property
    def share(self) -> float | None:
        """Points over capacity; None without capacity."""
        return self.points / self.capacity if self.capacity else None


@dataclass(frozen=True, slots=True)
class Line:
    """A doctor over the weeks.

    Attributes:
        weeks: one cell a week, oldest first.
        hard: points of hard tasks.
        by_flow: points by kind of file.
    """

    doctor_id: UUID
    weeks: tuple[Cell, ...]
    files: int
    hard: int
    by_flow: Mapping[str, int]

    @property
    def total(self) -> Cell:
        """All weeks."""
        return Cell(sum(c.points for c in self.weeks), sum(c.capacity for c in self.weeks))

    @property
    def hard_share(self) -> float | None:
        """Hard points over all points; None of who got nothing."""
        return self.hard / self.total.points if self.total.points else None


@dataclass(frozen=True, slots=True)
class Spread:
    """How far shares lie apart: mean, standard deviation, least and most; of n doctors."""

    number: int
    mean: float
    deviation: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Fairness:
    """Doctors over some weeks; ``weeks`` are their Mondays."""

    weeks: tuple[date, ...]
    lines: tuple[Line, ...]

    @property
    def load(self) -> Spread | None:
        """Spread of points over capacity."""
        return spread_of([line.total.share for line in self.lines])

    @property
    def hard(self) -> Spread | None:
        """Spread of the share of hard work."""
        return spread_of([line.hard_share for line in self.lines])

    @property
    def flows(self) -> tuple[str, ...]:
        """Kinds of file that were given, the largest first."""
        points: Counter[str] = Counter()
        for line in self.lines:
            points.update(line.by_flow)
        return tuple(flow for flow, _ in points.most_common())


def spread_of(shares: Sequence[float | None]) -> Spread | None:
    """Return how far shares lie apart; None when nobody has one.

    >>> spread_of([0.5, None, 1.0])
    Spread(number=2, mean=0.75, deviation=0.25, least=0.5, most=1.0)
    """
    known = [share for share in shares if share is not None]
    if not known:
        return None
    return Spread(len(known), fmean(known), pstdev(known), min(known), max(known))


def measure(
    session: Session,
    doctor_ids: Sequence[UUID],
    *,
    today: date,
    weeks: int,
    calendar: WorkingCalendar,
) -> Fairness:
    """Return what doctors were given over the last weeks, the present one included.

    Args:
        session: any; nothing is written.
        doctor_ids: whom to compare; the order is kept.
        today: the civil day.
        weeks: how many.
        calendar: whose days are worked.
    """
    monday = today - timedelta(days=today.weekday())
    mondays = tuple(monday - _WEEK * n for n in reversed(range(weeks)))
    days = [mondays[0] + timedelta(days=n) for n in range(7 * weeks)]
    zone = ZONES[calendar.jurisdiction].key
    values = {"ids": list(doctor_ids), "zone": zone, "first": days[0], "hard": HARD_POINTS}
    given: dict[UUID, list[Any]] = defaultdict(list)
    for row in session.execute(_GIVEN, values):
        given[row.doctor_id].append(row)
    minutes = _capacities(session, doctor_ids, days, calendar)
    nothing = [0] * weeks
    lines = [_line(key, given[key], mondays, minutes.get(key, nothing)) for key in doctor_ids]
    return Fairness(mondays, tuple(lines))


def _capacities(
    session: Session, ids: Sequence[UUID], days: Sequence[date], calendar: WorkingCalendar
) -> dict[UUID, list[int]]:
    """Return the minutes of each week by doctor; holidays and leave count nothing."""
    values = {"ids": list(ids), "first": days[0], "last": days[-1]}
    worked = [calendar.is_working_day(day) for day in days]
    found = {}
    for row in session.execute(_CALENDARS, values):
        minutes = minutes_by_day(row.hours or (), row.absences or (), days)
        kept = [each if on else 0 for each, on in zip(minutes, worked, strict=True)]
        found[row.id] = [sum(kept[at : at + 7]) for at in range(0, len(kept), 7)]
    return found


def _line(
    doctor_id: UUID, rows: Sequence[Any], mondays: Sequence[date], minutes: Sequence[int]
) -> Line:
    by_week: Counter[date] = Counter()
    by_flow: Counter[str] = Counter()
    for row in rows:
        by_week[row.week] += row.points
        by_flow[row.flow] += row.points
    cells = tuple(Cell(by_week[day], room) for day, room in zip(mondays, minutes, strict=True))
    return Line(
        doctor_id, cells, sum(row.files for row in rows), sum(row.hard for row in rows),
        dict(by_flow),
    )  # fmt: skip
