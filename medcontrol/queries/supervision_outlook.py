"""What a supervisor has to expect: the pool by the day a doctor has time, and what comes in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.policy import Principal
from medcontrol.queries.due_dates import Days, Task
from medcontrol.queries.supervision_scope import IS_POOL, in_unit, supervised
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import TaskStatus

#: Days over which the inflow is averaged.
LOOKED_BACK = 14


@dataclass(frozen=True, slots=True)
class PoolDay:
    """Files of the pool that are expected to be taken up on a day; None when no day is known."""

    on: date | None
    files: int
    points: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """The pool, and the pace.

    Attributes:
        pool: by expected day, ascending; those without a day last.
        open_points: minutes of medical work that is open, in hands and in pools.
        daily_points: minutes that came in on a working day, on average of the last two weeks.
    """

    pool: tuple[PoolDay, ...]
    open_points: int
    daily_points: float

    @property
    def without_day(self) -> int:
        """Files that wait and for which no day is known."""
        return sum(day.files for day in self.pool if day.on is None)


def load_outlook(
    session: Session,
    principal: Principal,
    *,
    unit: str,
    now: datetime,
    calendar: WorkingCalendar,
) -> Outlook:
    """Return what the units of a supervisor, or one of them, have to expect."""
    allowed = sa.and_(supervised(principal), in_unit(unit))
    rows = session.execute(
        sa.select(
            Task.expected_on,
            sa.func.count().label("files"),
            sa.func.sum(Task.points).label("points"),
        )
        .where(Task.status == TaskStatus.OPEN, IS_POOL, allowed)
        .group_by(Task.expected_on)
        .order_by(Task.expected_on.asc().nulls_last())
    )
    pool = tuple(PoolDay(row.expected_on, row.files, int(row.points)) for row in rows)
    days = Days(now, calendar)
    since = days.today - timedelta(days=LOOKED_BACK)
    open_points = _sum(session, sa.and_(Task.status == TaskStatus.OPEN, allowed))
    came = _sum(
        session,
        sa.and_(
            Task.opened_at > calendar.end_of_day(since - timedelta(days=1)),
            Task.opened_at <= days.end_of_yesterday,
            allowed,
        ),
    )
    worked = sum(calendar.is_working_day(since + timedelta(days=n)) for n in range(LOOKED_BACK))
    return Outlook(pool, open_points, came / worked if worked else 0.0)


def _sum(session: Session, where: Any) -> int:
    number = sa.select(sa.func.coalesce(sa.func.sum(Task.points), 0)).where(Task.is_medical, where)
    return int(session.execute(number).scalar_one())
