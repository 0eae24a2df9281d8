"""Days that are announced, and the calendar that counts with them."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlmodel import Session

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.services import calendar

FRIDAY, SATURDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 23)


def test_an_announced_day_counts_at_once_and_no_more_once_withdrawn(db: Session) -> None:
    assert calendar.working_calendar(db, "ma").add_working_days(FRIDAY, 1) == MONDAY
    calendar.announce(db, "ma", MONDAY, "Aïd")
    found = calendar.working_calendar(db, "ma")
    assert found.add_working_days(FRIDAY, 1) == date(2026, 11, 24)
    assert found.holiday_name(MONDAY) == "Aïd"
    calendar.withdraw(db, "ma", MONDAY)
    assert calendar.working_calendar(db, "ma").is_working_day(MONDAY)


def test_a_weekend_may_be_announced_as_worked_and_the_last_word_counts(db: Session) -> None:
    calendar.announce(db, "ma", SATURDAY, "Récupération", is_holiday=False)
    assert calendar.working_calendar(db, "ma").is_working_day(SATURDAY)
    calendar.announce(db, "ma", SATURDAY, "Annulée")
    assert not calendar.working_calendar(db, "ma").is_working_day(SATURDAY)
    assert [each.name for each in calendar.announced_days(db, "ma", year=2026)] == ["Annulée"]
    assert calendar.announced_days(db, "ma", year=2025) == []


def test_a_day_of_one_jurisdiction_is_none_of_the_other(db: Session) -> None:
    calendar.announce(db, "ma", MONDAY, "Aïd")
    assert calendar.working_calendar(db, "lu", MONDAY).is_working_day(MONDAY)


def test_the_hours_of_work_are_those_of_the_law_of_the_day(db: Session) -> None:
    found = calendar.working_calendar(db, "ma", FRIDAY).working_time
    assert (found.opens_at, found.closes_at) == (time(8, 30), time(16, 30))
    at = calendar.working_calendar(db, "ma", FRIDAY).add_working_time(
        datetime(2026, 11, 20, 14, 30, tzinfo=UTC), timedelta(hours=2)
    )
    assert at.date() == MONDAY, "an hour on Friday to 16:30 in Casablanca, the other on Monday"


@pytest.mark.parametrize(
    ("day", "name"), [(MONDAY, " "), (MONDAY, "a\0b"), (MONDAY, "x" * 201), (date(2200, 1, 1), "x")]
)
def test_a_day_that_can_not_be_is_refused(db: Session, day: date, name: str) -> None:
    with pytest.raises(InvalidInput):
        calendar.announce(db, "ma", day, name)


def test_what_was_not_announced_can_not_be_withdrawn(db: Session) -> None:
    with pytest.raises(NotFound):
        calendar.withdraw(db, "ma", MONDAY)
