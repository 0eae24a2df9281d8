"""Several providers of one person, whose overruns share one weekly limit (art. 359)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

from medcontrol.rules.long_term_care.facts import Span
from medcontrol.rules.long_term_care.overrun import MonthlyPeriod
from medcontrol.rules.long_term_care.terms import SeveralProviders, WeeklyLimits


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
