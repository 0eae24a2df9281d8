"""The days of a calculation on calendars of their months."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from medcontrol.rules.long_term_care.facts import WEEK, Span, Stay
from medcontrol.rules.long_term_care.overrun import Overrun, by_month

DAY = timedelta(days=1)
MOST_MONTHS = 6


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day: what it is in the calculation, and the number of its full week."""

    on: date
    kind: str
    week: int | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks from Monday to Sunday; None where another month's day would be."""

    first: date
    weeks: tuple[tuple[CalendarDay | None, ...], ...]


def months_of(found: Overrun, stays: Sequence[Stay], period: Span | None) -> list[Month]:
    """Return the months that the calculation touches, at most ``MOST_MONTHS``.

    The rules regroup the partial weeks of both ends, so the first days of a period make its
    full weeks and the rest its partial week; which days they are changes nothing of the sum.
    """
    spans = [each.span for each in found.periods]
    spans += [Span(stay.admission, stay.discharge) for stay in stays]
    spans += [period] if period else list(found.right.windows)
    if not spans:
        return []
    whole = Span(min(span.first for span in spans), max(span.last for span in spans))
    kinds = dict(_kinds(found, stays))
    return [_month(part.first, kinds) for part in list(by_month(whole))[:MOST_MONTHS]]


def _kinds(found: Overrun, stays: Sequence[Stay]) -> Iterator[tuple[date, CalendarDay]]:
    """Yield days with what they are; what comes later wins."""
    for window in found.right.windows:
        for on in _days(window):
            yield on, CalendarDay(on, "window")
    for stay in stays:
        for on in _days(Span(stay.admission, stay.discharge)):
            yield on, CalendarDay(on, "acute" if stay.is_acute else "stay")
    for period in found.periods:
        for place, on in enumerate(_days(period.span)):
            week = place // WEEK
            if week < period.full_weeks:
                yield on, CalendarDay(on, "full_week", week + 1)
            else:
                yield on, CalendarDay(on, "partial_week")


def _days(span: Span) -> Iterator[date]:
    last = min(span.last, span.first + 400 * DAY)
    return (span.first + n * DAY for n in range((last - span.first).days + 1))


def _month(some_day: date, kinds: dict[date, CalendarDay]) -> Month:
    first = some_day.replace(day=1)
    last = (first + 31 * DAY).replace(day=1) - DAY
    days: list[CalendarDay | None] = [None] * first.weekday()
    days += [kinds.get(on, CalendarDay(on, "outside")) for on in _days(Span(first, last))]
    days += [None] * (-len(days) % WEEK)
    weeks = tuple(tuple(days[n : n + WEEK]) for n in range(0, len(days), WEEK))
    return Month(first, weeks)
