"""Which steps will pass their due date if work goes on at its pace (projection des dépassements).

*Pace* of an agency: minutes (points) of the steps of its files that were finished over the last
``LOOKED_BACK`` working days before today, by working day; steps of doctors and steps of the desk
apart, because one does not do the other's. A fund that opened its first file later than that is
measured since that file.

*Order*: the open steps of an agency are taken by due instant, then by id, what is late first.
Nothing new comes in, and steps of a file whose clock stands still (pieces are awaited) are left
out: they can't become late.

*Today* counts as what is left of the pace after what was finished today; a day that is not worked
counts nothing. So the work that can be done by the end of a day is
``max(0, pace - finished today) + pace × working days after today up to that day``.

*Will be late*: a step that is not late yet, is due on today's or one of the next ``AHEAD`` working
days or between them, and is behind more work than can be done by the end of its due day, its own
minutes included. Agencies share nothing, so the figures of a region are the sums of its agencies'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import ControlFile
from medcontrol.queries.due_dates import Days, Task
from medcontrol.queries.supervision import Breaches
from medcontrol.vocabulary import ControlFileStatus, TaskStatus

LOOKED_BACK = 20
AHEAD = 7
_DAY = timedelta(days=1)

Files: Any = ControlFile


@dataclass(frozen=True, slots=True)
class Span:
    """The time over which a pace is measured: after ``since``, up to the end of yesterday.

    ``days``: working days in it, at most ``LOOKED_BACK``; 0 when nothing can be said yet.
    """

    since: datetime
    days: int


def measured(session: Session, days: Days) -> Span:
    """Return the time over which paces are measured today. One small statement."""
    calendar = days.calendar
    first = calendar.add_working_days(days.today, -LOOKED_BACK)
    begun = session.execute(sa.select(sa.func.min(Files.opened_at))).scalar_one()
    opened = days.today if begun is None else calendar.civil_date(begun)
    first = max(first, opened)
    count = calendar.working_days_between(first - _DAY, days.today - _DAY)
    return Span(calendar.end_of_day(first - _DAY), max(0, count))


def breaching(allowed: sa.ColumnElement[bool], days: Days, span: Span) -> sa.Select[Any]:
    """Return the query of the steps that will be late: id, agency, region, points.

    Args:
        allowed: over ``human_task``; whole agencies, or the order in which work is taken is wrong.
        days: the instant it is looked at.
        span: over which the pace is measured; without a day in it nothing is found.
    """
    queue = _queue(allowed, days)
    if not span.days:
        return sa.select(queue).where(sa.false())
    pace = _paces(allowed, days, span)
    before, now = (sa.func.coalesce(pace.c[name], 0) for name in ("before", "today"))
    # Both sides times the days of the span, so that nothing is rounded.
    can = before * queue.c.days_left
    if days.calendar.is_working_day(days.today):
        can += sa.func.greatest(0, before - now * span.days)
    return (
        sa.select(queue)
        .outerjoin(
            pace,
            sa.and_(
                pace.c.agency_code == queue.c.agency_code,
                pace.c.is_medical == queue.c.is_medical,
            ),
        )
        .where(queue.c.due_at > days.end_of_yesterday, queue.c.work * span.days > can)
    )


def load_breaches(
    session: Session, allowed: sa.ColumnElement[bool], days: Days, *, by_region: bool
) -> Mapping[str, Breaches] | None:
    """Return what will be late by agency, or by region; None while no pace can be measured."""
    span = measured(session, days)
    if not span.days:
        return None
    late = breaching(allowed, days, span).subquery()
    unit = late.c.region_code if by_region else late.c.agency_code
    found = {
        row.unit: row
        for row in session.execute(
            sa.select(
                unit.label("unit"),
                sa.func.count().label("files"),
                sa.func.sum(late.c.points).label("points"),
            ).group_by(unit)
        )
    }
    paces = _paces(allowed, days, span)
    place = paces.c.region_code if by_region else paces.c.agency_code
    done = session.execute(sa.select(place, sa.func.sum(paces.c.before)).group_by(place))
    minutes = {row[0]: float(row[1]) / span.days for row in done}
    return {
        code: Breaches(
            files=found[code].files if code in found else 0,
            points=int(found[code].points) if code in found else 0,
            pace=minutes.get(code, 0.0),
        )
        for code in {*found, *minutes}
    }


def _queue(allowed: sa.ColumnElement[bool], days: Days) -> sa.Subquery:
    """The steps due by the horizon, each with the work up to and with it, and the days it has."""
    ends = _ends(days)
    last, _ = ends[-1]
    days_left = sa.case(*((Task.due_at <= end, left) for end, left in ends), else_=0)
    work = sa.func.sum(Task.points).over(
        partition_by=[Task.agency_code, Task.is_medical], order_by=[Task.due_at, Task.id]
    )
    return (
        sa.select(
            Task.id, Task.agency_code, Task.region_code, Task.is_medical, Task.due_at,
            Task.points, days_left.label("days_left"), work.label("work"),
        )
        .where(
            Task.status == TaskStatus.OPEN,
            Task.file_status != ControlFileStatus.AWAITING_COMPLETION,
            Task.due_at <= last,
            allowed,
        )
        .subquery()
    )  # fmt: skip


def _ends(days: Days) -> list[tuple[datetime, int]]:
    """Return the end of each civil day to the horizon, with the working days after today to it."""
    calendar = days.calendar
    last: date = calendar.add_working_days(days.today, AHEAD)
    count = (last - days.today).days
    civil = [days.today + timedelta(days=number) for number in range(count + 1)]
    return [
        (calendar.end_of_day(day), calendar.working_days_between(days.today, day)) for day in civil
    ]


def _paces(allowed: sa.ColumnElement[bool], days: Days, span: Span) -> sa.Subquery:
    """Minutes finished by agency, doctors and desk apart: over the span, and today so far."""
    is_before = Task.done_at <= days.end_of_yesterday
    minutes = sa.func.coalesce(sa.func.sum(Task.points).filter(is_before), 0)
    today = sa.func.coalesce(sa.func.sum(Task.points).filter(sa.not_(is_before)), 0)
    return (
        sa.select(
            Task.agency_code, sa.func.max(Task.region_code).label("region_code"),
            Task.is_medical, minutes.label("before"), today.label("today"),
        )
        .where(
            Task.status == TaskStatus.DONE,
            Task.done_at > span.since,
            Task.done_at <= days.now,
            allowed,
        )
        .group_by(Task.agency_code, Task.is_medical)
        .subquery()
    )  # fmt: skip
