"""Daily sickness allowances: days used of 52 weeks, waiting days, limits, milestones."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medcontrol.legal.loading import law
from medcontrol.rules.checks import CHECKS
from medcontrol.rules.checks.case import Case, Found, PastFile, PastRight, Verdict
from medcontrol.rules.checks.incapacity import LeaveLaw, Stop, spells, use_of
from medcontrol.vocabulary import DecisionOutcome, EntitlementStatus

LAW = LeaveLaw(waiting_days=3, max_days=364, within_months=24)
RECEIVED = date(2026, 3, 2)
DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))
STOPS = st.builds(lambda day, n: Stop(day, day + timedelta(days=n)), DAYS, st.integers(0, 200))


def case(**known: Any) -> Case:
    wanted: dict[str, Any] = {
        "flow": "sick_leave", "nature": "first", "channel": "portal", "received_on": RECEIVED,
        "birth_date": date(1980, 5, 1),
        "number": lambda path: law("ma").counted(path, RECEIVED),
    }  # fmt: skip
    return Case(**(wanted | known))


def right(first: date, last: date, code: str | None = None) -> PastRight:
    return PastRight("sick_leave", code, first, last, EntitlementStatus.ENDED)


def found(name: str, asked: Case) -> tuple[Verdict, dict[str, Any]]:
    result: Found = CHECKS[name].compute(asked)
    return result.verdict, {figure.name: figure.value for figure in result.figures}


def test_the_fourth_day_is_the_first_that_is_paid() -> None:
    use = use_of([], Stop(date(2026, 2, 20), date(2026, 3, 10)), LAW)

    assert use.first_paid == date(2026, 2, 23)
    assert (use.used, use.left) == (0, 364)
    assert use.last_payable == date(2027, 2, 21)  # 364 days, the 23rd of February included


def test_a_prolongation_without_a_gap_has_no_waiting_days_of_its_own() -> None:
    first = Stop(date(2026, 1, 1), date(2026, 1, 31))
    without_gap = use_of([first], Stop(date(2026, 2, 1), date(2026, 2, 28)), LAW)
    after_a_day = use_of([first], Stop(date(2026, 2, 2), date(2026, 2, 28)), LAW)

    assert (without_gap.used, without_gap.first_paid) == (28, date(2026, 2, 1))
    assert (after_a_day.used, after_a_day.first_paid) == (28, date(2026, 2, 5))


def test_days_of_a_leap_year_are_counted() -> None:
    use = use_of([Stop(date(2024, 2, 1), date(2024, 3, 1))],
                 Stop(date(2024, 4, 1), date(2024, 4, 30)), LAW)  # fmt: skip

    assert use.used == 27  # 4 February to 1 March, the 29th included


def test_the_364th_day_is_paid_and_the_next_is_not() -> None:
    first = Stop(date(2025, 1, 1), date(2025, 12, 30))  # 364 days, 361 of them paid
    use = use_of([first], Stop(date(2025, 12, 31), date(2026, 1, 31)), LAW)

    assert (use.used, use.left) == (361, 3)
    assert use.last_payable == date(2026, 1, 2)
    full = use_of([Stop(date(2025, 1, 1), date(2026, 1, 2))],
                  Stop(date(2026, 1, 3), date(2026, 1, 9)), LAW)  # fmt: skip
    assert (full.used, full.left, full.last_payable) == (364, 0, None)


def test_the_first_stop_after_24_months_begins_a_new_period() -> None:
    old = Stop(date(2024, 2, 29), date(2024, 12, 31))
    in_it = use_of([old], Stop(date(2026, 2, 27), date(2026, 3, 20)), LAW)
    after_it = use_of([old], Stop(date(2026, 2, 28), date(2026, 3, 20)), LAW)

    assert (in_it.period_from, in_it.period_before) == (date(2024, 2, 29), date(2026, 2, 28))
    assert in_it.used == 304
    assert in_it.last_payable is None  # the three waiting days take it to the period's end
    assert (after_it.period_from, after_it.used) == (date(2026, 2, 28), 0)


def test_an_unbroken_leave_never_begins_a_period_by_itself() -> None:
    use = use_of([Stop(date(2024, 1, 1), date(2026, 1, 31))],
                 Stop(date(2026, 2, 1), date(2026, 2, 28)), LAW)  # fmt: skip

    assert (use.period_from, use.left, use.last_payable) == (date(2024, 1, 1), 0, None)


@given(st.lists(STOPS, max_size=8), STOPS)
def test_overlapping_stops_count_once_in_any_order(stops: list[Stop], current: Stop) -> None:
    one_by_one = [Stop(s.first + timedelta(days=n), s.first + timedelta(days=n))
                  for s in stops for n in range(s.days)]  # fmt: skip

    assert use_of(stops, current, LAW) == use_of([*reversed(stops), *stops], current, LAW)
    assert use_of(one_by_one, current, LAW) == use_of(stops, current, LAW)


@given(st.lists(STOPS, max_size=8), STOPS)
def test_what_is_used_is_never_more_than_the_days_off(stops: list[Stop], current: Stop) -> None:
    use = use_of(stops, current, LAW)
    days_off = {s.first + timedelta(days=n) for s in stops for n in range(s.days)}

    assert 0 <= use.used <= len({d for d in days_off if d < current.first})
    assert use.left == max(0, LAW.max_days - use.used)
    assert use.period_from <= current.first
    assert use.last_payable is None or current.first <= use.last_payable < use.period_before


@given(st.lists(STOPS, max_size=8))
def test_spells_are_apart_and_keep_every_day(stops: list[Stop]) -> None:
    joined = spells(stops)
    days = {s.first + timedelta(days=n) for s in stops for n in range(s.days)}

    assert sum(spell.days for spell in joined) == len(days)
    assert all(a.last + timedelta(days=1) < b.first for a, b in pairwise(joined))


@pytest.mark.parametrize(
    ("name", "stopped", "verdict"),
    [
        ("ijm_notice", date(2026, 1, 31), Verdict.FITS),  # the thirtieth day
        ("ijm_notice", date(2026, 1, 30), Verdict.EXCEEDS),
        ("ijm_claim", date(2025, 9, 3), Verdict.FITS),  # the last day before six months
        ("ijm_claim", date(2025, 9, 2), Verdict.EXCEEDS),
    ],
)
def test_limits_hold_to_their_last_day(name: str, stopped: date, verdict: Verdict) -> None:
    assert found(name, case(care_from=stopped))[0] is verdict


def test_maternity_is_claimed_within_nine_months_and_paid_for_98_days() -> None:
    late = case(nature="maternity", care_from=date(2025, 6, 3), care_to=date(2025, 9, 8))

    assert found("ijm_claim", late)[0] is Verdict.FITS
    assert found("ijm_maternity", late) == (
        Verdict.FITS,
        {"asked_days": 98, "most_days": 98, "last_payable": date(2025, 9, 8)},
    )
    longer = case(nature="maternity", care_from=date(2025, 6, 2), care_to=date(2025, 9, 8))
    verdict, figures = found("ijm_maternity", longer)
    assert (verdict, figures["beyond_days"]) == (Verdict.EXCEEDS, 1)
    assert found("ijm_claim", longer)[0] is Verdict.EXCEEDS


@pytest.mark.parametrize(
    ("days", "past", "verdict", "needed"),
    [
        (54, (), Verdict.FITS, 54),
        (53, (), Verdict.EXCEEDS, 54),
        (None, (), Verdict.UNKNOWN, 54),
        (6, (right(date(2025, 10, 1), date(2025, 10, 20)),), Verdict.FITS, 6),
        (6, (right(date(2025, 4, 1), date(2025, 4, 20)),), Verdict.EXCEEDS, 54),  # too long ago
    ],
)
def test_contributions_open_the_right(
    days: int | None, past: Sequence[PastRight], verdict: Verdict, needed: int
) -> None:
    answers = {} if days is None else {"contribution_days": days}
    asked = case(care_from=date(2026, 2, 20), answers=answers, rights=tuple(past))

    result, figures = found("ijm_contributions", asked)

    assert (result, figures["needed_days"]) == (verdict, needed)


def test_an_accident_needs_no_contributions() -> None:
    asked = case(care_from=date(2026, 2, 20), answers={"accident": True})

    assert found("ijm_contributions", asked) == (Verdict.FITS, {"needed_days": 0})


def test_rights_and_files_without_control_are_used_days_and_refused_files_are_not() -> None:
    def past(outcome: DecisionOutcome | None, first: date, last: date) -> PastFile:
        return PastFile("sick_leave", "first", first, outcome=outcome, care_from=first,
                        care_to=last)  # fmt: skip

    asked = case(
        care_from=date(2026, 2, 20), care_to=date(2026, 3, 1),
        rights=(right(date(2025, 6, 1), date(2025, 6, 13)),
                right(date(2025, 1, 1), date(2025, 4, 8), "maternity")),
        past=(past(None, date(2025, 9, 1), date(2025, 9, 10)),
              past(DecisionOutcome.GRANTED, date(2025, 6, 1), date(2025, 6, 30)),
              past(DecisionOutcome.REFUSED_MEDICAL, date(2025, 10, 1), date(2025, 10, 30))),
    )  # fmt: skip

    verdict, figures = found("ijm_used", asked)

    assert verdict is Verdict.FITS
    assert (figures["period_from"], figures["used_days"]) == (date(2025, 6, 1), 10 + 7)
    assert figures["left_days"] == 364 - 17


def test_what_the_doctor_types_is_counted_instead_of_what_was_asked() -> None:
    used = (right(date(2025, 1, 1), date(2025, 12, 27)),)
    asked = case(care_from=date(2026, 1, 10), care_to=date(2026, 3, 1), rights=used)

    verdict, figures = found("ijm_used", asked)
    assert (verdict, figures["left_days"]) == (Verdict.EXCEEDS, 6)
    assert (figures["last_payable"], figures["beyond_days"]) == (date(2026, 1, 18), 42)
    shortened = case(care_from=date(2026, 1, 10), care_to=date(2026, 3, 1), rights=used,
                     typed={"valid_to": "2026-01-18"})  # fmt: skip
    assert found("ijm_used", shortened)[0] is Verdict.ATTENTION


@pytest.mark.parametrize(
    ("last", "verdict", "passed", "coming"),
    [
        (date(2026, 2, 13), Verdict.FITS, 0, date(2026, 2, 14)),  # day 44
        (date(2026, 2, 14), Verdict.ATTENTION, 1, date(2026, 3, 31)),  # day 45
        (date(2026, 10, 7), Verdict.ATTENTION, 4, date(2026, 12, 2)),  # week 40
        (date(2026, 12, 1), Verdict.ATTENTION, 4, date(2026, 12, 2)),
        (date(2026, 12, 2), Verdict.EXCEEDS, 4, None),  # week 48
    ],
)
def test_milestones_count_from_the_start_of_the_unbroken_leave(
    last: date, verdict: Verdict, passed: int, coming: date | None
) -> None:
    asked = case(
        nature="prolongation", care_from=date(2026, 1, 11), care_to=last,
        rights=(right(date(2026, 1, 1), date(2026, 1, 10)),),
    )  # fmt: skip

    result, figures = found("ijm_milestones", asked)

    assert (result, figures["passed"], figures.get("next_control")) == (verdict, passed, coming)
    assert figures["incapacity_from"] == date(2026, 1, 1)


@pytest.mark.parametrize(
    "name", ["ijm_notice", "ijm_claim", "ijm_contributions", "ijm_used", "ijm_milestones",
             "ijm_maternity"],
)  # fmt: skip
def test_a_file_without_days_is_unknown(name: str) -> None:
    assert found(name, case())[0] is Verdict.UNKNOWN
