"""Working days and hours of a jurisdiction (jours et heures ouvrés)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import holidays

from medcontrol.errors import InvalidInput

# Casablanca moves its clocks around Ramadan: civil days and wall times are converted by zone.
ZONES = MappingProxyType({"ma": ZoneInfo("Africa/Casablanca"), "lu": ZoneInfo("Europe/Luxembourg")})
# What the package of holidays covers.
FIRST_YEAR, LAST_YEAR = 1901, 2100


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When a working week is worked, as local wall times; the same on each working day.

    Attributes:
        opens_at: start of the day, included.
        closes_at: end of the day; later than ``opens_at``.
        first_weekday: ISO number, 1 is Monday.
        last_weekday: ISO number, included, not before ``first_weekday``.
    """

    opens_at: time = time(8, 30)
    closes_at: time = time(16, 30)
    first_weekday: int = 1
    last_weekday: int = 5

    def __post_init__(self) -> None:
        """Refuse a day without length and a week without days."""
        if self.opens_at >= self.closes_at:
            raise InvalidInput("the day must open before it closes", field="opens_at")
        if not 1 <= self.first_weekday <= self.last_weekday <= 7:
            raise InvalidInput("weekdays run from 1 to 7, in order", field="first_weekday")

    @property
    def length(self) -> timedelta:
        """Working time of one day."""
        anchor = date(2000, 1, 1)
        return datetime.combine(anchor, self.closes_at) - datetime.combine(anchor, self.opens_at)


