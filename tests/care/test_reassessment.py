"""When a reassessment of long-term care may be asked for or made, on the real database."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from medcontrol.model import (
    ControlFile,
    Deadline,
    Document,
    Entitlement,
    HumanTask,
    Letter,
    ReceivedFile,
)
from medcontrol.rules.checks.case import Verdict
from medcontrol.vocabulary import (
    ControlFileStatus,
    DeadlineStatus,
    DecisionOutcome,
    EntitlementStatus,
    TaskStatus,
)
from tests.care_world import (
    NOW,
    PERSON,
    PLAN,
    refused,
    report,
    request,
    right,
    send,
)
from tests.flow_world import World
from workflows.care.entries import open_entries
from workflows.commands import PieceAsked
from workflows.rights.reviews import open_due_reviews
from workflows.steps.case_checks import Computed, Known, compute
from workflows.steps.computed_refusals import ComputedRefusal

EARLY = {"motive_code": "care.too_early"}


def checks(
    world: World, file: ControlFile, typed: Mapping[str, Any] | None = None
) -> dict[str, Computed]:
    received = world.session.get_one(ReceivedFile, file.received_file_id)
    pack = world.tools.catalog.get(file.pack, file.flow)
    known = Known(
        answers={}, medical={}, typed=typed or {}, is_medical=False, today=world.now.date()
    )
    step = world.task(file).step
    found = compute(world.session, world.tools.catalog, pack, file, received, step, known)
    return {each.check.name: each for each in found}


def figures(computed: Computed) -> dict[str, Any]:
    return {figure.name: figure.value for figure in computed.found.figures}


def test_a_request_within_a_year_of_a_refusal_is_inadmissible_and_says_which(world: World) -> None:
    before = refused(world)
    again = request(world, "R-2", NOW + timedelta(days=90))

    found = checks(world, again)["care_block"]
    assert found.found.verdict is Verdict.EXCEEDS
    assert figures(found) == {
        "decision": before.reference, "refused": date(2026, 11, 20),
        "possible": date(2027, 11, 20), "received": date(2027, 2, 18), "days_early": 275,
    }  # fmt: skip
    path, value = found.law[0]
    assert (path, value.value) == ("reassessment.reapplication_years", 1)
    assert "351" in value.reference.title

    with pytest.raises(ComputedRefusal) as error:
        world.end(again, "complete")
    assert error.value.field == "form.fundamental_change"
    world.end(again, "refused_administrative", **EARLY)
    assert again.status is ControlFileStatus.AWAITING_NOTIFICATION


def test_a_shown_change_lifts_the_block_only_with_the_doctors_report(world: World) -> None:
    refused(world)
    again = request(world, "R-2", NOW + timedelta(days=90))
    shown = {"form": {"fundamental_change": True}}
    with pytest.raises(ComputedRefusal):
        world.end(again, "complete", **shown)
    report(world, again, "care_records")
    with pytest.raises(ComputedRefusal):
        world.end(again, "complete", **shown)

    report(world, again)
    assert checks(world, again, shown["form"])["care_block"].found.verdict is Verdict.ATTENTION
    with pytest.raises(ComputedRefusal) as error:  # a change that is shown can't be turned away
        world.end(again, "refused_administrative", **EARLY, **shown)
    assert error.value.field == "form.fundamental_change"
    world.end(again, "complete", **shown)
    assert world.task(again).step == "own_assessment"


def test_after_a_year_a_request_is_admissible_and_may_not_be_called_too_early(
    world: World,
) -> None:
    refused(world)
    again = request(world, "R-2", datetime(2027, 11, 20, 9, tzinfo=UTC))
    assert checks(world, again)["care_block"].found.verdict is Verdict.FITS
    with pytest.raises(ComputedRefusal) as error:
        world.end(again, "refused_administrative", **EARLY)
    assert error.value.field == "outcome"

    # A refusal elsewhere that the agent knows of blocks all the same; one to come can't be.
    elsewhere = {"form": {"last_refusal_on": "2027-03-01"}}
    with pytest.raises(ComputedRefusal):
        world.end(again, "complete", **elsewhere)
    with pytest.raises(ComputedRefusal) as error:
        world.end(again, "complete", form={"last_refusal_on": "2028-03-01"})
    assert error.value.field == "form.last_refusal_on"
    world.end(again, "refused_administrative", **EARLY, **elsewhere)


def test_a_refusal_that_an_objection_lifts_blocks_nobody(world: World) -> None:
    file = refused(world)
    world.now = NOW + timedelta(days=20)
    report(world, file)
    world.end(file, "revised")
    again = request(world, "R-2", NOW + timedelta(days=90))

    assert checks(world, again)["care_block"].found.verdict is Verdict.FITS
    assert checks(world, again)["care_request_wait"].found.verdict is Verdict.ATTENTION
    world.end(again, "complete")


def test_an_objection_counts_by_its_day_even_when_no_sweeper_came_by(world: World) -> None:
    late = refused(world)
    clock = world.session.exec(
        select(Deadline).where(
            Deadline.control_file_id == late.id, Deadline.name == "objection_limit"
        )
    ).one()
    assert clock.due_at.date() == date(2026, 12, 30)  # 40 days

    world.now = clock.due_at + timedelta(minutes=1)
    report(world, late)
    assert (late.status, late.outcome) == (
        ControlFileStatus.CLOSED, DecisionOutcome.REFUSED_MEDICAL,
    )  # fmt: skip
    world.session.refresh(clock)
    assert clock.status is DeadlineStatus.FIRED
    kept = world.session.exec(
        select(Document).where(Document.received_file_id == late.received_file_id)
    ).all()
    assert len(kept) == 1

    timely = refused(world, clock.due_at + timedelta(days=400))
    world.now = world.now + timedelta(days=39)
    report(world, timely)
    world.end(timely, "maintained")
    codes = world.session.exec(
        select(Letter.code)
        .where(Letter.control_file_id == timely.id)
        .order_by(col(Letter.written_at))
    ).all()
    assert codes[-1] == "decision_kept"


def test_the_administration_assesses_no_sooner_than_the_law_allows(world: World) -> None:
    held = right(world, "mixed", date(2026, 11, 1))
    held.granted_at = NOW - timedelta(days=340)
    world.session.flush()
    open_due_reviews(world.tools, now=lambda: NOW)
    file = world.session.exec(select(ControlFile)).one()

    found = checks(world, file)["care_earliest"]
    assert found.found.verdict is Verdict.EXCEEDS
    assert figures(found) | {
        "notified": date(2025, 12, 15), "possible": date(2026, 12, 15),
        "rests_on": "reassessment.carer_months",
    } == figures(found)  # fmt: skip
    with pytest.raises(ComputedRefusal) as error:
        world.end(file, "assessed", form={"visited_on": "2026-11-20"})
    assert error.value.field == "form.visited_on"
    world.now = NOW + timedelta(days=25)
    world.end(file, "assessed", form={"visited_on": "2026-12-15"})


def enter(world: World, on: date, place: str = "ZZ-ETAB01") -> None:
    line = {"registration_number": PERSON, "establishment_id": place, "source": "registre",
            "entered_on": on.isoformat()}  # fmt: skip
    assert send(world, {"entry": line}).entries == 1
    assert send(world, {"entry": line}).duplicates == 1


def test_an_entry_into_an_establishment_opens_a_reassessment_once(world: World) -> None:
    send(world, PLAN)
    held = right(world, "in_kind", date(2028, 11, 1))
    early = {"registration_number": PERSON, "establishment_id": "ZZ-ETAB01", "source": "registre",
             "entered_on": "2026-12-01"}  # fmt: skip
    assert [name for _, name, _ in send(world, {"entry": early}).faults] == ["entered_on"]
    enter(world, date(2026, 11, 18))

    assert open_entries(world.tools, now=lambda: NOW).opened == 1
    assert open_entries(world.tools, now=lambda: NOW).opened == 0
    file = world.session.exec(select(ControlFile)).one()
    world.session.refresh(held)
    assert (file.nature, file.entitlement_id) == ("establishment", held.id)
    assert held.status is EntitlementStatus.UNDER_REVIEW
    letters = world.session.exec(
        select(Letter).order_by(col(Letter.written_at), col(Letter.id))
    ).all()
    assert letters[-1].code == "mandate"
    assert letters[-1].context["addressee"]["name"] == "ZZ-ETAB01"

    # Two years are not over, but the entry has a rule of its own.
    report(world, file)
    found = checks(world, file)["care_earliest"]
    assert (found.found.verdict, figures(found)["possible"]) == (Verdict.FITS, date(2026, 11, 18))
    world.end(file, "form_accepted")
    world.walk(file, "granted", "signed")
    enter(world, date(2026, 11, 19))  # corrected, but before the decision
    assert open_entries(world.tools, now=lambda: NOW).opened == 0


def test_an_entry_waits_for_the_reassessment_that_is_open(world: World) -> None:
    held = right(world, "mixed", date(2026, 11, 1))
    open_due_reviews(world.tools, now=lambda: NOW)
    enter(world, date(2026, 11, 19))
    assert open_entries(world.tools, now=lambda: NOW).opened == 0

    file = world.session.exec(select(ControlFile)).one()
    world.walk(file, "assessed", "withdrawn")
    world.session.refresh(held)
    assert held.status is EntitlementStatus.ACTIVE
    assert open_entries(world.tools, now=lambda: NOW).opened == 1


def test_more_may_be_asked_of_the_provider_with_a_day_to_answer(world: World) -> None:
    send(world, PLAN)
    right(world, "in_kind", date(2026, 11, 1))
    open_due_reviews(world.tools, now=lambda: NOW)
    file = world.session.exec(select(ControlFile)).one()
    report(world, file)
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="care_records"),),
              gives={"completion_kind": "incomplete"})  # fmt: skip

    letter = world.session.exec(select(Letter).where(Letter.code == "completion_request")).one()
    assert letter.context["answer_by"] == "2026-12-20"
    open_tasks = select(HumanTask).where(HumanTask.status == TaskStatus.OPEN)
    assert world.session.exec(open_tasks).all() == []
    assert world.session.exec(select(Entitlement)).one().status is EntitlementStatus.UNDER_REVIEW
