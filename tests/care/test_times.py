"""How long files of long-term care take, by month and by who assessed."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from medcontrol.errors import InvalidInput
from medcontrol.model import ControlFile
from medcontrol.queries.care_times import care_times
from tests.care_world import NOW, PLAN, report, request, right, send
from tests.flow_world import World
from workflows.rights.reviews import open_due_reviews

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def at(world: World, days: int) -> datetime:
    world.now = NOW + timedelta(days=days)
    return world.now


def test_days_are_counted_by_month_and_by_who_assessed(world: World, db: Session) -> None:
    send(world, PLAN)
    right(world, "in_kind", date(2026, 11, 1))
    open_due_reviews(world.tools, now=lambda: NOW)
    by_provider = db.exec(select(ControlFile)).one()
    at(world, 4)
    report(world, by_provider)  # the provider's form, four days after the mandate
    at(world, 6)
    world.walk(by_provider, "form_accepted", "granted")
    at(world, 9)
    world.end(by_provider, "signed")

    own = request(world, "R-1", NOW)
    world.end(own, "complete")
    at(world, 15)
    world.walk(own, "assessed", "granted")
    at(world, 80)  # beyond the target of 60 days, in February
    world.end(own, "signed")

    found = care_times(db, NOVEMBER, date(2027, 2, 1))
    first, second = (line.as_json() for line in found.lines)
    assert first == {
        "month": "2026-11", "flow": "care_reassessment", "channel": "provider", "files": 1,
        "assessment_median_days": 6, "assessment_p90_days": 6, "decision_median_days": 9,
        "decision_p90_days": 9, "asked": 1, "answered": 1, "answer_median_days": 4,
        "answer_p90_days": 4, "within_target": 1, "within_target_share": 1.0,
    }  # fmt: skip
    assert (second["month"], second["channel"]) == ("2027-02", "administration")
    assert (second["assessment_median_days"], second["decision_median_days"]) == (15, 80)
    assert (second["asked"], second["within_target_share"]) == (0, 0.0)
    assert [line.channel for line in found.totals] == ["administration", "provider"]
    assert care_times(db, DECEMBER, DECEMBER).lines == ()
    nowhere = care_times(db, NOVEMBER, date(2027, 2, 1), regions=frozenset({"ELSEWHERE"}))
    assert nowhere.lines == ()
    here = care_times(db, NOVEMBER, date(2027, 2, 1), regions=frozenset({own.region_code}))
    assert len(here.lines) == 2


def test_months_that_can_t_be_are_named(db: Session) -> None:
    with pytest.raises(InvalidInput) as error:
        care_times(db, DECEMBER, NOVEMBER)
    assert error.value.field == "last"
    with pytest.raises(InvalidInput):
        care_times(db, date(2020, 1, 1), DECEMBER)
