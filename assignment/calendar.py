"""The days ahead, and how long a doctor works on each (calendrier)."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.rules.calendar import WorkingCalendar

#: What people give or take counts against so many working days of a doctor, today included;
#: the engine gives less ahead (lever ``wip_days``), except what is urgent.
HORIZON_DAYS = 5
#: Working days over which the engine plans ahead, and says when what waits should be done.
PLANNED_DAYS = 10

_ANNOUNCED = sa.text("SELECT day, is_holiday FROM announced_day WHERE jurisdiction = :jurisdiction")

Hours = Sequence[tuple[int, int, str, str | None]]
"""Weekday, minutes, first and last day (ISO text) of each line of a doctor's calendar."""
Absences = Sequence[tuple[str, str]]
"""First and last day of each leave, ISO text."""


def horizon(
    session: Session, on: date, jurisdiction: str, length: int = HORIZON_DAYS
) -> tuple[date, ...]:
    """Return the working days over which capacity counts; the first is ``on`` or the next."""
    rows = session.connection().execute(_ANNOUNCED, {"jurisdiction": jurisdiction})
    return _working_days(jurisdiction, frozenset((day, off) for day, off in rows), on, length)


@lru_cache(maxsize=64)
def _working_days(
    jurisdiction: str, announced: frozenset[tuple[date, bool]], on: date, length: int
) -> tuple[date, ...]:
    calendar = WorkingCalendar(jurisdiction, dict(announced))
    eve = on - timedelta(days=1)
    return tuple(calendar.add_working_days(eve, n) for n in range(1, length + 1))


def minutes_by_day(hours: Hours, absences: Absences, days: Sequence[date]) -> list[int]:
    """Return how long a doctor works on each day; 0 on leave."""
    named = _named(tuple(days))
    worked = [0] * len(named)
    for weekday, minutes, first, last in hours:
        for number, (that, iso) in enumerate(named):
            if weekday == that and first <= iso and (last is None or iso <= last):
                worked[number] += minutes
    for first, last in absences:
        for number, (_, iso) in enumerate(named):
            if first <= iso <= last:
                worked[number] = 0
    return worked


@lru_cache(maxsize=16)
def _named(days: tuple[date, ...]) -> tuple[tuple[int, str], ...]:
    """Return weekday and ISO text of days: dates inside json are text, which sorts as they do."""
    return tuple((day.weekday(), day.isoformat()) for day in days)


def ahead(minutes: Sequence[int], days: float) -> int:
    """Return the minutes of the first so many days; of a part of a day, the part.

    >>> ahead([420, 420, 0, 420], 1.5), ahead([420], 2.0)
    (630, 420)
    """
    whole, part = divmod(days, 1)
    last = minutes[int(whole)] if part and int(whole) < len(minutes) else 0
    return sum(minutes[: int(whole)]) + int(last * part)
