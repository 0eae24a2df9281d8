from datetime import UTC, date, datetime, time, timedelta

import pytest

from medcontrol.clock import ZONES as CLOCK_ZONES
from medcontrol.errors import InvalidInput
from medcontrol.rules.calendar import ZONES, WorkingCalendar, WorkingTime, add_months

MA = WorkingCalendar("ma")
HOUR = timedelta(hours=1)
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_zones_are_those_of_the_clock():
    assert dict(ZONES) == CLOCK_ZONES


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-20", True),  # Friday
        ("2026-11-21", False),  # Saturday
        ("2026-11-18", False),  # independence
        ("2026-10-30", True),
        ("2026-01-14", False),  # Amazigh new year
        ("2026-05-27", False),  # Aïd al-Adha, estimated
    ],
)
def test_moroccan_working_days(day, works):
    assert MA.is_working_day(date.fromisoformat(day)) is works


def test_luxembourg_has_its_own_holidays():
    calendar = WorkingCalendar("lu")

    assert not calendar.is_working_day(date(2026, 6, 23))
    assert calendar.is_working_day(date(2026, 11, 18))
    assert calendar.holiday_name(date(2026, 6, 23)) == "Fête nationale"


def test_announced_days_add_and_cancel_holidays_and_weekends():
    calendar = WorkingCalendar(
        "ma",
        {
            date(2026, 11, 20): "Jour férié exceptionnel",
            date(2026, 11, 23): True,
            date(2026, 11, 18): False,
            date(2026, 11, 21): False,
        },
    )
    week = [date(2026, 11, 17) + timedelta(days=n) for n in range(8)]

    assert [day.day for day in week if calendar.is_working_day(day)] == [17, 18, 19, 21, 24]
    assert calendar.holiday_name(date(2026, 11, 20)) == "Jour férié exceptionnel"
    assert calendar.holiday_name(date(2026, 11, 18)) is None
    assert calendar.holiday_name(date(2026, 11, 23)) == "Jour férié"


def test_working_days_cross_years_both_ways():
    assert MA.add_working_days(date(2026, 12, 30), 3) == date(2027, 1, 5)
    assert MA.add_working_days(date(2027, 1, 5), -3) == date(2026, 12, 30)
    assert MA.working_days_between(date(2024, 6, 1), date(2027, 6, 1)) == sum(
        MA.is_working_day(date(2024, 6, 2) + timedelta(days=n)) for n in range(3 * 365)
    )


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-20T10:00:00+01:00", 48, "2026-11-30T10:00:00+01:00"),
        ("2026-11-20T10:00:00+01:00", 2, "2026-11-20T12:00:00+01:00"),
        ("2026-11-20T15:30:00+01:00", 2, "2026-11-23T09:30:00+01:00"),
        ("2026-11-20T07:00:00+01:00", 8, "2026-11-20T16:30:00+01:00"),  # not the next opening
        ("2026-11-20T20:00:00+01:00", 1, "2026-11-23T09:30:00+01:00"),
        ("2026-11-21T12:00:00+01:00", 0, "2026-11-23T08:30:00+01:00"),
        ("2026-11-20T16:30:00+01:00", 0, "2026-11-20T16:30:00+01:00"),
        ("2026-11-20T16:30:00+01:00", 1, "2026-11-23T09:30:00+01:00"),
    ],
)
def test_working_hours(start, hours, due):
    assert MA.add_working_time(at(start), timedelta(hours=hours)) == at(due)


def test_working_hours_keep_the_wall_time_over_the_shift_of_ramadan():
    before = at("2026-02-13T15:30:00+01:00")

    due = MA.add_working_time(before, timedelta(hours=2))

    assert due == at("2026-02-16T09:30:00+00:00")
    assert MA.working_time_between(before, due) == timedelta(hours=2)


def test_the_end_of_a_civil_day_follows_the_zone():
    assert MA.end_of_day(date(2026, 11, 20)) == datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC)
    assert MA.end_of_day(date(2026, 3, 2)) == datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
    assert MA.civil_date(datetime(2026, 11, 20, 23, 30, tzinfo=UTC)) == date(2026, 11, 21)


def test_a_week_of_its_own():
    calendar = WorkingCalendar("ma", {}, WorkingTime(time(9), time(12), 2, 6))

    assert calendar.is_working_day(date(2026, 11, 21))
    assert not calendar.is_working_day(date(2026, 11, 23))
    assert calendar.add_working_time(at("2026-11-21T11:00:00+01:00"), timedelta(hours=2)) == at(
        "2026-11-24T10:00:00+01:00"
    )


def test_months_end_on_the_last_day_when_the_day_does_not_exist():
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2026, 12, 31), 2) == date(2027, 2, 28)
    assert add_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert add_months(date(2026, 1, 15), -1) == date(2025, 12, 15)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: WorkingCalendar("fr"), "jurisdiction"),
        (lambda: MA.is_working_day(date(2101, 1, 1)), "day"),
        (lambda: MA.working_days_between(date(2026, 1, 1), date.max), "day"),
        (lambda: MA.add_working_days(date(2026, 1, 1), 10**6), "day"),
        (lambda: MA.add_working_days(date(2026, 1, 1), -(10**6)), "day"),
        (lambda: MA.add_working_time(NAIVE, HOUR), "instant"),
        (lambda: MA.add_working_time(at("2026-11-20T10:00:00+01:00"), -HOUR), "amount"),
        (lambda: WorkingTime(time(9), time(9)), "opens_at"),
        (lambda: WorkingTime(first_weekday=6, last_weekday=5), "first_weekday"),
        (lambda: add_months(date(2026, 1, 1), 12 * 8000), "months"),
    ],
)
def test_what_can_not_be_answered_is_refused_by_field(call, field):
    with pytest.raises(InvalidInput) as refusal:
        call()

    assert refusal.value.field == field
