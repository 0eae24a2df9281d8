"""Minutes beyond the care plan by monthly period (dépassement adapté par période mensuelle)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from medcontrol.rules.long_term_care.facts import (
    DAY,
    WEEK,
    CareFault,
    Plan,
    Span,
    Stay,
    check_plans,
    check_stays,
)
from medcontrol.rules.long_term_care.right import Reason, Right, right_of, without
from medcontrol.rules.long_term_care.terms import (
    CeilingTest,
    NeedTest,
    NothingAssigned,
    Readings,
    RightTerms,
    Rounding,
    WeeklyLimits,
    limits_on,
)

_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class WeeklyOverrun:
    """Minutes a week beyond the plan.

    Attributes:
        minutes: from 0 to the weekly limit.
        case: 1, 2 or 3 of the rules (§4.4.2 to §4.4.4).
        held_against_ceiling: minutes a week that the ceiling was tested on.
        limits: those of the law.
    """

    minutes: Fraction
    case: int
    held_against_ceiling: Fraction
    limits: WeeklyLimits


@dataclass(frozen=True, slots=True)
class MonthlyPeriod:
    """Days of one month on which nothing changes, with what may be billed beyond the plan.

    Attributes:
        span: at most a calendar month.
        assigned_minutes: ``DAEV_P``, minutes a week.
        weekly: the overrun of a full week.
        ceiling: minutes of the plan for these days, the overrun not in it.
        provider: who bills.
        is_definitive: whether the plan fixes a ceiling of its own; else the legal one holds.
    """

    span: Span
    assigned_minutes: Fraction
    weekly: WeeklyOverrun
    ceiling: Fraction
    provider: str = ""
    is_definitive: bool = True

    @property
    def days(self) -> int:
        """``N``."""
        return self.span.days

    @property
    def full_weeks(self) -> int:
        """``nSC = N div 7``: partial weeks at both ends are regrouped."""
        return self.days // WEEK

    @property
    def partial_week_days(self) -> int:
        """``nbJ = N mod 7``, from 0 to 6."""
        return self.days % WEEK

    @property
    def overrun_full_weeks(self) -> Fraction:
        """``DepSC = nSC × D``."""
        return self.full_weeks * self.weekly.minutes

    @property
    def overrun_partial_week(self) -> Fraction:
        """``DepSP = 1/7 × D × nbJ``."""
        return self.weekly.minutes * self.partial_week_days / WEEK

    @property
    def overrun(self) -> Fraction:
        """``Dep_Période = DepSC + DepSP``."""
        return self.overrun_full_weeks + self.overrun_partial_week


@dataclass(frozen=True, slots=True)
class Overrun:
    """What one provider may bill beyond the plan, period by period.

    Attributes:
        right: days and reasons; all days of the period when the right is taken as given.
        periods: in their order.
        to_review: codes of what a later control should look at.
    """

    right: Right
    periods: tuple[MonthlyPeriod, ...]
    to_review: tuple[str, ...] = ()

    @property
    def total(self) -> Fraction:
        """The sum over all periods, exact."""
        return sum((period.overrun for period in self.periods), Fraction())

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Refusals and what was cut off."""
        return self.right.reasons


def weekly_overrun(plan: Plan, limits: WeeklyLimits, readings: Readings) -> WeeklyOverrun:
    """Return ``D``, the overrun of a full week: ``max(0, min(210, 1470 − DAEV_P))``.

    Rules of calculation §4.4: case 1 the whole limit, case 2 what is left to the ceiling, case 3
    nothing. While no ceiling of the person's own is fixed (période transitoire) the legal one
    holds whole, and nothing goes beyond it.
    """
    if not plan.is_definitive:
        return WeeklyOverrun(Fraction(), 3, limits.ceiling, limits)
    whole = readings.ceiling_test is CeilingTest.WHOLE_PLAN
    minutes = plan.all_minutes if whole else plan.assigned_minutes
    if minutes >= limits.ceiling:
        return WeeklyOverrun(Fraction(), 3, minutes, limits)
    is_case_1 = minutes + limits.overrun < limits.ceiling
    found = limits.overrun if is_case_1 else limits.ceiling - minutes
    if not plan.assigned_minutes and readings.nothing_assigned is NothingAssigned.NOTHING:
        found = Fraction()
    return WeeklyOverrun(found, 1 if is_case_1 else 2, minutes, limits)


