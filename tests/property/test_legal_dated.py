from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medcontrol.errors import ParameterNotInForce
from medcontrol.legal.dated import DatedParameter, DatedValue, Reference, Unit
from medcontrol.legal.loading import law

days = st.dates(date(1950, 1, 1), date(2100, 12, 31))


def parameter(starts: list[date]) -> DatedParameter[int]:
    values = tuple(
        DatedValue(number, start, "a.b", Reference("A text", "https://example.org"))
        for number, start in enumerate(sorted(starts))
    )
    return DatedParameter("a.b", "A fact", Unit("count", "whole", "nombre"), values, starts[0])


@given(st.lists(days, min_size=1, max_size=8, unique=True))
def test_each_start_date_switches_the_value_and_the_day_before_does_not(starts):
    dated = parameter(starts)

    for number, start in enumerate(sorted(starts)):
        assert dated.at(start).value == number
        if number:
            assert dated.at(start - timedelta(days=1)).value == number - 1
        else:
            with pytest.raises(ParameterNotInForce):
                dated.at(start - timedelta(days=1))


@given(st.sampled_from(law("ma").paths), st.dates(date(2002, 11, 21), date(2100, 1, 1)))
def test_a_value_in_force_began_on_or_before_the_day(path, day):
    value = law("ma").parameter(path).at(day)

    assert value.since <= day
    assert value.path == path
