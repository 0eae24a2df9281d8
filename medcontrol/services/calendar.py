"""The working calendar of a jurisdiction, with the days that were announced (jours annoncés)."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.legal.loading import law
from medcontrol.model import AnnouncedDay
from medcontrol.rules.calendar import FIRST_YEAR, LAST_YEAR, WorkingCalendar, WorkingTime
from medcontrol.vocabulary import Jurisdiction

_LONGEST_NAME = 200
# Jurisdictions whose law holds the hours of work; elsewhere those of ``WorkingTime`` apply.
_WITH_HOURS = frozenset({"ma", "lu"})

Announced = frozenset[tuple[date, bool, str]]


def working_calendar(
    session: Session, jurisdiction: str, on: date | None = None
) -> WorkingCalendar:
    """Return the calendar as announced so far. One statement; safe to share between threads.

    Args:
        session: any; nothing is written.
        jurisdiction: whose calendar.
        on: the day whose law gives the hours of work; needed for working hours only.
    """
    rows = session.execute(
        sa.select(
            col(AnnouncedDay.day), col(AnnouncedDay.is_holiday), col(AnnouncedDay.name)
        ).where(col(AnnouncedDay.jurisdiction) == jurisdiction)
    )
    return _calendar(jurisdiction, frozenset((day, off, name) for day, off, name in rows), on)


@lru_cache(maxsize=64)
def _calendar(jurisdiction: str, announced: Announced, on: date | None) -> WorkingCalendar:
    days: dict[date, bool | str] = {day: name if off else False for day, off, name in announced}
    return WorkingCalendar(jurisdiction, days, working_time(jurisdiction, on))


def working_time(jurisdiction: str, on: date | None) -> WorkingTime | None:
    """Return the hours of work that the law of a day gives; None when it gives none."""
    if on is None or jurisdiction not in _WITH_HOURS:
        return None
    parameters = law(jurisdiction)
    return WorkingTime(
        opens_at=parameters.time("working_time.opens_at").at(on).value,
        closes_at=parameters.time("working_time.closes_at").at(on).value,
        first_weekday=parameters.number("working_time.first_weekday", on).value,
        last_weekday=parameters.number("working_time.last_weekday", on).value,
    )


def announce(
    session: Session, jurisdiction: str, day: date, name: str, *, is_holiday: bool = True
) -> None:
    """Announce a day as not worked, or as worked although a holiday; a second time replaces it.

    New deadlines count with it; those that run are counted again by
    ``workflows.steps.calendar_changes``, through which pages and commands go.

    Raises:
        InvalidInput: no name, or a year that the calendar does not cover.
    """
    name = checked(day, name)
    values = {"is_holiday": is_holiday, "name": name}
    statement = insert(AnnouncedDay).values(
        jurisdiction=Jurisdiction(jurisdiction), day=day, **values
    )
    session.execute(
        statement.on_conflict_do_update(index_elements=["jurisdiction", "day"], set_=values)
    )


def checked(day: date, name: str) -> str:
    """Return the name of an announced day, trimmed.

    Raises:
        InvalidInput: no name (``name``), or a year that the calendar does not cover (``day``).
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"a name of 1 to {_LONGEST_NAME} characters is needed", field="name")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInput(f"the calendar covers {FIRST_YEAR} to {LAST_YEAR}", field="day")
    return name


def withdraw(session: Session, jurisdiction: str, day: date) -> None:
    """Forget an announcement.

    Raises:
        NotFound: that day was not announced.
    """
    result = session.connection().execute(
        sa.delete(AnnouncedDay).where(
            col(AnnouncedDay.jurisdiction) == jurisdiction, col(AnnouncedDay.day) == day
        )
    )
    if not result.rowcount:
        raise NotFound(f"{day} was not announced", field="day")


def announced_days(
    session: Session, jurisdiction: str, *, year: int | None = None
) -> Sequence[AnnouncedDay]:
    """Return the announced days in order, of one year or all."""
    statement = select(AnnouncedDay).where(AnnouncedDay.jurisdiction == jurisdiction)
    if year is not None:
        statement = statement.where(sa.extract("year", col(AnnouncedDay.day)) == year)
    return session.exec(statement.order_by(col(AnnouncedDay.day))).all()
