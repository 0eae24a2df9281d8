"""What holds of every bill by level, of care not executed and of the provisional period."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from medcontrol.reference.care_levels import level_tables
from medcontrol.rules.long_term_care.billing import BilledPeriod, CheckedPeriod, check_bill
from medcontrol.rules.long_term_care.executed import (
    ActDone,
    NonExecuted,
    YearLimit,
    month_limit,
    to_pay_back,
)
from medcontrol.rules.long_term_care.facts import Plan, PlannedAct, Span
from medcontrol.rules.long_term_care.level_billing import BilledLevel, check_levels
from medcontrol.rules.long_term_care.levels import HeldLevel
from medcontrol.rules.long_term_care.overrun import overrun_as_given
from medcontrol.rules.long_term_care.terms import FlatRateCut, Readings, Rounding
from medcontrol.services.long_term_care import weekly_limits

ALWAYS = Span(date(2018, 1, 1), date.max)
FIRST = date(2019, 3, 1)
DAY = timedelta(days=1)

levels = st.integers(0, 15)
ends = st.integers(1, 31)
done = st.integers(0, 5000)
minutes = st.fractions(0, 20_000, max_denominator=12)


def acts(executed: int, missed: int) -> tuple[ActDone, ...]:
    return (ActDone("A", executed + missed, executed, missed),)


def by_level(
    billed: int, held: int, span: Span, of: tuple[ActDone, ...] = (), percent: int | None = 10
) -> CheckedPeriod:
    period = BilledLevel(span, billed, of)
    [found] = check_levels(
        [period], [HeldLevel(ALWAYS, held)], level_tables(), rounding=Rounding.HALF_UP,
        month=month_limit(period.done, percent), reading=FlatRateCut.BY_SHARE,
    )  # fmt: skip
    return found


def until(day: int) -> Span:
    return Span(FIRST, FIRST.replace(day=day))


@given(levels, levels, ends, done, done)
def test_a_level_bill_never_exceeds_what_was_billed_nor_the_level_on_record(
    billed: int, held: int, day: int, executed: int, missed: int
) -> None:
    found = by_level(billed, held, until(day), acts(executed, missed))
    own = by_level(held, held, until(day))

    assert 0 <= found.undisputed <= found.accepted <= min(found.billed, own.accepted)
    assert found.accepted + sum((cut.minutes for cut in found.cuts), Fraction()) == found.billed
    assert all(cut.minutes > 0 for cut in found.cuts)


@given(levels, levels, st.integers(2, 31), st.data())
def test_days_billed_in_two_parts_give_the_same(
    billed: int, held: int, day: int, data: st.DataObject
) -> None:
    at = FIRST + data.draw(st.integers(1, day - 1)) * DAY
    whole = until(day)

    first = by_level(billed, held, Span(FIRST, at - DAY))
    second = by_level(billed, held, Span(at, whole.last))

    assert first.accepted + second.accepted == by_level(billed, held, whole).accepted


@given(levels, st.integers(0, 14), ends)
def test_a_higher_level_on_record_never_gives_less(billed: int, held: int, day: int) -> None:
    less, more = (by_level(billed, number, until(day)).accepted for number in (held, held + 1))

    assert less <= more


@given(done, done, st.integers(0, 100))
def test_care_not_executed_stays_within_its_share_of_the_care_given(
    executed: int, missed: int, percent: int
) -> None:
    limit = month_limit(NonExecuted(Fraction(executed), Fraction(missed)), percent)

    assert 0 <= limit.billable <= missed
    assert limit.billable * 100 <= executed * percent or limit.billable == 0
    assert 0 <= limit.share <= 1


@given(done, done, done)
def test_more_care_given_never_lowers_what_is_due_nor_raises_what_is_paid_back(
    executed: int, more: int, missed: int
) -> None:
    before, after = (
        NonExecuted(Fraction(given), Fraction(missed)) for given in (executed, executed + more)
    )

    assert month_limit(before, 10).billable <= month_limit(after, 10).billable
    assert to_pay_back(after, 2) <= to_pay_back(before, 2)
    kept = missed - YearLimit(after, 2).to_pay_back
    assert kept <= YearLimit(after, 2).limit or kept == 0


@given(done, done, st.integers(0, 3000))
def test_minutes_not_executed_are_cut_before_the_ceiling_and_never_executed_ones(
    executed: int, missed: int, weekly: int
) -> None:
    plan = Plan(Span(date.min, date.max), (PlannedAct("A", Fraction(weekly)),))
    span = Span(date(2016, 3, 1), date(2016, 3, 31))
    room = overrun_as_given([plan], span, readings=Readings(), limits=weekly_limits()).periods
    billed = BilledPeriod(span, Fraction(executed + missed), acts(executed, missed))

    [found] = check_bill(
        [billed], room, [], rounding=Rounding.HALF_UP, month=month_limit(billed.done, 10)
    )

    assert found.accepted >= min(Fraction(executed), found.ceiling)
    assert found.accepted <= min(found.ceiling, Fraction(executed * 11, 10))


@given(minutes, minutes)
def test_while_no_own_ceiling_is_fixed_the_legal_one_holds_and_nothing_beyond_it(
    planned: Fraction, asked: Fraction
) -> None:
    plan = Plan(
        Span(date.min, date.max), (PlannedAct("A", planned),), is_definitive=False
    )  # fmt: skip
    span = Span(date(2016, 3, 1), date(2016, 3, 31))
    room = overrun_as_given([plan], span, readings=Readings(), limits=weekly_limits()).periods

    [found] = check_bill([BilledPeriod(span, asked)], room, room, rounding=Rounding.HALF_UP)

    assert found.overrun == 0
    assert found.accepted == min(asked, Fraction(1470 * 31, 7))
