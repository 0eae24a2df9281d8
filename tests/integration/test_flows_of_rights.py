"""Sick leave, invalidity, disability and care abroad on the real database: rights and letters."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from medcontrol.model import ControlFile, Deadline, Entitlement, Letter
from medcontrol.vocabulary import ControlFileStatus, DecisionOutcome, EntitlementStatus
from tests.factories import NOW
from tests.flow_world import World, make_world
from workflows.tools import Tools

BOOKED = ("booked", {"appointment_at": NOW + timedelta(days=20)})
LEAVE = {
    "flow": "sick_leave", "scheme": "general", "control": {"required": True, "mode": "on_file"},
    "care": {"from": "2026-11-10", "to": "2026-12-20"},
    "form": {"employer_number": "9990042", "employer_name": "Atelier du Port"},
}  # fmt: skip


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def take(world: World, **changes: Any) -> ControlFile:
    return world.file(world.take(**changes))


def letters(world: World, file: ControlFile) -> dict[str, Letter]:
    found = world.session.exec(select(Letter).where(Letter.control_file_id == file.id))
    return {letter.code: letter for letter in found}


def right(world: World, file: ControlFile) -> Entitlement:
    world.session.expire_all()
    return world.session.get_one(Entitlement, file.entitlement_id)


def test_a_justified_leave_is_a_right_for_its_days_with_a_control_on_day_45(world: World) -> None:
    file = take(world, **LEAVE)

    world.end(file, "granted")

    found = right(world, file)
    assert (found.valid_from, found.valid_to) == (date(2026, 11, 10), date(2026, 12, 20))
    assert (found.right_code, found.status) == ("illness", EntitlementStatus.ACTIVE)
    assert letters(world, file).keys() == {"acknowledgement", "grant"}


def test_maternity_is_a_right_without_controls(world: World) -> None:
    leave = LEAVE | {"nature": "maternity", "care": {"from": "2026-11-10", "to": "2027-02-15"}}
    file = take(world, **leave)

    world.end(file, "granted")

    found = right(world, file)
    assert (found.right_code, found.valid_to) == ("maternity", date(2027, 2, 15))
    assert (found.next_review_on, found.milestone) == (None, None)


def test_the_employer_learns_the_day_of_return_and_nothing_medical(world: World) -> None:
    file = take(world, **LEAVE)

    world.end(
        file, "fit_for_work", motive_code="ijm.fit_for_work", valid_to=date(2026, 11, 30),
        form={"return_on": "2026-12-01", "capacity": "full", "reasoning": "guérison"},
    )  # fmt: skip

    sent = letters(world, file)
    told = sent["employer_return"].context
    assert sent["employer_return"].recipient == "employer"
    assert told["addressee"] == {
        "name": "Atelier du Port", "address": ["Affiliation n° 9990042"]
    }  # fmt: skip
    assert told["beneficiary"] == "Amina Alami"
    assert [row["value"] for row in told["stated"]] == ["2026-12-01"]
    assert (told["decision"]["motives"], told["decision"]["lines"]) == ([], [])
    assert "guérison" not in str(told)
    assert sent["return_to_work"].context["decision"]["motives"] != []
    assert right(world, file).valid_to == date(2026, 11, 30)


def test_after_two_no_shows_pay_stops_and_a_re_examination_opens_it_again(world: World) -> None:
    file = take(world, **LEAVE)
    world.walk(file, "summon", BOOKED, "no_show", BOOKED, "no_show")

    suspension = letters(world, file)["suspension"].context
    assert file.status is ControlFileStatus.AWAITING_OBSERVATIONS
    assert suspension["answer_by"] == (NOW + timedelta(days=10)).date().isoformat()
    assert letters(world, file).keys() >= {"second_convocation", "employer_suspension"}
    wait = world.session.exec(select(Deadline).where(Deadline.name == "re_examination_limit")).one()
    assert (wait.amount, wait.parameter.partition("@")[0]) == (
        10,
        "ijm.re_examination_request_days",
    )


def test_a_switch_to_invalidity_asks_for_the_claim(world: World) -> None:
    file = take(world, **LEAVE | {"nature": "prolongation"})

    world.end(file, "to_invalidity", valid_to=date(2026, 12, 31))

    assert file.outcome is DecisionOutcome.GRANTED
    assert "to_invalidity" in letters(world, file)
    assert right(world, file).valid_to == date(2026, 12, 31)


def test_a_pension_ends_only_after_the_person_could_comment(world: World) -> None:
    file = take(world, flow="invalidity", scheme="general", nature="review", medical=None,
                form=None)  # fmt: skip
    world.walk(
        file, BOOKED, ("improved", {"motive_code": "pi.improved"}), "agreed",
    )  # fmt: skip

    told = letters(world, file)["contradictory"].context
    assert file.status is ControlFileStatus.AWAITING_OBSERVATIONS
    assert told["answer_by"] == (NOW + timedelta(days=20)).date().isoformat()
    assert told["decision"] is None


def test_care_abroad_is_decided_at_the_centre_once_non_availability_is_attested(
    world: World,
) -> None:
    file = take(
        world, flow="care_abroad", nature="authorisation", urgent=True,
        care={"from": "2026-12-01", "to": "2026-12-20"},
        control={"required": True, "mode": "on_file"},
    )  # fmt: skip
    clocks = world.session.exec(
        select(Deadline).where(Deadline.control_file_id == file.id, Deadline.kind == "legal")
    ).all()
    assert [(each.name, each.amount, each.unit) for each in clocks] == [
        ("urgent_answer", 72, "hour")
    ]

    world.end(file, "granted", gives={"non_availability": "attested"})
    assert file.status is ControlFileStatus.AWAITING_CENTRAL
    world.end(
        file, "agreed",
        form={"country": "France", "days_granted": 18, "ceiling_cents": 12_500_000,
              "companion_covered": True},
    )  # fmt: skip

    told = letters(world, file)["grant"].context
    assert file.outcome is DecisionOutcome.GRANTED
    assert [row["value"] for row in told["stated"]][:2] == ["France", "18"]
    assert right(world, file).valid_to == date(2026, 12, 20)


def test_a_valid_card_is_proof_and_needs_no_examination(world: World) -> None:
    asked = {"flow": "disability", "scheme": "general", "medical": None}
    with_card, without = take(world, **asked), take(world, **asked, external_id="W-2")

    world.end(with_card, "complete", gives={"card_valid": True})
    world.end(with_card, "granted")
    world.end(without, "complete")

    found = right(world, with_card)
    assert (found.right_code, found.valid_to) == ("permanent", date(2033, 11, 19))
    assert without.status is ControlFileStatus.AWAITING_APPOINTMENT
