"""Overruns of long-term care: written cases, refusals, billing, levels, reassessment."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from medcontrol.reference.care_levels import level_tables
from medcontrol.rules.long_term_care.billing import (
    BilledPeriod,
    CutReason,
    check_bill,
    replaced,
)
from medcontrol.rules.long_term_care.executed import NonExecuted, billable, to_pay_back
from medcontrol.rules.long_term_care.explaining import steps_of_period
from medcontrol.rules.long_term_care.facts import CareFault, Plan, PlannedAct, Span, Stay
from medcontrol.rules.long_term_care.levels import level_of, table_on
from medcontrol.rules.long_term_care.overrun import (
    MonthlyPeriod,
    overrun,
    overrun_as_given,
    payable,
)
from medcontrol.rules.long_term_care.reading import compute_case, result_json
from medcontrol.rules.long_term_care.reassessment import (
    Benefit,
    CarriedBy,
    Ground,
    Situation,
    carried_by,
    earliest,
)
from medcontrol.rules.long_term_care.terms import (
    Readings,
    Regime,
    Rounding,
    SeveralProviders,
)
from medcontrol.rules.long_term_care.together import together
from medcontrol.services.long_term_care import (
    reassessment_terms,
    regime_on,
    right_terms,
    weekly_limits,
)
from tests.care_cases import CASES

LIMITS = weekly_limits()
MARCH = Span(date(2007, 3, 1), date(2007, 3, 31))


def plan(minutes: int, first: date = date(2007, 1, 1), provider: str = "") -> Plan:
    act = PlannedAct("AEV", Fraction(minutes))
    return Plan(Span(first, date.max), (act,), provider)


def given(
    minutes: int, span: Span = MARCH, readings: Readings | None = None
) -> list[MonthlyPeriod]:
    found = overrun_as_given([plan(minutes)], span, readings=readings or Readings(), limits=LIMITS)
    return list(found.periods)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_written_case_gives_what_its_author_expects(case: dict[str, Any]):
    found, plans = compute_case(case["input"], terms=right_terms, limits=LIMITS)
    result = result_json(found, plans)

    for period, expected in zip(result["monthly_periods"], case["monthly_periods"], strict=True):
        assert {name: period[name] for name in expected} == expected
    for name in ("eligible", "daev_p", "overrun_total"):
        assert result[name] == case[name]


ACT = {"code": "ALL", "minutes": "600", "intensity": "1", "assigned": "1"}
GOOD = {"plan_acts": [ACT], "period": ["2007-03-01", "2007-03-31"]}
STAY = {"admission": "2007-03-01", "discharge": "2007-03-10", "acute": True}


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"plan_acts": [ACT | {"minutes": "-1"}]}, "plan_acts.ALL.minutes", "not_negative"),
        ({"plan_acts": [ACT | {"minutes": "many"}]}, "plan_acts[0].minutes", "number"),
        ({"plan_acts": [ACT | {"minutes": "NaN"}]}, "plan_acts[0].minutes", "number"),
        ({"plan_acts": [ACT | {"minutes": True}]}, "plan_acts[0].minutes", "number"),
        ({"plan_acts": [ACT | {"minutes": "1/0"}]}, "plan_acts[0].minutes", "number"),
        ({"plan_acts": [ACT | {"intensity": "0"}]}, "plan_acts.ALL.intensity", "above_zero"),
        ({"plan_acts": [ACT | {"assigned": "2"}]}, "plan_acts.ALL.assigned", "from_0_to_1"),
        ({"plan_acts": [ACT | {"more": 1}]}, "plan_acts[0]", "known_member"),
        ({"plan_acts": []}, "plan_acts", "one_at_least"),
        ({"period": ["2007-03-31", "2007-03-01"]}, "period", "order"),
        ({"period": ["2007-02-30", "2007-03-01"]}, "period[0]", "date"),
        ({"period": None}, "period", "required"),
        ({"period": ["2019-03-01", "2019-03-31"]}, "period", "regime"),
        ({"period": ["2006-12-01", "2007-01-31"]}, "period", "regime"),
        ({"hospitalisations": [STAY | {"discharge": "2007-02-01"}]},
         "hospitalisations[0].discharge", "order"),
        ({"hospitalisations": [STAY, STAY | {"discharge": "2007-03-12"}]},
         "hospitalisations.admission", "no_overlap"),
        ({"hospitalisations": [STAY], "hospital_day_count": "weeks"},
         "hospital_day_count", "known_word"),
        ({"weekly_ceiling": "1500"}, "weekly_max_exceedance", "both"),
        ({"weekly_ceiling": "1500", "weekly_max_exceedance": "-1"},
         "limits.overrun", "not_negative"),
        ({"plan_acts": None, "plans": [
            {"from": "2007-01-01", "to": "2007-03-20", "plan_acts": [ACT]},
            {"from": "2007-03-20", "plan_acts": [ACT]}]}, "plans", "one_of"),
    ],
)  # fmt: skip
def test_a_case_that_cannot_be_names_the_field_and_the_rule(
    change: dict[str, Any], field: str, rule: str
):
    with pytest.raises(CareFault) as refused:
        compute_case(GOOD | change, terms=right_terms, limits=LIMITS)

    assert (refused.value.field, refused.value.rule) == (field, rule)


def test_plans_may_neither_overlap_nor_leave_a_day_without_plan():
    first = {"from": "2007-01-01", "to": "2007-03-20", "plan_acts": [ACT]}
    for following, rule in (("2007-03-20", "no_overlap"), ("2007-03-22", "covered")):
        case = {"period": GOOD["period"], "plans": [first, first | {"from": following, "to": None}]}
        with pytest.raises(CareFault) as refused:
            compute_case(case, terms=right_terms, limits=LIMITS)
        assert refused.value.rule == rule


def test_a_new_plan_a_month_end_and_a_stay_each_cut_the_days_into_periods():
    plans = [
        Plan(Span(date(2007, 1, 1), date(2007, 4, 9)), (PlannedAct("A", Fraction(1300)),), "P1"),
        Plan(Span(date(2007, 4, 10), date.max), (PlannedAct("A", Fraction(1400)),), "P2"),
    ]
    stays = [
        Stay(date(2007, 3, 1), date(2007, 3, 10)),
        Stay(date(2007, 4, 20), date(2007, 4, 22), is_acute=False),
    ]

    found = overrun(plans, stays, need=None, period=None, terms=right_terms(date(2007, 3, 10)),
                    limits=LIMITS)  # fmt: skip

    assert [(p.span.first.isoformat(), p.span.last.isoformat(), p.provider, str(p.weekly.minutes))
            for p in found.periods] == [
        ("2007-03-11", "2007-03-31", "P1", "170"),
        ("2007-04-01", "2007-04-09", "P1", "170"),
        ("2007-04-10", "2007-04-19", "P2", "70"),
        ("2007-04-23", "2007-04-30", "P2", "70"),
        ("2007-05-01", "2007-05-10", "P2", "70"),
    ]  # fmt: skip


def test_a_day_transferred_from_one_hospital_to_another_is_no_overlap():
    stays = [Stay(date(2007, 3, 1), date(2007, 3, 10)),
             Stay(date(2007, 3, 10), date(2007, 3, 25), is_acute=False)]  # fmt: skip

    found = overrun([plan(600)], stays, need=None, period=MARCH,
                    terms=right_terms(date(2007, 3, 25)), limits=LIMITS)  # fmt: skip

    assert [(p.span.first.day, p.span.last.day) for p in found.periods] == [(26, 31)]


def test_minutes_are_rounded_once_and_only_when_they_are_paid():
    periods = given(1261)

    assert periods[0].overrun == Fraction(6479, 7)  # 925.57
    assert [payable(periods, rounding) for rounding in Rounding] == [926, 925, 926]


def test_every_line_of_the_calculation_is_written_with_its_values():
    lines = {step.symbol: step.text for step in steps_of_period(given(1261)[0])}

    assert lines["D"] == "D = max(0 ; min(210 ; 1470 − 1261)) = 209"
    assert lines["DepSP"] == "DepSP = 1/7 × 209 × 3 = 627/7"
    assert lines["Dep_Période"] == "Dep_Période = 836 + 627/7 = 6479/7"


def test_a_bill_is_held_against_each_period_and_never_against_the_month():
    early, late = Span(date(2007, 3, 1), date(2007, 3, 14)), Span(date(2007, 3, 15), MARCH.last)
    in_plan = given(700, early) + given(700, late)
    billed = [BilledPeriod(early, Fraction(1000)), BilledPeriod(late, Fraction(2300))]

    checked = check_bill(billed, in_plan, given(700, late), rounding=Rounding.HALF_UP)

    assert [(c.accepted, c.cut, c.reason) for c in checked] == [
        (1000, 0, None),  # 400 minutes of room here help nobody elsewhere
        (2210, 90, CutReason.OVER_LIMIT),  # 1700 of the plan and 510 beyond it
    ]
    without_right = check_bill(billed, in_plan, [], rounding=Rounding.HALF_UP)
    assert without_right[1].reason is CutReason.NO_RIGHT
    assert replaced(checked, without_right) == {"billed": 0, "accepted": -510, "payable": -510}


def test_providers_who_together_exceed_the_week_are_warned_of_or_share_the_limit():
    by_provider = {"A": given(700), "B": given(600)}

    [warned] = together(by_provider, SeveralProviders.WARN, LIMITS[0])
    [shared] = together(by_provider, SeveralProviders.PRORATE, LIMITS[0])

    assert sum(warned.weekly.values()) == 420
    assert warned.shares == {"A": 210, "B": 210}
    assert shared.shares == {"A": 105, "B": 105}


@pytest.mark.parametrize(
    ("minutes", "level", "flat_rate"),
    [(0, 0, 125), (209, 0, 125), (210, 1, 280), (350, 1, 280), (351, 2, 420), (5000, 15, 2240)],
)
def test_from_2018_minutes_make_a_level_of_need(minutes: int, level: int, flat_rate: int):
    assert regime_on(date(2017, 12, 31)) is Regime.MINUTES
    assert regime_on(date(2018, 1, 1)) is Regime.LEVELS
    found = level_of(table_on(level_tables(), date(2018, 1, 1)), Fraction(minutes))

    assert (found.number, found.flat_rate) == (level, flat_rate)


def test_in_kind_files_go_to_the_provider_after_two_years_the_others_stay():
    terms = reassessment_terms(date(2020, 5, 4))
    alone = Situation(benefit=Benefit.IN_KIND, has_carer=False, notified_on=date(2020, 2, 29))
    at_home = Situation(benefit=Benefit.MIXED, has_carer=True, notified_on=date(2020, 2, 29))

    assert carried_by(alone) is CarriedBy.PROVIDER
    assert carried_by(at_home) is CarriedBy.ADMINISTRATION
    assert earliest(alone, Ground.PERIODIC, terms).day == date(2022, 2, 28)
    assert earliest(at_home, Ground.PERIODIC, terms).day == date(2021, 2, 28)


def test_after_a_refusal_below_the_threshold_a_year_passes_unless_a_report_shows_a_change():
    terms = reassessment_terms(date(2020, 5, 4))
    refused = {"benefit": Benefit.IN_KIND, "has_carer": False, "notified_on": date(2020, 5, 4),
               "refused_on": date(2020, 5, 4)}  # fmt: skip

    assert earliest(Situation(**refused), Ground.REQUEST, terms).day == date(2021, 5, 4)
    changed = Situation(**refused, shows_change=True)
    assert earliest(changed, Ground.REQUEST, terms).day == date(2020, 5, 4)


def test_care_not_executed_is_billed_within_a_tenth_of_the_month_and_a_fiftieth_of_the_year():
    assert billable(NonExecuted(Fraction(1000), Fraction(150)), 10) == 100
    assert to_pay_back(NonExecuted(Fraction(10_000), Fraction(350)), 2) == 150