def overrun(
    plans: Sequence[Plan],
    stays: Sequence[Stay],
    *,
    need: Span | None,
    period: Span | None,
    terms: RightTerms,
    limits: Sequence[WeeklyLimits],
) -> Overrun:
    """Return the overrun that the hospital stays of a person give one provider.

    Args:
        plans: care plans with share plan, one after the other; they cover every day of the right.
        stays: of the person.
        need: days on which more care was needed; None: as long as the right lasts.
        period: days looked at, such as a month of billing; None: all.
        terms: of the right.
        limits: of the law, by day of service.

    Raises:
        CareFault: stays or plans overlap, a day of the right has no plan, or no limits hold.
    """
    right = right_of(stays, need, terms)
    spans = right.spans if period is None else _within(right.spans, period)
    periods = tuple(_periods(spans, plans, limits, terms.readings))
    if terms.readings.need_test is NeedTest.EACH_PERIOD:
        periods = tuple(each for each in periods if each.days >= terms.need_min_days)
    return Overrun(Right(tuple(spans), right.windows, right.reasons), periods, _signs(periods))


def overrun_as_given(
    plans: Sequence[Plan],
    period: Span,
    *,
    readings: Readings,
    limits: Sequence[WeeklyLimits],
    away: Sequence[Stay] = (),
) -> Overrun:
    """Return the arithmetic alone, as if a right lasted for the whole period.

    For the page and the command line; billing never takes a right as given.
    """
    gone = [Span(stay.admission, stay.discharge) for stay in check_stays(away)]
    spans = tuple(without([period], gone))
    periods = tuple(_periods(spans, plans, limits, readings))
    return Overrun(Right(spans, (period,)), periods, _signs(periods))


def payable(periods: Iterable[MonthlyPeriod], rounding: Rounding) -> int:
    """Return whole minutes to pay: exact sums, rounded once unless P9 says otherwise."""
    if rounding is Rounding.PARTS_HALF_UP:
        return sum(
            half_up(period.overrun_full_weeks) + half_up(period.overrun_partial_week)
            for period in periods
        )
    total = sum((period.overrun for period in periods), Fraction())
    return rounded(total, rounding)


def rounded(minutes: Fraction, rounding: Rounding) -> int:
    """Return one exact number of minutes as it is paid."""
    return int(minutes) if rounding is Rounding.DOWN else half_up(minutes)


def half_up(minutes: Fraction) -> int:
    """Return the nearest whole number; a half goes up. For 0 or more."""
    return int(minutes + _HALF)


def by_month(span: Span) -> Iterator[Span]:
    """Yield a span cut at the ends of calendar months."""
    first = span.first
    while True:
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        if following > span.last:
            yield Span(first, span.last)
            return
        yield Span(first, following - DAY)
        first = following


def _within(spans: Iterable[Span], period: Span) -> tuple[Span, ...]:
    return tuple(met for span in spans if (met := span.meets(period)))


def _periods(
    spans: Iterable[Span],
    plans: Sequence[Plan],
    limits: Sequence[WeeklyLimits],
    readings: Readings,
) -> Iterator[MonthlyPeriod]:
    """Cut spans at changes of plan, at changes of the law and at month ends."""
    ordered = check_plans(plans)
    for span in spans:
        for plan, part in _by_plan(span, ordered):
            for month in by_month(part):
                for limit, days in _by_limit(month, limits):
                    yield _period(days, plan, limit, readings)


def _by_plan(span: Span, plans: Sequence[Plan]) -> Iterator[tuple[Plan, Span]]:
    first = span.first
    for plan in plans:
        part = plan.span.meets(Span(first, span.last))
        if part is None:
            continue
        if part.first > first:
            break
        yield plan, part
        if part.last == span.last:
            return
        first = part.last + DAY
    raise CareFault("covered", f"no care plan holds on {first}", field="plans")


def _by_limit(span: Span, limits: Sequence[WeeklyLimits]) -> Iterator[tuple[WeeklyLimits, Span]]:
    first = span.first
    while True:
        limit = limits_on(limits, first)
        last = min(limit.until, span.last)
        yield limit, Span(first, last)
        if last == span.last:
            return
        first = last + DAY


def _period(span: Span, plan: Plan, limits: WeeklyLimits, readings: Readings) -> MonthlyPeriod:
    weekly = weekly_overrun(plan, limits, readings)
    own = plan.assigned_minutes if plan.is_definitive else limits.ceiling
    ceiling = min(own, limits.ceiling) * span.days / WEEK
    return MonthlyPeriod(
        span, plan.assigned_minutes, weekly, ceiling, plan.provider, plan.is_definitive
    )


def _signs(periods: Sequence[MonthlyPeriod]) -> tuple[str, ...]:
    """Return what a later control should look at."""
    found = any(not each.assigned_minutes and each.is_definitive for each in periods)
    return ("nothing_assigned",) if found else ()
