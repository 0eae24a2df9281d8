"""Written cases of bills: by level of need and by minutes, held against what is known."""

import uuid
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

import medcontrol.rules.long_term_care as rules
from medcontrol.errors import DomainError
from medcontrol.model import CareBill
from medcontrol.rules.long_term_care.billing import CheckedPeriod, contested
from medcontrol.rules.long_term_care.executed import MonthLimit
from medcontrol.rules.long_term_care.facts import Plan, Span
from medcontrol.rules.long_term_care.levels import HeldLevel
from medcontrol.rules.long_term_care.reading import read_act, read_stays
from medcontrol.rules.long_term_care.terms import Rounding
from medcontrol.services.care_checks import limit_of, work_out
from medcontrol.services.care_facts import CareFacts
from medcontrol.services.care_results import result_json
from medcontrol.strict_yaml import load_yaml
from tests.care_cases import FOLDER
from workflows.care.line_forms import read_bill

CASES: list[dict[str, Any]] = [
    case for file in sorted((FOLDER / "bills").glob("*.yaml")) for case in load_yaml(file)
]
PROVIDER = "ZZ-900001"
WHO: dict[str, Any] = {
    "registration_number": "1938040212345", "family_name": "Weber", "given_name": "Anne",
    "birth_date": "1938-04-02", "agency": "AEC-LUX", "provider_id": PROVIDER,
    "provider_name": "Réseau d’essai", "number": "F-1",
}  # fmt: skip


def span(item: dict[str, Any]) -> Span:
    last = date.fromisoformat(item["to"]) if item.get("to") else date.max
    return Span(date.fromisoformat(item["from"]), last)


def facts_in(given: dict[str, Any]) -> CareFacts:
    plans = tuple(
        Plan(span(item), tuple(read_act(act, "plan_acts") for act in item.get("plan_acts", [])),
             PROVIDER, item.get("is_definitive", True))
        for item in given.get("plans", [])
    )  # fmt: skip
    levels: dict[str | None, tuple[HeldLevel, ...]] = {}
    for item in given.get("levels", []):
        whose = PROVIDER if item.get("provider") == "own" else None
        levels[whose] = (*levels.get(whose, ()), HeldLevel(span(item), item["level"]))
    stays = tuple(read_stays(given))
    return CareFacts({PROVIDER: plans} if plans else {}, stays, levels)


Found = tuple[list[CheckedPeriod], tuple[str, ...], MonthLimit, CareFacts, CareBill]


def worked(given: dict[str, Any]) -> Found:
    facts = facts_in(given)
    line = {name: given[name] for name in ("periods", "provider_kind") if name in given}
    bill = read_bill(WHO | line | {"month": str(given["month"])[:7]})
    row = CareBill(
        id=uuid.uuid4(), registration_number=bill.registration_number, number=bill.number,
        provider_id=bill.provider_id, month=bill.month, provider_kind=bill.provider_kind.value,
        family_name=bill.family_name, given_name=bill.given_name, birth_date=bill.birth_date,
        provider_name=bill.provider_name, agency_code=bill.agency_code, key_id="k", periods=b"",
        received_at=datetime(2026, 11, 20, tzinfo=UTC),
    )  # fmt: skip
    checked, signs = work_out(facts, row, bill.periods)
    return checked, signs, limit_of(row, bill.periods), facts, row


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_written_bill_gives_what_its_author_expects(case: dict[str, Any]) -> None:
    checked, _, month, _, _ = worked(case["input"])

    found = [
        {"billed": str(each.billed), "accepted": str(each.accepted),
         "cuts": {cut.reason.value: str(cut.minutes) for cut in each.cuts}}
        for each in checked
    ]  # fmt: skip
    assert found == case["periods"]
    assert sum(each.payable for each in checked) == case["payable"]
    assert contested(checked, Rounding.HALF_UP) == case["contested"]
    for each in checked:
        assert each.billed == each.accepted + sum((cut.minutes for cut in each.cuts), Fraction())
    if expected := case.get("not_executed"):
        assert {"percent": month.percent, "billable": str(month.billable)} == expected


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_every_result_says_its_formulas_its_law_and_the_day_of_it(case: dict[str, Any]) -> None:
    checked, signs, month, facts, row = worked(case["input"])

    result = result_json(facts, row, checked, signs, month, None)

    steps = [step for period in result["periods"] for step in period["steps"]] + result["steps"]
    known = {basis["path"] for basis in result["law"]}
    for step in steps:
        assert step["text"] == f"{step['symbol']} = {step['formula']} = {step['result']}"
        assert set(step["rests_on"]) <= known
    for basis in result["law"]:
        assert date.fromisoformat(basis["since"]) <= row.month
        assert basis["title"]
    accepted = [step["result"] for step in steps if step["symbol"] == "Accepté"]
    assert accepted == [str(each.accepted) for each in checked]
    assert steps[-1]["result"] == str(case["payable"])


