from datetime import datetime

import pytest

from medcontrol.errors import InvalidInput
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.rules.clocks import (
    ClockStandsStill,
    LimitUnit,
    Standstill,
    TimeLimit,
    completion_restarts,
    due_at,
    estimated_due_at,
)
from medcontrol.vocabulary import CompletionKind

MA = WorkingCalendar("ma")
START = datetime.fromisoformat("2026-11-02T10:00:00+01:00")  # a Monday


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+01:00")


def local(instant: datetime) -> str:
    return MA.local(instant).isoformat()


@pytest.mark.parametrize(
    ("amount", "unit", "due"),
    [
        (15, "calendar_day", "2026-11-17T23:59:59"),
        (3, "working_day", "2026-11-05T23:59:59"),
        (4, "working_day", "2026-11-09T23:59:59"),  # the Green March is Friday the 6th
        (48, "hour", "2026-11-04T10:00:00"),
        (48, "working_hour", "2026-11-11T10:00:00"),
        (2, "week", "2026-11-16T23:59:59"),
        (6, "month", "2027-05-02T23:59:59"),
    ],
)
def test_a_limit_ends_with_its_last_day_or_on_its_hour(amount, unit, due):
    assert local(due_at(MA, START, TimeLimit(amount, LimitUnit(unit)))) == due


FIFTEEN_DAYS = TimeLimit(15, LimitUnit.CALENDAR_DAY)


@pytest.mark.parametrize(
    ("standstills", "due"),
    [
        ([("2026-11-05T09:00", "2026-11-12T18:00")], "2026-11-24"),
        ([("2026-11-05T09:00", "2026-11-05T18:00")], "2026-11-17"),
        ([("2026-11-17T20:00", "2026-11-20T08:00")], "2026-11-20"),  # asked on the last day
        ([("2026-11-18T00:00", "2026-11-30T08:00")], "2026-11-17"),  # asked too late
        ([("2026-10-01T00:00", "2026-10-20T08:00")], "2026-11-17"),  # before the start
        ([("2026-10-30T00:00", "2026-11-04T08:00")], "2026-11-19"),  # across the start
        (
            [("2026-11-10T09:00", "2026-11-12T09:00"), ("2026-11-05T09:00", "2026-11-11T09:00")],
            "2026-11-24",  # overlapping ones count once
        ),
        (
            [("2026-11-05T09:00", "2026-11-07T09:00"), ("2026-11-18T09:00", "2026-11-20T09:00")],
            "2026-11-21",  # the second begins after the first end, before the moved one
        ),
    ],
)
def test_a_clock_that_stood_still_goes_on_with_what_was_left(standstills, due):
    stops = [Standstill(at(f), at(t)) for f, t in standstills]

    assert local(due_at(MA, START, FIFTEEN_DAYS, stops)) == f"{due}T23:59:59"


def test_a_clock_that_restarts_counts_in_full_from_the_receipt():
    stop = Standstill(at("2026-11-05T09:00"), at("2026-11-12T18:00"), restarts=True)

    assert local(due_at(MA, START, FIFTEEN_DAYS, [stop])) == "2026-11-27T23:59:59"


def test_working_days_and_hours_stand_still_in_their_own_unit():
    stop = [Standstill(at("2026-11-03T12:30"), at("2026-11-09T08:30"))]

    assert local(due_at(MA, START, TimeLimit(3, LimitUnit.WORKING_DAY), stop)) == (
        "2026-11-11T23:59:59"
    )
    assert local(due_at(MA, START, TimeLimit(12, LimitUnit.WORKING_HOUR), stop)) == (
        "2026-11-09T10:00:00"
    )
    assert local(due_at(MA, START, TimeLimit(48, LimitUnit.HOUR), stop)) == "2026-11-10T06:00:00"


def test_an_open_standstill_has_an_estimate_but_no_legal_end():
    stop = [Standstill(at("2026-11-05T09:00"))]

    with pytest.raises(ClockStandsStill):
        due_at(MA, START, FIFTEEN_DAYS, stop)
    estimate = estimated_due_at(MA, START, FIFTEEN_DAYS, stop, now=at("2026-11-15T09:00"))

    assert local(estimate) == "2026-11-27T23:59:59"


@pytest.mark.parametrize("flags", [(False, True), (True, False)])
def test_the_two_kinds_of_completion_follow_their_own_flag(flags):
    by_kind = {
        kind: completion_restarts(kind, incomplete_restarts=flags[0], incorrect_restarts=flags[1])
        for kind in CompletionKind
    }

    assert by_kind == {CompletionKind.INCOMPLETE: flags[0], CompletionKind.INCORRECT: flags[1]}


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: TimeLimit(0, LimitUnit.HOUR), "amount"),
        (lambda: Standstill(at("2026-11-05T09:00"), at("2026-11-04T09:00")), "ended_at"),
        (lambda: due_at(MA, datetime(2026, 1, 1), TimeLimit(1, LimitUnit.HOUR)), "instant"),  # noqa: DTZ001
    ],
)
def test_what_makes_no_sense_is_refused_by_field(call, field):
    with pytest.raises(InvalidInput) as refusal:
        call()

    assert refusal.value.field == field
