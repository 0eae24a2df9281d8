"""Expertises: questions, an expert who sees one file for the mission, a report that comes back."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.errors import ConflictOfInterest, Forbidden, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import (
    ControlFile,
    Document,
    ExpertConflict,
    ExpertFee,
    HumanTask,
    Letter,
    ReceivedFile,
)
from medcontrol.policy import Action, Principal, may, visible
from medcontrol.services import medical
from medcontrol.vocabulary import DecisionOutcome, DocumentClass, MedicalRecordKind
from tests.adjacent_world import AdjacentWorld, make_adjacent_world
from workflows.commands import NewDocument, add_documents
from workflows.linked.expertise import (
    MissionOver,
    cancel_expertise,
    missions,
    read_document,
    read_mission,
)
from workflows.tools import Tools

REPORT = {"report": "Examen cardiologique…", "conclusions": "L’état justifie la demande."}


@pytest.fixture
def world(db: Session, tools: Tools) -> AdjacentWorld:
    return make_adjacent_world(db, tools)


def asked(world: AdjacentWorld) -> tuple[ControlFile, ControlFile]:
    """A file whose doctor wants an expertise before deciding, and the expertise."""
    appeal = world.appeal(world.refused())
    world.admit(appeal)
    world.end(appeal, "expertise")
    return appeal, world.child(appeal, "expertise")


def document(world: AdjacentWorld, file: ControlFile, title: str) -> Document:
    new = NewDocument(
        kind="exams", title=title, content=b"%PDF-1.4 " + title.encode(),
        document_class=DocumentClass.MEDICAL,
    )  # fmt: skip
    who = world.by_doctor[world.regional.id]
    add_documents(world.session, world.tools, file.id, [new], by=who, now=world.now)
    found = select(Document).where(Document.title == title)
    return world.session.exec(found).one()


def test_who_asked_names_the_expert_and_the_report_comes_back_to_them(world):
    appeal, expertise = asked(world)
    assert appeal.status == "awaiting_expertise"
    assert world.task(expertise).assigned_doctor_id == world.regional.id
    expert, _ = world.expert()
    mission = world.name(expertise, expert)
    assert (mission.due_on, mission.valid_to) == (
        world.now.date() + timedelta(days=30), world.now.date() + timedelta(days=44),
    )  # fmt: skip

    world.end_as(world.as_expert(expert), expertise, "reported", form=REPORT)

    world.session.refresh(appeal)
    assert appeal.status == "awaiting_counter_examination"
    assert world.task(appeal).assigned_doctor_id == world.regional.id
    read = medical.read_medical(
        world.by_doctor[world.regional.id], appeal.id, world.tools.keys, purpose="test",
        kinds=[MedicalRecordKind.EXPERT_REPORT], now=lambda: world.now,
    )  # fmt: skip
    assert read[0].content["conclusions"] == REPORT["conclusions"]
    assert read[0].content["expert"] == expert.name


def test_the_fee_is_the_laws_or_the_agreed_one_and_stands_on_the_statement_once(world):
    for agreed, in_person, cents, basis in (
        (None, False, 60_000, "fees.expertise_on_file@2002-11-21"),
        (75_000, False, 75_000, "agreed"),
    ):
        appeal = world.appeal(world.refused(external_id=f"W-{agreed}"))
        world.admit(appeal)
        world.end(appeal, "expertise")
        expertise = world.child(appeal, "expertise")
        expert, _ = world.expert(on_file_cents=agreed)
        mission = world.name(expertise, expert, gives={"in_person": in_person})
        world.end_as(world.as_expert(expert), expertise, "reported", form=REPORT)
        world.end(expertise, "owed")
        fee = world.session.exec(select(ExpertFee).where(ExpertFee.mission_id == mission.id)).one()
        assert (fee.amount_cents, fee.basis, fee.month) == (cents, basis, date(2026, 11, 1))
        assert expertise.outcome is DecisionOutcome.CONCLUDED


def test_the_expert_sees_the_documents_chosen_and_no_other(world):
    appeal, expertise = asked(world)
    chosen, hidden = document(world, appeal, "échographie"), document(world, appeal, "psychiatrie")
    expert, _ = world.expert()
    mission = world.name(expertise, expert, form={"documents": [str(chosen.id)]})
    who = world.as_expert(expert)

    view = read_mission(who, world.tools, mission.id, now=world.now)
    assert [each.title for each in view.documents] == ["échographie"]
    assert view.questions == ("L’état justifie-t-il la demande ?",)
    store = world.tools.documents
    content = read_document(who, store, mission.id, chosen.id, now=world.now)[1]
    assert content.endswith("échographie".encode())
    with pytest.raises(NotFound):
        read_document(who, store, mission.id, hidden.id, now=world.now)
    logged = world.session.execute(
        sa.text("SELECT what FROM access_log WHERE user_id = :id ORDER BY at, id"), {"id": who.id}
    ).scalars()
    assert list(logged) == [f"mission:{mission.id}", f"document:{chosen.id}"]


def doors(world: AdjacentWorld, who: Principal) -> dict[str, set[object]]:
    """What somebody may do, by action, over every table that lists, pages and exports read."""
    found: dict[str, set[object]] = {}
    for action in Action:
        tables = (ControlFile, HumanTask, *((ReceivedFile,) if action is Action.EXPLAIN else ()))
        for table in tables:
            seen = world.session.execute(
                sa.select(table.id).where(visible(who, table, action))  # type: ignore[arg-type]
            ).scalars()
            found[f"{action}:{table.__tablename__}"] = set(seen)
    return {door: seen for door, seen in found.items() if seen}


def test_every_other_door_is_closed_and_this_one_opens_one_file_for_the_mission(world):
    """Lists, search, export, API and pages all ask the policy: the expert has one way in."""
    appeal, expertise = asked(world)
    world.file(world.take(external_id="W-9"))
    expert, before = world.expert()
    other, _ = world.expert()
    assert doors(world, before) == {}

    world.name(expertise, expert)
    who = world.as_expert(expert)
    tasks = world.session.exec(
        select(HumanTask.id).where(HumanTask.control_file_id == expertise.id)
    )
    assert doors(world, who) == {
        "mission:control_file": {expertise.id}, "mission:human_task": set(tasks),
    }  # fmt: skip
    assert doors(world, world.as_expert(other)) == {}
    for action in Action:
        allowed = may(world.session, who, expertise.id, action)
        assert allowed is (action is Action.MISSION)
        assert not may(world.session, who, appeal.id, action)
    with pytest.raises(Forbidden):
        medical.read_medical(
            who, expertise.id, world.tools.keys, purpose="test", now=lambda: world.now
        )

    world.now += timedelta(days=45)
    assert doors(world, world.as_expert(expert)) == {}
    assert missions(world.session, world.as_expert(expert)) == []


def test_access_ends_with_the_report_and_with_the_role(world):
    _appeal, expertise = asked(world)
    expert, _ = world.expert()
    mission = world.name(expertise, expert)
    world.end_as(world.as_expert(expert), expertise, "reported", form=REPORT)

    assert doors(world, world.as_expert(expert)) == {}
    with pytest.raises(NotFound):
        read_mission(world.as_expert(expert), world.tools, mission.id, now=world.now)


def test_another_expert_cant_report_and_a_report_needs_both_parts(world):
    _appeal, expertise = asked(world)
    expert, _ = world.expert()
    other, _ = world.expert()
    world.name(expertise, expert)
    with pytest.raises(Forbidden):
        world.end_as(world.as_expert(other), expertise, "reported", form=REPORT)
    with pytest.raises(InvalidInput) as refusal:
        world.end_as(world.as_expert(expert), expertise, "reported", form={"report": "…"})
    assert refusal.value.field == "form.conclusions"


def test_who_declines_or_steps_down_is_replaced(world):
    _appeal, expertise = asked(world)
    first, _ = world.expert()
    second, _ = world.expert()
    world.name(expertise, first)
    world.end_as(world.as_expert(first), expertise, "declined", form={"note": "Lien familial."})
    assert (world.mission(expertise).status, expertise.status) == ("declined", "awaiting_expertise")
    assert doors(world, world.as_expert(first)) == {}

    world.now += timedelta(hours=1)
    world.name(expertise, second)
    world.end_as(world.as_expert(second), expertise, "stepped_down")
    assert world.mission(expertise).status == "withdrawn"


@pytest.mark.parametrize("tie", ["registration_number", "provider_id"])
def test_an_expert_with_a_tie_is_not_named(world, tie):
    _appeal, expertise = asked(world)
    expertise.provider_id = "INPE-7"
    world.session.flush()
    expert, _ = world.expert()
    world.session.add(
        ExpertConflict(
            id=new_id(), expert_id=expert.id, kind="treats", subject=getattr(expertise, tie),
            valid_from=date(2020, 1, 1),
        )
    )  # fmt: skip
    world.session.flush()
    with pytest.raises(ConflictOfInterest) as refusal:
        world.name(expertise, expert)
    assert refusal.value.field == "form.expert"


def test_an_expert_without_account_or_a_mission_without_question_is_refused(world):
    _appeal, expertise = asked(world)
    nobody, _ = world.expert(user_id=None)
    expert, _ = world.expert()
    with pytest.raises(InvalidInput):
        world.name(expertise, nobody)
    with pytest.raises(InvalidInput) as refusal:
        world.name(expertise, expert, form={"questions": ["  "]})
    assert refusal.value.field == "form.questions"


def test_a_cancelled_expertise_ends_the_mission_and_wakes_the_file(world):
    appeal, expertise = asked(world)
    expert, _ = world.expert()
    world.name(expertise, expert)
    boss = world.by_doctor[world.regional.id]
    cancel_expertise(world.session, world.tools, expertise.id, principal=boss, now=world.now)

    world.session.refresh(appeal)
    world.session.refresh(expertise)
    assert (world.mission(expertise).status, expertise.outcome) == ("cancelled", "withdrawn")
    assert appeal.status == "awaiting_counter_examination"
    sent = world.session.exec(select(Letter.code).where(Letter.control_file_id == expertise.id))
    assert sorted(sent) == ["mission_ended", "mission_letter"]
    with pytest.raises(MissionOver):
        cancel_expertise(world.session, world.tools, expertise.id, principal=boss, now=world.now)


def test_a_mission_letter_goes_to_the_expert_and_says_nothing_of_the_person(world):
    _appeal, expertise = asked(world)
    expert, _ = world.expert(address="12, rue de l’Hôpital, Rabat")
    world.name(expertise, expert)
    letter = world.session.exec(select(Letter).where(Letter.control_file_id == expertise.id)).one()
    assert (letter.code, letter.recipient) == ("mission_letter", "expert")
    assert letter.context["addressee"]["name"] == expert.name
    assert "justifie" not in str(letter.context)


def test_no_one_of_the_contested_file_names_the_expert_of_its_appeal(world):
    """The exclusions of an appeal hold for the expertise that it asks for."""
    from assignment.exclusions import excluded_from

    _appeal, expertise = asked(world)
    assert excluded_from(world.session, expertise.id) == {
        world.doctor.id: "author_of_contested_opinion"
    }


def test_reminders_go_to_the_expert_and_the_delay_is_told(world):
    from workflows.sweeping import sweep_deadlines

    _appeal, expertise = asked(world)
    expert, _ = world.expert()
    world.name(expertise, expert)
    world.now += timedelta(days=31)
    sweep_deadlines(world.tools, now=lambda: world.now)
    sent = world.session.exec(select(Letter.code).where(Letter.control_file_id == expertise.id))
    assert sorted(sent) == ["mission_letter", "report_overdue", "report_reminder"]
    world.end_as(world.as_expert(expert), expertise, "reported", form=REPORT)
    assert expertise.status == "awaiting_notification"


def test_a_specialist_of_an_ordinary_flow_asks_and_goes_on_with_the_report(world):
    file = world.file(world.take())
    world.end(file, "escalate")
    world.end(file, "expertise")
    expertise = world.child(file, "expertise")
    assert (file.status, expertise.status) == ("awaiting_expertise", "awaiting_expertise")
    expert, _ = world.expert()
    world.name(expertise, expert)
    world.end_as(world.as_expert(expert), expertise, "reported", form=REPORT)

    world.session.refresh(file)
    assert file.status == "awaiting_specialist"
    assert world.task(file).assigned_doctor_id == world.regional.id


def test_whom_the_expert_waits_for_in_vain_twice_is_decided_on_without_a_report(world):
    appeal, expertise = asked(world)
    expert, _ = world.expert()
    mission = world.name(expertise, expert, gives={"in_person": True})
    who, at = world.as_expert(expert), {"appointment_at": world.now + timedelta(days=20)}
    world.end(expertise, "booked", **at)
    world.end_as(who, expertise, "no_show")
    assert world.task(expertise).step == "appointment"
    world.end(expertise, "booked", **at)
    world.end_as(who, expertise, "no_show")

    world.session.refresh(expertise)
    world.session.refresh(mission)
    assert (expertise.closed_at, expertise.outcome) == (world.now, DecisionOutcome.WITHDRAWN)
    assert world.task(appeal).step == "counter_examination"
    assert mission.status == "cancelled"
