"""A bill of long-term care held against what is known of its person, in the regime of its days."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import chain

from medcontrol.legal.dated import Parameters
from medcontrol.model import CareBill
from medcontrol.reference.care_levels import level_tables
from medcontrol.rules.long_term_care.billing import BilledPeriod, CheckedPeriod, check_bill
from medcontrol.rules.long_term_care.executed import (
    MAY_BILL,
    MonthLimit,
    NonExecuted,
    ProviderKind,
    month_limit,
)
from medcontrol.rules.long_term_care.facts import CareFault, Plan, Span
from medcontrol.rules.long_term_care.level_billing import BilledLevel, check_levels
from medcontrol.rules.long_term_care.overrun import (
    MonthlyPeriod,
    by_month,
    overrun,
    overrun_as_given,
)
from medcontrol.rules.long_term_care.right import days_away, without
from medcontrol.rules.long_term_care.terms import (
    Readings,
    Regime,
    RightTerms,
    SeveralProviders,
    WeeklyLimits,
    limits_on,
)
from medcontrol.rules.long_term_care.together import TogetherOver, together
from medcontrol.services.care_facts import CareFacts
from medcontrol.services.care_levels import held_by
from medcontrol.services.long_term_care import (
    flat_rate_cut,
    not_executed_percent,
    regime_on,
    right_terms,
    weekly_limits,
)

_LONGER_THAN_A_MONTH = timedelta(days=40)

#: What a period of a bill names: minutes, or a level of need.
Billed = BilledPeriod | BilledLevel


def month_of(first: date) -> Span:
    """Return the days of the month that begins on a day."""
    return next(by_month(Span(first, first + _LONGER_THAN_A_MONTH)))


def work_out(
    facts: CareFacts, row: CareBill, periods: Sequence[Billed], law: Parameters | None = None
) -> tuple[list[CheckedPeriod], tuple[str, ...]]:
    """Hold a bill against what is known of its person; return its periods and signs.

    Args:
        facts: of the bill's person.
        row: the bill.
        periods: what it bills.
        law: another law than that in force, to see what a change would do.

    Raises:
        CareFault: no plan or level on record, no limits, another regime on these days, periods
            that overlap.
    """
    month = limit_of(row, periods, law)
    minutes = [each for each in periods if isinstance(each, BilledPeriod)]
    if _regime(row.month, periods) is Regime.MINUTES:
        checked, found = _by_minutes(facts, row, minutes, month, law)
    else:
        levels = [each for each in periods if isinstance(each, BilledLevel)]
        checked, found = _by_levels(facts, row, levels, month, law)
    return checked, tuple(sorted(found | _signs(row, checked)))


def limit_of(row: CareBill, periods: Sequence[Billed], law: Parameters | None = None) -> MonthLimit:
    """Return what of the care that was not executed a bill may ask for.

    Raises:
        CareFault: such care was billed before there was a rule for it.
    """
    done = NonExecuted(
        sum((each.done.executed for each in periods), start=Fraction()),
        sum((each.done.not_executed for each in periods), start=Fraction()),
    )
    if not done.not_executed:
        return MonthLimit(done, None, Fraction())
    allowed = ProviderKind(row.provider_kind) in MAY_BILL
    return month_limit(done, not_executed_percent(row.month, law) if allowed else None)


def _regime(month: date, periods: Sequence[Billed]) -> Regime:
    """Return the regime of a bill; each period names what that regime pays."""
    regime = regime_on(month)
    by_level = regime is Regime.LEVELS
    for each in periods:
        if isinstance(each, BilledLevel) is not by_level:
            paid = "levels of need, not by minutes" if by_level else "minutes, not by levels"
            raise CareFault("regime", f"{month:%Y-%m} is paid by {paid}", field="month")
    return regime


def _by_minutes(
    facts: CareFacts, row: CareBill, periods: Sequence[BilledPeriod], limit: MonthLimit,
    law: Parameters | None,
) -> tuple[list[CheckedPeriod], set[str]]:  # fmt: skip
    month = month_of(row.month)
    terms, limits = right_terms(month.last, law), weekly_limits(law)
    plans = facts.plans.get(row.provider_id, ())
    spans = sorted(each.span for each in periods)
    away = _away(facts, terms)
    gone = [met for span in spans for gap in away if (met := span.meets(gap))]
    in_plan = _in_plan(plans, without(spans, away), terms.readings, limits)
    with_right, found = _right(facts, plans, month, terms, limits)
    over = _together(facts, row, with_right, month, terms, limits)
    if terms.readings.several_providers is SeveralProviders.PRORATE:
        with_right = list(_shared(with_right, over, row.provider_id))
    checked = check_bill(
        periods, in_plan, with_right, rounding=terms.readings.rounding, month=limit,
        in_hospital=_in_plan(plans, gone, terms.readings, limits),
    )  # fmt: skip
    if over and any(period.beyond_plan for period in checked):
        found.add("providers_together")
    return checked, found


def _in_plan(
    plans: Sequence[Plan], spans: Sequence[Span], readings: Readings,
    limits: Sequence[WeeklyLimits],
) -> list[MonthlyPeriod]:  # fmt: skip
    """Return the monthly periods of some days, each with its ceiling."""
    given = (overrun_as_given(plans, span, readings=readings, limits=limits) for span in spans)
    return list(chain.from_iterable(found.periods for found in given))


def _by_levels(
    facts: CareFacts, row: CareBill, periods: Sequence[BilledLevel], limit: MonthLimit,
    law: Parameters | None,
) -> tuple[list[CheckedPeriod], set[str]]:  # fmt: skip
    terms = right_terms(row.month, law)
    checked = check_levels(
        periods, held_by(facts.levels, row.provider_id), level_tables(),
        rounding=terms.readings.rounding, month=limit, reading=flat_rate_cut(row.month, law),
        away=_away(facts, terms),
    )  # fmt: skip
    others = {who for month, who in facts.billed if month == row.month} - {row.provider_id}
    # Two providers paid for the whole need: the parts of each should be on record.
    shared = others and row.provider_id not in facts.levels
    return checked, {"providers_together"} if shared else set()


def _away(facts: CareFacts, terms: RightTerms) -> list[Span]:
    spans = (days_away(stay, terms) for stay in facts.stays)
    return [span for span in spans if span is not None]


def _right(
    facts: CareFacts, plans: Sequence[Plan], month: Span, terms: RightTerms,
    limits: Sequence[WeeklyLimits],
) -> tuple[list[MonthlyPeriod], set[str]]:  # fmt: skip
    """Return the days of a month with a plan and a right, and what a control should look at."""
    periods: list[MonthlyPeriod] = []
    to_review: set[str] = set()
    for plan in plans:
        if (met := plan.span.meets(month)) is None:
            continue
        right = overrun([plan], facts.stays, need=None, period=met, terms=terms, limits=limits)
        periods += right.periods
        to_review |= set(right.to_review)
    return periods, to_review


def _together(
    facts: CareFacts, row: CareBill, own: Sequence[MonthlyPeriod], month: Span,
    terms: RightTerms, limits: Sequence[WeeklyLimits],
) -> list[TogetherOver]:  # fmt: skip
    """Return where the person's providers exceed the week's limit together."""
    others = [provider for provider in facts.plans if provider != row.provider_id]
    if not others or not own:
        return []
    by_provider: dict[str, Sequence[MonthlyPeriod]] = {row.provider_id: own}
    for other in others:
        periods, _ = _right(facts, facts.plans[other], month, terms, limits)
        if periods:
            by_provider[other] = periods
    return together(by_provider, terms.readings.several_providers, limits_on(limits, month.first))


def _shared(
    periods: Sequence[MonthlyPeriod], over: Sequence[TogetherOver], provider_id: str
) -> Iterator[MonthlyPeriod]:
    """Yield the periods with the provider's share of the week where providers share it (P8)."""
    for period in periods:
        for each in over:
            if met := period.span.meets(each.span):
                weekly = replace(period.weekly, minutes=each.shares[provider_id])
                yield replace(period, span=met, weekly=weekly)
        for left in without([period.span], [each.span for each in over]):
            yield replace(period, span=left)


def _signs(row: CareBill, checked: Sequence[CheckedPeriod]) -> set[str]:
    """Return what a later control looks at, as codes without minutes."""
    beyond = any(period.beyond_plan for period in checked)
    missed = any(period.done.not_executed for period in checked)
    found = {f"cut_{cut.reason.value}" for period in checked for cut in period.cuts}
    if beyond:
        found.add("beyond_plan")
    if missed:
        found.add("not_executed")
    if (beyond or missed) and not row.is_documented:
        found.add("not_documented")
    return found
