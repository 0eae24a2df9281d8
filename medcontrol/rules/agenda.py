"""Free slots of an agenda (créneaux): hours that are worked, less what is booked. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from medcontrol.errors import InvalidInput
from medcontrol.rules.calendar import WorkingCalendar


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From an instant, included, to a later one, excluded; both with offset."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Span") -> bool:
        """Return whether some instant belongs to both; an empty span overlaps nothing."""
        if self.starts_at >= self.ends_at or other.starts_at >= other.ends_at:
            return False
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Hours:
    """Work on one weekday, from a day to a day.

    Attributes:
        weekday: 0 is Monday.
        minutes: how long.
        starts_at: local hour; the opening of the working day when none, and then the work ends
            with the working day at the latest.
        valid_from, valid_to: both included; without end when none.
    """

    weekday: int
    minutes: int
    starts_at: time | None
    valid_from: date
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether these hours are worked on a day, holidays and leave aside."""
        if day.weekday() != self.weekday or day < self.valid_from:
            return False
        return self.valid_to is None or day <= self.valid_to


def worked(
    calendar: WorkingCalendar,
    days: Iterable[date],
    hours: Sequence[Hours],
    away: Sequence[tuple[date, date]] = (),
) -> list[Span]:
    """Return when a doctor works, in order: on working days, within the hours, not on leave.

    Args:
        calendar: working days, opening hours and zone of the unit.
        days: the days that are asked about.
        hours: of the doctor; several may hold on one weekday.
        away: first and last day of each leave, both included.
    """
    found: list[Span] = []
    for day in days:
        if not calendar.is_working_day(day) or any(a <= day <= b for a, b in away):
            continue
        found += _merged(_of_day(calendar, day, [each for each in hours if each.holds_on(day)]))
    return found


def _of_day(calendar: WorkingCalendar, day: date, hours: Sequence[Hours]) -> Iterator[Span]:
    """Yield the spans of a day; lines without an hour of their own follow each other."""
    from_opening = sum(each.minutes for each in hours if each.starts_at is None)
    opens, closes = calendar.working_time.opens_at, calendar.working_time.closes_at
    yield _span(calendar, day, opens, from_opening, closes)
    for each in hours:
        if each.starts_at is not None:
            yield _span(calendar, day, each.starts_at, each.minutes, time(23, 59))


def _span(
    calendar: WorkingCalendar, day: date, starts_at: time, minutes: int, closes_at: time
) -> Span:
    first = datetime.combine(day, starts_at)
    last = min(first + timedelta(minutes=minutes), datetime.combine(day, closes_at))
    zone = calendar.zone
    return Span(
        first.replace(tzinfo=zone).astimezone(UTC), last.replace(tzinfo=zone).astimezone(UTC)
    )


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that overlap or touch as one; empty ones are left out."""
    merged: list[Span] = []
    for span in sorted(each for each in spans if each.starts_at < each.ends_at):
        if merged and span.starts_at <= merged[-1].ends_at:
            merged[-1] = Span(merged[-1].starts_at, max(merged[-1].ends_at, span.ends_at))
        else:
            merged.append(span)
    return merged


def free_slots(
    work: Iterable[Span],
    taken: Sequence[Span],
    *,
    length: timedelta,
    step: timedelta,
    not_before: datetime,
) -> Iterator[Span]:
    """Yield the slots of a length that fit into the work beside what is taken, in order.

    Slots begin a whole number of steps after the work does. They may overlap each other: each is
    an offer, and taking one leaves the next ones to be computed again.

    Args:
        work: in order, without overlaps.
        taken: in any order.
        length: of a slot.
        step: between two beginnings.
        not_before: no slot begins earlier.

    Raises:
        InvalidInput: a length or step that is nothing or less.
    """
    if length <= timedelta(0) or step <= timedelta(0):
        raise InvalidInput("a slot needs a length and a step", field="length")
    busy = sorted(span for span in taken if span.starts_at < span.ends_at)
    for span in work:
        start = span.starts_at
        if start < not_before:
            start += -(-(not_before - start) // step) * step
        while start + length <= span.ends_at:
            slot = Span(start, start + length)
            hit = next((each for each in busy if each.overlaps(slot)), None)
            if hit is None:
                yield slot
                start += step
            else:
                start += -(-(hit.ends_at - start) // step) * step
