from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from medcontrol.rules.calendar import WorkingCalendar, add_months
from medcontrol.rules.clocks import LimitUnit, Standstill, TimeLimit, due_at
from medcontrol.rules.names import normalise_name
from medcontrol.rules.references import Reference, WrongCheckDigit, WrongReference, make_reference
from medcontrol.rules.reviews import InvalidityRule, grant_invalidity, grant_until

CALENDARS = {
    "ma": WorkingCalendar("ma", {date(2026, 11, 20): True, date(2026, 11, 21): False}),
    "lu": WorkingCalendar("lu"),
}
calendars = st.sampled_from(list(CALENDARS.values()))
days = st.dates(date(2015, 1, 1), date(2035, 12, 31))
instants = st.datetimes(datetime(2015, 1, 1), datetime(2035, 12, 31)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC, microsecond=0)
)
counts = st.integers(1, 600)
limits = st.builds(TimeLimit, st.integers(1, 60), st.sampled_from(LimitUnit))


@given(calendars, days, st.integers(-600, 600))
def test_counting_working_days_undoes_adding_them(calendar, day, count):
    reached = calendar.add_working_days(day, count)

    assert calendar.working_days_between(day, reached) == count
    assert count == 0 or calendar.is_working_day(reached)


@given(calendars, days, st.integers(0, 900))
def test_working_days_between_are_those_that_one_counts(calendar, day, length):
    end = day + timedelta(days=length)
    counted = sum(calendar.is_working_day(day + timedelta(days=n)) for n in range(1, length + 1))

    assert calendar.working_days_between(day, end) == counted


@given(calendars, days, days, counts)
def test_adding_working_days_keeps_the_order(calendar, one, other, count):
    first, second = sorted((one, other))

    assert calendar.add_working_days(first, count) <= calendar.add_working_days(second, count)
    assert calendar.add_working_days(first, count) < calendar.add_working_days(first, count + 1)


@given(calendars, instants, st.integers(0, 400 * 3600))
def test_measuring_working_time_undoes_adding_it(calendar, start, seconds):
    amount = timedelta(seconds=seconds)

    assert calendar.working_time_between(start, calendar.add_working_time(start, amount)) == amount


@given(calendars, instants, st.integers(0, 10**6), st.integers(0, 10**6))
def test_working_time_adds_up(calendar, start, first, second):
    middle = start + timedelta(seconds=first)
    end = middle + timedelta(seconds=second)
    whole = calendar.working_time_between(start, end)

    assert whole == calendar.working_time_between(start, middle) + (
        calendar.working_time_between(middle, end)
    )


@given(calendars, instants, limits, st.integers(0, 10**7), st.integers(0, 10**7), st.booleans())
def test_a_standstill_never_brings_the_end_forward(calendar, start, limit, after, length, restarts):
    began = start + timedelta(seconds=after)
    stop = Standstill(began, began + timedelta(seconds=length), restarts)
    plain = due_at(calendar, start, limit)
    moved = due_at(calendar, start, limit, [stop])

    assert moved >= plain
    assert plain >= start
    if began > plain:
        assert moved == plain


@given(
    calendars, instants, limits, st.lists(st.tuples(instants, st.integers(0, 10**6)), max_size=4)
)
def test_the_order_of_standstills_does_not_matter(calendar, start, limit, raw):
    stops = [Standstill(began, began + timedelta(seconds=length)) for began, length in raw]

    assert due_at(calendar, start, limit, stops) == due_at(calendar, start, limit, stops[::-1])


@given(days, st.integers(1, 240), st.integers(1, 240))
def test_more_months_are_later(day, months, more):
    assert day < add_months(day, months) < add_months(day, months + more)


references = st.builds(
    Reference,
    st.from_regex(r"[A-Z]{2,4}", fullmatch=True),
    st.integers(1000, 9999),
    st.integers(1, 9_999_999),
)


@given(references)
def test_a_reference_is_read_back_as_it_was(reference):
    assert Reference.parse(str(reference)) == reference


@given(references, st.data())
def test_any_single_wrong_digit_is_found(reference, data):
    text = str(reference)
    place = data.draw(st.sampled_from([i for i, c in enumerate(text) if c.isdigit()]))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[place]]))

    with pytest.raises(WrongReference):
        Reference.parse(f"{text[:place]}{digit}{text[place + 1 :]}")


@given(st.integers(1, 9_999_999), st.integers(0, 5))
def test_two_neighbours_swapped_are_found(number, place):
    text = make_reference("AMB", 2026, number)
    start = len("AMB-2026-") + place
    swapped = text[:start] + text[start + 1] + text[start] + text[start + 2 :]

    assume(swapped != text)
    with pytest.raises(WrongCheckDigit):
        Reference.parse(swapped)


@given(st.text(max_size=40))
def test_a_name_made_comparable_stays_as_it_is(text):
    once = normalise_name(text)

    assert normalise_name(once) == once
    assert "  " not in once


@given(days, st.integers(1, 240), st.integers(0, 400))
def test_a_review_opens_within_the_validity(start, months, before):
    grant = grant_until(start, add_months(start, months) - timedelta(days=1), before)

    assert grant.valid_to is not None
    assert grant.opens_on is not None
    assert start < grant.opens_on <= grant.next_review_on


@given(st.dates(date(1960, 1, 1), date(2005, 1, 1)), days)
def test_reviews_of_an_invalidity_pension_end_before_pension_age(birth, first):
    rule = InvalidityRule(60, 12, 24, 30, 24, 90)
    pension_on = add_months(birth, 720)
    day: date | None = first
    while day is not None and day < pension_on:
        grant = grant_invalidity(rule, birth_date=birth, first_granted_on=first, valid_from=day)
        assert grant.valid_to is not None
        assert grant.valid_to < pension_on
        assert grant.next_review_on is None or grant.next_review_on > day
        day = grant.next_review_on
    if day is None:
        assert grant.valid_to == pension_on - timedelta(days=1)
