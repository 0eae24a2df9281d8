"""What holds of every overrun, whatever the days, minutes and stays."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from medcontrol.rules.long_term_care.facts import Plan, PlannedAct, Span, Stay
from medcontrol.rules.long_term_care.overrun import overrun, overrun_as_given
from medcontrol.rules.long_term_care.terms import Readings
from medcontrol.services.long_term_care import right_terms, weekly_limits

LIMITS = weekly_limits()
DAY = timedelta(days=1)
FIRST = date(2008, 1, 1)

days = st.integers(0, 3000).map(lambda n: FIRST + n * DAY)
minutes = st.fractions(0, 2000, max_denominator=60)
lengths = st.integers(1, 90)


def plan(of: Fraction) -> Plan:
    return Plan(Span(date.min, date.max), (PlannedAct("A", of),))


def total(of: Fraction, span: Span) -> Fraction:
    return overrun_as_given([plan(of)], span, readings=Readings(), limits=LIMITS).total


def with_stays(of: Fraction, *stays: Stay) -> Fraction:
    terms = right_terms(FIRST)
    return overrun([plan(of)], stays, need=None, period=None, terms=terms, limits=LIMITS).total


@given(minutes, days, lengths)
def test_the_total_is_the_weekly_overrun_by_the_days(of: Fraction, first: date, n: int):
    weekly = max(Fraction(), min(Fraction(210), 1470 - of))

    assert total(of, Span(first, first + (n - 1) * DAY)) == weekly * n / 7


@given(minutes, days, lengths)
def test_no_week_exceeds_210_minutes_nor_what_reaches_1470(of: Fraction, first: date, n: int):
    found = overrun_as_given(
        [plan(of)], Span(first, first + (n - 1) * DAY), readings=Readings(), limits=LIMITS
    )

    for period in found.periods:
        assert 0 <= period.weekly.minutes <= 210
        assert period.weekly.minutes == 0 or of + period.weekly.minutes <= 1470
        assert period.overrun == period.weekly.minutes * period.days / 7
        assert period.partial_week_days < 7


@given(minutes, days, st.integers(2, 90), st.data())
def test_a_period_split_at_any_day_keeps_its_sum(
    of: Fraction, first: date, n: int, data: st.DataObject
):
    last = first + (n - 1) * DAY
    at = first + data.draw(st.integers(1, n - 1)) * DAY

    assert total(of, Span(first, last)) == total(of, Span(first, at - DAY)) + total(
        of, Span(at, last)
    )


@given(minutes, days, lengths)
def test_a_longer_period_never_gives_less(of: Fraction, first: date, n: int):
    last = first + (n - 1) * DAY

    assert total(of, Span(first, last)) <= total(of, Span(first, last + DAY))


@given(minutes, days, st.integers(1, 60), st.integers(1, 60), st.integers(1, 40), st.booleans())
def test_a_stay_that_is_not_acute_and_a_short_one_in_an_open_window_never_raise_it(
    of: Fraction, first: date, long: int, after: int, short: int, is_acute: bool
):
    opening = Stay(first, first + (long + 6) * DAY)
    begins = opening.discharge + after * DAY
    further = Stay(begins, begins + (short if not is_acute else short % 6) * DAY, is_acute)

    assert with_stays(of, opening, further) <= with_stays(of, opening)


@given(minutes, days, st.integers(0, 60))
def test_a_stay_that_is_not_acute_opens_nothing(of: Fraction, first: date, n: int):
    assert with_stays(of, Stay(first, first + n * DAY, is_acute=False)) == 0
