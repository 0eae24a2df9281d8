"""What of a month's bill is accepted, period by period (contrôle de la facture mensuelle)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from medcontrol.rules.long_term_care.facts import WEEK, CareFault, Span
from medcontrol.rules.long_term_care.overrun import MonthlyPeriod, rounded
from medcontrol.rules.long_term_care.terms import Rounding, SeveralProviders, WeeklyLimits


class CutReason(StrEnum):
    """Why minutes of a bill are not accepted."""

    NO_RIGHT = "no_right"  # beyond the plan, and no right to an overrun on these days
    OVER_LIMIT = "over_limit"  # beyond the plan and the overrun


@dataclass(frozen=True, slots=True)
class BilledPeriod:
    """Minutes billed for days of one month, weighted by the intensity."""

    span: Span
    minutes: Fraction

    def __post_init__(self) -> None:
        """Refuse minutes below zero and days of two months."""
        if self.minutes < 0:
            raise CareFault("not_negative", f"{self.minutes} minutes", field="billed.minutes")
        first, last = self.span.first, self.span.last
        if (first.year, first.month) != (last.year, last.month):
            raise CareFault("one_month", f"{first} to {last}", field="billed.period")


@dataclass(frozen=True, slots=True)
class CheckedPeriod:
    """What was accepted of a billed period.

    Attributes:
        span: its days.
        billed, accepted: minutes, exact.
        ceiling: minutes of the plan for these days.
        overrun: minutes that could be billed beyond it; 0 without a right.
        reason: of the cut, when something was cut.
        payable: accepted minutes as they are paid, whole.
    """

    span: Span
    billed: Fraction
    accepted: Fraction
    ceiling: Fraction
    overrun: Fraction
    reason: CutReason | None
    payable: int

    @property
    def cut(self) -> Fraction:
        """Minutes that are not accepted."""
        return self.billed - self.accepted

    @property
    def beyond_plan(self) -> Fraction:
        """Accepted minutes beyond the plan: what a later control looks at."""
        return max(Fraction(), self.accepted - self.ceiling)


def check_bill(
    billed: Sequence[BilledPeriod],
    in_plan: Sequence[MonthlyPeriod],
    with_right: Sequence[MonthlyPeriod],
    *,
    rounding: Rounding,
) -> list[CheckedPeriod]:
    """Hold billed minutes against plan and overrun, each period by itself.

    A period that was billed low never makes room for another: the ceilings are those of the
    same period (rules of calculation §3.2.3.3).

    Args:
        billed: by period of the bill, in any order. A period over several monthly periods has
            the sum of their ceilings, by the days of each that lie in it.
        in_plan: every monthly period of the month, with its ceiling.
        with_right: the periods on which the right to an overrun is open.
        rounding: P9.

    Raises:
        CareFault: billed periods overlap.
    """
    ordered = sorted(billed, key=lambda each: each.span)
    for before, after in pairwise(ordered):
        if after.span.first <= before.span.last:
            detail = f"two periods hold {after.span.first}"
            raise CareFault("no_overlap", detail, field="billed.period")
    return [_checked(each, in_plan, with_right, rounding) for each in ordered]


def replaced(
    before: Sequence[CheckedPeriod], after: Sequence[CheckedPeriod]
) -> dict[str, Fraction | int]:
    """Return what a corrected bill or a late fact changes; the new result takes the old's place.

    Framework agreement of 2010, art. 63: a correction is a whole new bill of the month.
    """
    return {
        "billed": _sum(after, "billed") - _sum(before, "billed"),
        "accepted": _sum(after, "accepted") - _sum(before, "accepted"),
        "payable": sum(each.payable for each in after) - sum(each.payable for each in before),
    }


@dataclass(frozen=True, slots=True)
class TogetherOver:
    """Providers of one person whose overruns exceed the weekly limit together (art. 359)."""

    span: Span
    weekly: Mapping[str, Fraction]
    limit: Fraction
    shares: Mapping[str, Fraction]


def together(
    by_provider: Mapping[str, Sequence[MonthlyPeriod]],
    reading: SeveralProviders,
    limits: WeeklyLimits,
) -> list[TogetherOver]:
    """Return the days on which providers together exceed the limit of the person's week.

    ``shares`` says what each keeps of its weekly overrun: all of it when the reading is to
    warn, its part of the limit by its minutes when it is to prorate.
    """
    marks = sorted({p.span for periods in by_provider.values() for p in periods})
    found: list[TogetherOver] = []
    for span in _pieces(marks):
        weekly = {
            name: period.weekly.minutes
            for name, periods in by_provider.items()
            for period in periods
            if period.span.meets(span)
        }
        total = sum(weekly.values(), Fraction())
        if len(weekly) > 1 and total > limits.overrun:
            keeps = Fraction(1) if reading is SeveralProviders.WARN else limits.overrun / total
            shares = {name: minutes * keeps for name, minutes in weekly.items()}
            found.append(TogetherOver(span, weekly, limits.overrun, shares))
    return found


def _pieces(spans: Sequence[Span]) -> list[Span]:
    """Return the smallest parts that the borders of spans make, without the gaps."""
    borders = sorted({s.first.toordinal() for s in spans} | {s.last.toordinal() + 1 for s in spans})
    made = []
    for first, following in pairwise(borders):
        piece = Span(date.fromordinal(first), date.fromordinal(following - 1))
        if any(span.meets(piece) for span in spans):
            made.append(piece)
    return made


def _checked(
    billed: BilledPeriod,
    in_plan: Sequence[MonthlyPeriod],
    with_right: Sequence[MonthlyPeriod],
    rounding: Rounding,
) -> CheckedPeriod:
    ceiling = sum(
        (p.ceiling * share for p, share in _shares(billed.span, in_plan)), start=Fraction()
    )
    overrun = sum(
        (p.weekly.minutes * days / WEEK for p, days in _days(billed.span, with_right)),
        start=Fraction(),
    )
    accepted = min(billed.minutes, ceiling + overrun)
    reason = None
    if accepted < billed.minutes:
        reason = CutReason.OVER_LIMIT if overrun else CutReason.NO_RIGHT
    return CheckedPeriod(
        billed.span, billed.minutes, accepted, ceiling, overrun, reason,
        rounded(accepted, rounding),
    )  # fmt: skip


def _shares(span: Span, periods: Sequence[MonthlyPeriod]) -> list[tuple[MonthlyPeriod, Fraction]]:
    return [(p, Fraction(days, p.days)) for p, days in _days(span, periods)]


def _days(span: Span, periods: Sequence[MonthlyPeriod]) -> list[tuple[MonthlyPeriod, int]]:
    return [(p, met.days) for p in periods if (met := p.span.meets(span))]


def _sum(periods: Sequence[CheckedPeriod], name: str) -> Fraction:
    return sum((getattr(each, name) for each in periods), start=Fraction())
