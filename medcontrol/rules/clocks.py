"""When a time limit ends, and what stops it (délais, échéances, suspensions)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from medcontrol.errors import DomainError, InvalidInput, Kind
from medcontrol.rules.calendar import WorkingCalendar, add_months
from medcontrol.vocabulary import CompletionKind


class LimitUnit(StrEnum):
    """What a time limit is counted in; the codes of ``legal/units.yaml``."""

    CALENDAR_DAY = "calendar_day"
    WORKING_DAY = "working_day"
    WORKING_HOUR = "working_hour"
    HOUR = "hour"
    WEEK = "week"
    MONTH = "month"


class ClockStandsStill(DomainError):
    """The clock stands still, so no legal due date exists until it goes on."""

    kind = Kind.CONFLICT
    code = "clock.stands_still"


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """So many of a unit; at least one."""

    amount: int
    unit: LimitUnit

    def __post_init__(self) -> None:
        """Refuse a limit that has no length."""
        if self.amount < 1:
            raise InvalidInput("a time limit is at least 1", field="amount")


@dataclass(frozen=True, slots=True)
class Standstill:
    """A period in which the clock stands still (suspension); open while ``ended_at`` is none.

    ``restarts``: the limit counts again in full from the end, instead of going on.
    """

    started_at: datetime
    ended_at: datetime | None = None
    restarts: bool = False

    def __post_init__(self) -> None:
        """Refuse an end before the beginning."""
        if self.ended_at is not None and self.ended_at < self.started_at:
            raise InvalidInput("a standstill can't end before it begins", field="ended_at")


def completion_restarts(
    kind: CompletionKind, *, incomplete_restarts: bool, incorrect_restarts: bool
) -> bool:
    """Return whether a completion request lets the clock count again in full.

    Incomplete (pieces are missing): by default the clock stands still from request to receipt
    and goes on with what was left. Incorrect (what was filed is wrong): by default it counts
    again from the receipt, since what was filed could not be decided upon. The two flags are
    ``completion.incomplete_restarts`` and ``completion.incorrect_restarts`` of the law.
    """
    return incomplete_restarts if kind is CompletionKind.INCOMPLETE else incorrect_restarts


def due_at(
    calendar: WorkingCalendar,
    start: datetime,
    limit: TimeLimit,
    standstills: Sequence[Standstill] = (),
) -> datetime:
    """Return the legal end of a limit, in UTC.

    Limits in days, weeks and months do not count the civil day of the start and end with the
    last second of their last civil day; hours end on the instant. Standstills that overlap
    count once; one that begins after the end changes nothing.

    Args:
        calendar: working days and zone.
        start: instant from which the limit runs, with offset.
        limit: its length.
        standstills: in any order, all of them ended.

    Raises:
        ClockStandsStill: one of them is open. ``estimated_due_at`` answers for a screen.
        InvalidInput: an instant carries no offset.
    """
    if any(standstill.ended_at is None for standstill in standstills):
        raise ClockStandsStill
    return _run(calendar, start, limit, standstills)


def estimated_due_at(
    calendar: WorkingCalendar,
    start: datetime,
    limit: TimeLimit,
    standstills: Sequence[Standstill],
    *,
    now: datetime,
) -> datetime:
    """Return when the limit would end if an open standstill ended now. Never a legal date."""
    closed = [
        s if s.ended_at else Standstill(s.started_at, max(now, s.started_at), s.restarts)
        for s in standstills
    ]
    return _run(calendar, start, limit, closed)


def _run(
    calendar: WorkingCalendar,
    start: datetime,
    limit: TimeLimit,
    standstills: Sequence[Standstill],
) -> datetime:
    for instant in (start, *(s.started_at for s in standstills)):
        calendar.local(instant)  # refuses an instant without offset
    counter = _counter(calendar, limit, start)
    begin, left = start, counter.whole
    for stop in _merged(standstills):
        assert stop.ended_at is not None  # noqa: S101 - callers close them
        if stop.ended_at <= begin:
            continue
        if stop.started_at > counter.end(begin, left):
            break
        used = counter.used(begin, stop.started_at) if stop.started_at > begin else 0
        left = counter.whole if stop.restarts else max(left - used, 0)
        begin = stop.ended_at
    return counter.end(begin, left)


def _merged(standstills: Iterable[Standstill]) -> list[Standstill]:
    """Return standstills in order, with overlapping ones joined; a restart stays a restart."""
    merged: list[Standstill] = []
    for stop in sorted(standstills, key=lambda s: s.started_at):
        last = merged[-1] if merged else None
        if last and last.ended_at and stop.ended_at and stop.started_at <= last.ended_at:
            end = max(last.ended_at, stop.ended_at)
            merged[-1] = Standstill(last.started_at, end, last.restarts or stop.restarts)
        else:
            merged.append(stop)
    return merged


@dataclass(frozen=True, slots=True)
class _Counter:
    """Counts one kind of unit: days as whole numbers, hours as seconds."""

    calendar: WorkingCalendar
    unit: LimitUnit
    whole: int

    def used(self, start: datetime, end: datetime) -> int:
        """Return how much of the limit has passed between two instants."""
        calendar = self.calendar
        match self.unit:
            case LimitUnit.HOUR:
                return int((end - start).total_seconds())
            case LimitUnit.WORKING_HOUR:
                return int(calendar.working_time_between(start, end).total_seconds())
            case LimitUnit.WORKING_DAY:
                days = calendar.civil_date(start), calendar.civil_date(end)
                return calendar.working_days_between(*days)
            case _:
                return (calendar.civil_date(end) - calendar.civil_date(start)).days

    def end(self, start: datetime, left: int) -> datetime:
        """Return the instant at which what is left has passed."""
        calendar = self.calendar
        match self.unit:
            case LimitUnit.HOUR:
                return start.astimezone(UTC) + timedelta(seconds=left)
            case LimitUnit.WORKING_HOUR:
                return calendar.add_working_time(start, timedelta(seconds=left))
            case LimitUnit.WORKING_DAY:
                day = calendar.add_working_days(calendar.civil_date(start), left)
            case _:
                day = calendar.civil_date(start) + timedelta(days=left)
        return calendar.end_of_day(day)


def _counter(calendar: WorkingCalendar, limit: TimeLimit, start: datetime) -> _Counter:
    whole = limit.amount
    if limit.unit in (LimitUnit.HOUR, LimitUnit.WORKING_HOUR):
        whole *= 3600
    elif limit.unit is LimitUnit.WEEK:
        whole *= 7
    elif limit.unit is LimitUnit.MONTH:
        day = calendar.civil_date(start)
        whole = (add_months(day, limit.amount) - day).days
    return _Counter(calendar, limit.unit, whole)
