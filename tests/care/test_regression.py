"""What a change of the law would do to cases, bills on record and open files."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from medcontrol.errors import InvalidInput
from medcontrol.model import CareBillCheck, ControlFile
from tests.care_world import (
    NOW,
    PERSON,
    PLAN,
    STAY,
    bill,
    refused,
    request,
    send,
)
from tests.flow_world import World
from workflows.care.controls import open_controls
from workflows.care.regression import Regression, regress

MORE = {"aev.weekly_overrun_minutes": "240"}


def run(world: World, changes: dict[str, str], since: date | None = None) -> Regression:
    return regress(world.session, world.tools, changes, since=since, today=world.now.date())


def other(line: dict[str, Any], person: str) -> dict[str, Any]:
    [(kind, content)] = line.items()
    return {kind: content | {"registration_number": person}}


def test_bills_on_record_are_worked_out_again_and_nothing_is_written(world: World) -> None:
    second = "1940010112345"
    send(world, PLAN, STAY, bill("F-1", "5000"), other(PLAN, second),
         other(bill("F-2", "3000"), second))  # fmt: skip
    open_controls(world.tools, now=lambda: NOW)
    checks = select(CareBillCheck).order_by(col(CareBillCheck.id))
    before = world.session.exec(checks).all()

    found = run(world, MORE)

    assert found.bills == 2  # without a stay the second has no right, so nothing changes
    [changed] = found.changed_bills
    assert (changed.registration_number, changed.number) == (PERSON, "F-1")
    # 31 days: 30 minutes a week more.
    assert (changed.difference, found.minutes) == (133, 133)
    assert found.cases >= 20
    assert found.changed_cases
    control = world.session.exec(select(ControlFile)).one()
    assert [(each.reference, each.reasons) for each in found.open_files] == [
        (control.reference, ("bill",))
    ]
    assert world.session.exec(checks).all() == before


def test_a_value_from_a_day_on_leaves_earlier_bills_alone(world: World) -> None:
    send(world, PLAN, STAY, bill("F-1", "5000"))
    assert run(world, MORE, date(2017, 4, 1)).changed_bills == ()
    assert run(world, MORE, date(2017, 4, 1)).bills == 0
    assert run(world, MORE, date(2017, 3, 1)).minutes == 133
    assert run(world, {"aev.weekly_overrun_minutes": "210"}).changed_bills == ()


def test_a_bill_that_loses_its_right_says_how_much_and_which_sign(world: World) -> None:
    send(world, PLAN, STAY, bill("F-1", "5000"))
    found = run(world, {"fluctuation.stay_min_days": "12"})
    [changed] = found.changed_bills
    assert changed.difference == -930
    assert "beyond_plan" in changed.lost
    assert found.as_json()["bills"]["changed"][0]["month"] == "2017-03"


def test_open_reassessments_name_the_check_and_the_clock_that_would_change(world: World) -> None:
    refused(world)
    request(world, "R-2", NOW + timedelta(days=200))

    found = run(world, {"reassessment.reapplication_years": "0"})
    assert (found.bills, found.cases) == (0, 0)
    assert [each.reasons for each in found.open_files] == [("check:care_block",)]
    longer = run(world, {"reassessment.decision_days": "90"})
    assert {each.reasons for each in longer.open_files} == {("deadline:answer",)}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"aev.no_such": "1"}, "aev.no_such"),
        ({"aev.weekly_overrun_minutes": "-1"}, "aev.weekly_overrun_minutes"),
        ({"fluctuation.stay_counting": "weeks"}, "fluctuation.stay_counting"),
    ],
)
def test_a_change_that_can_t_be_is_named(world: World, changes: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        run(world, changes)
    assert error.value.field == field


def test_many_people_are_read_by_chunks(
    world: World, monkeypatch: pytest.MonkeyPatch, db: Session
) -> None:
    lines: list[dict[str, Any]] = []
    for number in range(5):
        person = f"19380402{number:05d}"
        lines += [
            other(PLAN, person),
            other(STAY, person),
            other(bill(f"F-{number}", "4000"), person),
        ]
    send(world, *lines)
    monkeypatch.setattr("medcontrol.services.care_regression.CHUNK", 2)
    whole = run(world, {"aev.weekly_overrun_minutes": "100"})
    assert (whole.bills, len(whole.changed_bills)) == (5, 5)