class WorkingCalendar:
    """Which days are worked, and arithmetic over them.

    Args:
        jurisdiction: ``ma`` or ``lu``.
        announced: days that the package can't know (Hijri feasts when they are announced, days
            off, bridges). ``True`` or a name: not worked. ``False``: worked, although a holiday
            or a weekend. These win over everything else.
        working_time: hours and days of the week, from the law's ``working_time`` parameters.

    Hijri feasts that were not announced are the package's estimates, a day or two off at most.
    """

    def __init__(
        self,
        jurisdiction: str,
        announced: Mapping[date, bool | str] | None = None,
        working_time: WorkingTime | None = None,
    ) -> None:
        if jurisdiction not in ZONES:
            raise InvalidInput(f"no calendar for {jurisdiction!r}", field="jurisdiction")
        self.jurisdiction = jurisdiction
        self.zone = ZONES[jurisdiction]
        self.working_time = working_time or WorkingTime()
        self._announced = dict(announced or {})
        self._years: dict[int, tuple[date, ...]] = {}

    def is_working_day(self, day: date) -> bool:
        """Return whether a day is worked."""
        days = self._working_days(day.year)
        index = bisect_left(days, day)
        return index < len(days) and days[index] == day

    def holiday_name(self, day: date) -> str | None:
        """Return the name of a holiday, in French; none on weekends and working days."""
        announced = self._announced.get(day)
        if announced is False:
            return None
        if isinstance(announced, str):
            return announced
        return _holidays(self.jurisdiction, day.year).get(day, "Jour férié" if announced else None)

    def add_working_days(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after a day, which is itself not counted.

        A negative count goes back: the ``-count``-th working day before. Zero gives the day
        itself, worked or not.

        Examples:
            >>> calendar = WorkingCalendar("ma")
            >>> calendar.add_working_days(date(2026, 11, 17), 1)   # 18 November is a holiday
            datetime.date(2026, 11, 19)
            >>> calendar.add_working_days(date(2026, 11, 21), -1)  # a Saturday
            datetime.date(2026, 11, 20)
        """
        if count == 0:
            return day
        return self._forward(day, count) if count > 0 else self._back(day, -count)

    def working_days_between(self, start: date, end: date) -> int:
        """Return how many working days lie after ``start`` up to ``end``, ``end`` included.

        When ``end`` is earlier: minus the working days from ``end``, included, to ``start``,
        excluded. So it undoes ``add_working_days``.
        """
        if end < start:
            return -self._count(end, start, bisect_left)
        return self._count(start, end, bisect_right)

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """Return the instant at which an amount of working time has passed, in UTC.

        What ends with the day's work ends at that day's closing, not at the next opening.

        Raises:
            InvalidInput: a negative amount, or an instant without offset.
        """
        if amount < timedelta(0):
            raise InvalidInput("working time can't be negative", field="amount")
        day, worked = self._place(start)
        days, rest = divmod(worked + amount, self.working_time.length)
        if days and not rest:
            days, rest = days - 1, self.working_time.length
        opens = datetime.combine(self.add_working_days(day, days), self.working_time.opens_at)
        return (opens + rest).replace(tzinfo=self.zone).astimezone(UTC)

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from one instant to a later one; zero when it is not later."""
        if end <= start:
            return timedelta(0)
        first, already = self._place(start)
        last, worked = self._place(end)
        return self.working_days_between(first, last) * self.working_time.length + worked - already

    def local(self, instant: datetime) -> datetime:
        """Return an instant as wall time of the jurisdiction, without zone.

        Raises:
            InvalidInput: the instant carries no offset.
        """
        if instant.tzinfo is None:
            raise InvalidInput("an instant needs its offset", field="instant")
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def civil_date(self, instant: datetime) -> date:
        """Return the calendar day of an instant in the jurisdiction."""
        return self.local(instant).date()

    def end_of_day(self, day: date) -> datetime:
        """Return the last second of a civil day, in UTC."""
        return datetime.combine(day, time(23, 59, 59), self.zone).astimezone(UTC)

    def _place(self, instant: datetime) -> tuple[date, timedelta]:
        """Return the working day an instant belongs to and how much of it is worked by then.

        Nights and holidays belong to the next working day, of which nothing is worked.
        """
        local = self.local(instant)
        day, hours = local.date(), self.working_time
        if not self.is_working_day(day) or local.time() > hours.closes_at:
            return self.add_working_days(day, 1), timedelta(0)
        return day, max(local - datetime.combine(day, hours.opens_at), timedelta(0))

    def _forward(self, day: date, count: int) -> date:
        year = day.year
        days = self._working_days(year)
        index = bisect_right(days, day) + count - 1
        while index >= len(days):
            index -= len(days)
            year += 1
            days = self._working_days(year)
        return days[index]

    def _back(self, day: date, count: int) -> date:
        year = day.year
        days = self._working_days(year)
        index = bisect_left(days, day) - count
        while index < 0:
            year -= 1
            days = self._working_days(year)
            index += len(days)
        return days[index]

    def _count(
        self, start: date, end: date, bisect: Callable[[tuple[date, ...], date], int]
    ) -> int:
        """Return the working days between two days; ``bisect`` says which of them counts."""
        whole_years = sum(len(self._working_days(y)) for y in range(start.year, end.year))
        after = bisect(self._working_days(end.year), end)
        return whole_years + after - bisect(self._working_days(start.year), start)

    def _working_days(self, year: int) -> tuple[date, ...]:
        """Return the working days of a year in order; worked out once per calendar."""
        days = self._years.get(year)
        if days is None:
            days = self._years[year] = tuple(filter(self._is_worked, _days_of(year)))
        return days

    def _is_worked(self, day: date) -> bool:
        announced = self._announced.get(day)
        if announced is not None:
            return announced is False
        hours = self.working_time
        in_week = hours.first_weekday <= day.isoweekday() <= hours.last_weekday
        return in_week and day not in _holidays(self.jurisdiction, day.year)


def add_months(day: date, months: int) -> date:
    """Return the same day some months later; the month's last day where it does not exist.

    Examples:
        >>> add_months(date(2026, 1, 31), 1)
        datetime.date(2026, 2, 28)
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9998:
        raise InvalidInput(f"{months} months from {day} leave the calendar", field="months")
    return date(year, month + 1, min(day.day, _length_of_month(year, month + 1)))


def whole_years(since: date, on: date) -> int:
    """Return how many years are full on a day; somebody's age, in law.

    >>> whole_years(date(2008, 2, 29), date(2026, 2, 28))
    17
    """
    return on.year - since.year - ((on.month, on.day) < (since.month, since.day))


def _length_of_month(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day


def _days_of(year: int) -> list[date]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidInput(
            f"the calendar covers {FIRST_YEAR} to {LAST_YEAR}, not {year}", field="day"
        )
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


@cache
def _holidays(jurisdiction: str, year: int) -> Mapping[date, str]:
    """Return the package's public holidays of a year, with French names."""
    return MappingProxyType(
        dict(holidays.country_holidays(jurisdiction.upper(), years=year, language="fr"))
    )