def test_the_lines_of_a_level_bill_carry_their_values() -> None:
    by_id = {case["id"]: case["input"] for case in CASES}
    checked, signs, month, facts, row = worked(by_id["B06"])

    result = result_json(facts, row, checked, signs, month, None)

    said = [step["text"] for step in [*result["periods"][0]["steps"], *result["steps"]]]
    assert said == [
        "Facturé = 840 × 31/7 = 3720",
        "Forfait_dû = min(840 ; 840) × 31/7 = 3720",
        "Accepté = 3720 × (3000 + 600 × 300/600)/3600 = 3410",
        "Retranché = 3720 − 3410 = 310",
        "À payer = arrondi(3410) = 3410",
        "NonExécuté_max = 3000 × 10/100 = 300",
        "NonExécuté_dû = min(600 ; 300) = 300",
        "Total à payer = 3410 = 3410",
    ]
    assert {basis["path"]: basis["since"] for basis in result["law"]} == {
        "care_levels.5": "2018-01-01",
        "non_executed.flat_rate_cut": "2018-01-01",
        "fluctuation.rounding": "2007-01-01",
        "non_executed.month_percent": "2010-01-01",
    }


LEVEL = {"from": "2019-03-01", "to": "2019-03-31", "level": 5}
MINUTES = {"from": "2016-03-01", "to": "2016-03-31", "minutes": "100"}
ACT = {"code": "A", "planned": 100, "executed": 80, "not_executed": 20}
HELD = {"levels": [{"from": "2018-01-01", "level": 5}]}
PLAN = {"plans": [{"from": "2005-01-01", "plan_acts": [{"code": "A", "minutes": "700"}]}]}


@pytest.mark.parametrize(
    ("month", "known", "period", "field", "rule"),
    [
        ("2019-03", HELD, LEVEL | {"level": 16}, "level", "known_level"),
        ("2019-03", HELD, LEVEL | {"level": "five"}, "periods[0].level", "number"),
        ("2019-03", HELD, LEVEL | {"level": "1/2"}, "periods[0].level", "whole"),
        ("2019-03", HELD, LEVEL | {"level": -1}, "level", "known_level"),
        ("2019-03", HELD, LEVEL | {"to": "2019-02-28"}, "periods[0].to", "order"),
        ("2019-03", HELD, LEVEL | {"minutes": "1"}, "periods[0].minutes", "one_of"),
        ("2019-03", HELD, {"from": "2019-03-01", "to": "2019-03-31"}, "periods[0].minutes",
         "one_of"),
        ("2019-03", HELD, LEVEL | {"more": 1}, "periods[0]", "known_member"),
        ("2019-03", {}, LEVEL, "periods", "covered"),
        ("2019-03", PLAN, {"from": "2019-03-01", "to": "2019-03-31", "minutes": "1"}, "month",
         "regime"),
        ("2016-03", HELD, LEVEL | {"from": "2016-03-01", "to": "2016-03-31"}, "month", "regime"),
        ("2019-03", HELD, LEVEL | {"acts": [ACT | {"executed": -1}]},
         "periods[0].acts[0].executed", "not_negative"),
        ("2019-03", HELD, LEVEL | {"acts": [ACT | {"planned": "many"}]},
         "periods[0].acts[0].planned", "number"),
        ("2019-03", HELD, LEVEL | {"acts": [ACT | {"executed": "0.5"}]},
         "periods[0].acts[0].executed", "whole"),
        ("2019-03", HELD, LEVEL | {"acts": [ACT | {"not_executed": 21}]},
         "periods[0].acts[0].not_executed", "within_planned"),
        ("2019-03", HELD, LEVEL | {"acts": [ACT, ACT]}, "periods[0].acts[1].code", "once"),
        ("2019-03", HELD, LEVEL | {"acts": "A"}, "periods[0].acts", "list"),
        ("2016-03", PLAN, MINUTES | {"acts": [ACT | {"executed": 79}]}, "billed.minutes", "sum"),
        ("2016-03", PLAN, MINUTES | {"minutes": "-1"}, "billed.minutes", "not_negative"),
        ("2016-03", PLAN, MINUTES | {"minutes": "NaN"}, "periods[0].minutes", "number"),
        ("2009-03", PLAN, MINUTES | {"from": "2009-03-01", "to": "2009-03-31", "acts": [ACT]},
         "acts", "regime"),
        ("2006-03", PLAN, MINUTES | {"from": "2006-03-01", "to": "2006-03-31"}, "day", "regime"),
    ],
)  # fmt: skip
def test_a_bill_that_cannot_be_names_the_field_and_the_rule(
    month: str, known: dict[str, Any], period: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(DomainError) as refused:
        worked(known | {"month": f"{month}-01", "periods": [period]})

    assert (refused.value.field, getattr(refused.value, "rule", None)) == (field, rule)


def test_overlapping_periods_and_an_unknown_kind_of_provider_are_refused() -> None:
    twice = [LEVEL, LEVEL | {"from": "2019-03-31"}]
    for change, rule in (
        ({"periods": twice}, "no_overlap"),
        ({"periods": [LEVEL], "provider_kind": "shop"}, "known_word"),
    ):
        with pytest.raises(DomainError) as refused:
            worked(HELD | {"month": "2019-03-01"} | change)
        assert getattr(refused.value, "rule", None) == rule


def test_the_cases_stand_beside_the_rules() -> None:
    assert rules.__file__ is not None
    assert {case["id"][0] for case in CASES} == {"B", "M"}
