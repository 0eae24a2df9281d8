"""How long the law gives: due instants of a pack's named deadlines (délais)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.legal.loading import law
from medcontrol.rules.calendar import WorkingCalendar, WorkingTime
from medcontrol.rules.clocks import LimitUnit, Standstill, TimeLimit, due_at

_ANNOUNCED = sa.text("SELECT day, is_holiday FROM announced_day WHERE jurisdiction = :jurisdiction")
_WHOLE_DAYS = {LimitUnit.CALENDAR_DAY, LimitUnit.WORKING_DAY, LimitUnit.WEEK, LimitUnit.MONTH}


@dataclass(frozen=True, slots=True)
class Due:
    """A due instant with the limit it came from; ``parameter`` is path and start date."""

    at: datetime
    amount: int
    unit: str
    parameter: str


class Limits:
    """Limits of one jurisdiction under one calendar. Keep it for a chunk, not for a day."""

    def __init__(self, calendar: WorkingCalendar, jurisdiction: str) -> None:
        self.calendar = calendar
        self.jurisdiction = jurisdiction
        self._known: dict[tuple[str, date, date], Due] = {}

    def due(self, path: str, start: datetime, law_day: date) -> Due:
        """Return when a limit of the law ends that starts at ``start``.

        Raises:
            ParameterNotInForce: the law has no value on ``law_day``.
        """
        limit, parameter = _limit(self.jurisdiction, path, law_day)
        if limit.unit not in _WHOLE_DAYS:
            return self._due(start, limit, parameter)
        key = (path, law_day, civil_date(start, self.jurisdiction))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._due(start, limit, parameter)
        return found

    def _due(self, start: datetime, limit: TimeLimit, parameter: str) -> Due:
        at = due_at(self.calendar, start, limit)
        return Due(at, limit.amount, limit.unit.value, parameter)

    def extended(
        self, start: datetime, amount: int, unit: str, stops: Sequence[Standstill]
    ) -> datetime:
        """Return when a limit ends that stood still during ``stops``, all of them ended."""
        return due_at(self.calendar, start, TimeLimit(amount, LimitUnit(unit)), stops)


def limits_of(session: Session, jurisdiction: str) -> Limits:
    """Return the limits under the calendar of today, announced days included."""
    rows = session.connection().execute(_ANNOUNCED, {"jurisdiction": jurisdiction})
    return limits_with(jurisdiction, {row[0]: row[1] for row in rows})


def limits_with(jurisdiction: str, announced: Mapping[date, bool]) -> Limits:
    """Return the limits under a calendar with these announced days (True: not worked)."""
    return Limits(_calendar(jurisdiction, frozenset(announced.items())), jurisdiction)


def warn_at(
    jurisdiction: str, law_day: date, start: datetime, due: datetime,
    stops: Sequence[Standstill] = (),
) -> datetime:  # fmt: skip
    """Return when supervisors are told that a legal deadline nears: a share of its time is left.

    What stood still is no time; after a restart the time counts from there.
    """
    for stop in stops:
        if stop.ended_at is not None and stop.ended_at > start:
            since = max(stop.started_at, start)
            start = stop.ended_at if stop.restarts else start + (stop.ended_at - since)
    return due - max(due - start, timedelta(0)) * _percent_left(jurisdiction, law_day) / 100


@lru_cache(maxsize=64)
def _percent_left(jurisdiction: str, law_day: date) -> int:
    return law(jurisdiction).number("clocks.alert_percent_left", law_day).value


@lru_cache(maxsize=4096)
def _limit(jurisdiction: str, path: str, law_day: date) -> tuple[TimeLimit, str]:
    """Return a limit as the law has it on a day, and the parameter that it comes from."""
    parameter = law(jurisdiction).parameter(path)
    value = parameter.at(law_day)
    limit = TimeLimit(int(str(value.value)), LimitUnit(parameter.unit.code))
    return limit, f"{path}@{value.since.isoformat()}"


@lru_cache(maxsize=16)
def _calendar(jurisdiction: str, announced: frozenset[tuple[date, bool]]) -> WorkingCalendar:
    if not law(jurisdiction).paths:
        return WorkingCalendar(jurisdiction, dict(announced))
    numbers = law(jurisdiction)
    # Hours of work as they are now: what they were when an old clock started is not on record.
    hours = WorkingTime(
        numbers.time("working_time.opens_at").values[-1].value,
        numbers.time("working_time.closes_at").values[-1].value,
        numbers.whole("working_time.first_weekday").values[-1].value,
        numbers.whole("working_time.last_weekday").values[-1].value,
    )
    return WorkingCalendar(jurisdiction, dict(announced), hours)
