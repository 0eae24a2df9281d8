"""An opinion asked outside: who is asked sees the question, and the answer wakes the file."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.errors import ConflictOfInterest, Forbidden, InvalidInput, NotFound
from medcontrol.model import ControlFile, Deadline, OpinionRequest
from medcontrol.policy import Principal
from medcontrol.services import medical
from medcontrol.vocabulary import ControlLevel, MedicalRecordKind, Role
from tests.adjacent.test_expertises import document, doors
from tests.adjacent_world import AdjacentWorld, make_adjacent_world
from workflows.linked.opinion_asks import OpinionAsk
from workflows.linked.opinion_reading import asked_of, read_asked, read_document
from workflows.linked.opinion_reminders import give_up_stale, remind_due
from workflows.linked.opinions import RequestEnded, answer_request, revoke_request, send_request
from workflows.steps.firing import fire_deadline
from workflows.tools import Tools

QUESTION = "La fonction cardiaque justifie-t-elle l’admission ?"


@pytest.fixture
def world(db: Session, tools: Tools) -> AdjacentWorld:
    return make_adjacent_world(db, tools)


def far_doctor(world: AdjacentWorld) -> tuple[object, Principal]:
    doctor = world.doctor_at(ControlLevel.REGIONAL, "MA-04", Role.DOCTOR)
    return doctor, world.by_doctor[doctor.id]


def ask(world: AdjacentWorld, **changes: object) -> tuple[ControlFile, OpinionRequest]:
    """An appeal whose doctor asks somebody else's opinion."""
    appeal = world.appeal(world.refused())
    world.admit(appeal)
    opinion = OpinionAsk(question=QUESTION, **changes) if changes else None  # type: ignore[arg-type]
    world.end(appeal, "ask_opinion", opinion=opinion)
    return appeal, world.request(appeal)


def test_the_answer_wakes_the_file_and_comes_back_to_who_asked(world):
    doctor, who = far_doctor(world)
    appeal, request = ask(world, doctor_id=doctor.id)
    assert (appeal.status, request.status) == ("awaiting_opinion", "open")
    assert [each.id for each in asked_of(world.session, who)] == [request.id]

    answer_request(
        world.session, world.tools, request.id, "Oui, FEVG à 30 %.", principal=who, now=world.now
    )

    world.session.refresh(appeal)
    task = world.task(appeal)
    assert (task.kind, task.assigned_doctor_id) == ("counter_examination", world.regional.id)
    assert task.signals == ["opinion_received"]
    read = medical.read_medical(
        world.by_doctor[world.regional.id], appeal.id, world.tools.keys, purpose="test",
        kinds=[MedicalRecordKind.OUTSIDE_OPINION], now=lambda: world.now,
    )  # fmt: skip
    assert [each.content.get("opinion") for each in read] == [None, "Oui, FEVG à 30 %."]
    assert asked_of(world.session, who) == []
    with pytest.raises(RequestEnded):
        answer_request(
            world.session, world.tools, request.id, "Encore", principal=who, now=world.now
        )


def test_who_is_asked_sees_the_question_the_documents_chosen_and_nothing_else(world):
    doctor, who = far_doctor(world)
    file = world.refused()
    appeal = world.appeal(file)
    world.admit(appeal)
    chosen, hidden = document(world, appeal, "écho"), document(world, appeal, "psy")
    opinion = OpinionAsk(question=QUESTION, doctor_id=doctor.id, document_ids=(chosen.id,))
    world.end(appeal, "ask_opinion", opinion=opinion)
    request = world.request(appeal)

    assert doors(world, who) == {}
    page = read_asked(who, world.tools.keys, request.id, now=world.now)
    assert (page.question, page.person) == (QUESTION, "Alami Amina")
    assert [each.id for each in page.documents] == [chosen.id]
    store = world.tools.documents
    assert read_document(who, store, request.id, chosen.id, now=world.now)[1]
    with pytest.raises(NotFound):
        read_document(who, store, request.id, hidden.id, now=world.now)
    stranger = far_doctor(world)[1]
    with pytest.raises(NotFound):
        read_asked(stranger, world.tools.keys, request.id, now=world.now)
    with pytest.raises(Forbidden):
        medical.read_medical(
            who, appeal.id, world.tools.keys, purpose="test", now=lambda: world.now
        )


def test_a_pseudonymised_request_tells_age_and_sex_only(world):
    doctor, who = far_doctor(world)
    _appeal, request = ask(world, doctor_id=doctor.id, is_pseudonymised=True)
    page = read_asked(who, world.tools.keys, request.id, now=world.now)
    assert (page.person, page.registration_number, page.age) == (None, None, 51)


def test_an_external_expert_may_be_asked(world):
    expert, _ = world.expert()
    appeal, request = ask(world, expert_id=expert.id)
    who = world.as_expert(expert)
    assert read_asked(who, world.tools.keys, request.id, now=world.now).question == QUESTION
    assert doors(world, who) == {}
    answer_request(world.session, world.tools, request.id, "Oui.", principal=who, now=world.now)
    world.session.refresh(appeal)
    assert appeal.status == "awaiting_counter_examination"


def test_a_revoked_request_closes_the_door_and_wakes_the_file(world):
    doctor, who = far_doctor(world)
    appeal, request = ask(world, doctor_id=doctor.id)
    with pytest.raises(Forbidden):
        revoke_request(world.session, world.tools, request.id, principal=who, now=world.now)
    boss = world.by_doctor[world.regional.id]
    revoke_request(world.session, world.tools, request.id, principal=boss, now=world.now)
    world.session.refresh(appeal)
    assert appeal.status == "awaiting_counter_examination"
    assert world.task(appeal).signals == []
    with pytest.raises(NotFound):
        read_asked(who, world.tools.keys, request.id, now=world.now)
    with pytest.raises(RequestEnded):
        answer_request(world.session, world.tools, request.id, "Oui", principal=who, now=world.now)


def told(world: AdjacentWorld, appeal: ControlFile) -> list[int]:
    rows = world.session.execute(
        sa.text(
            "SELECT CAST(facts::json->>'stage' AS int) FROM journal_entry"
            " WHERE control_file_id = :id AND action = 'opinion.reminded' ORDER BY number"
        ),
        {"id": appeal.id},
    )
    return list(rows.scalars())


def test_it_is_reminded_three_days_before_on_the_day_and_three_days_after(world):
    doctor, _ = far_doctor(world)
    due = world.now.date() + timedelta(days=10)
    appeal, _request = ask(world, doctor_id=doctor.id, due_on=due)
    start = world.now
    for days in (6, 7, 7, 9, 10, 12, 13, 14):
        world.now = start + timedelta(days=days)
        remind_due(world.session, jurisdiction="ma", now=world.now)
    assert told(world, appeal) == [1, 2, 3]


def test_days_that_were_missed_are_one_reminder(world):
    doctor, _ = far_doctor(world)
    due = world.now.date() + timedelta(days=5)
    appeal, _request = ask(world, doctor_id=doctor.id, due_on=due)
    world.now += timedelta(days=9)
    assert remind_due(world.session, jurisdiction="ma", now=world.now) == 1
    assert told(world, appeal) == [3]


def test_without_an_answer_the_file_goes_on_and_a_late_one_is_refused(world):
    from workflows.sweeping import sweep_deadlines

    doctor, who = far_doctor(world)
    appeal, request = ask(world, doctor_id=doctor.id)
    world.now += timedelta(days=16)
    sweep_deadlines(world.tools, now=lambda: world.now)
    world.session.refresh(appeal)
    assert appeal.status == "awaiting_counter_examination"
    world.session.refresh(request)
    assert request.status == "expired"
    with pytest.raises(RequestEnded):
        answer_request(world.session, world.tools, request.id, "Oui", principal=who, now=world.now)


def test_a_request_that_its_step_left_unwritten_is_sent_later(world):
    doctor, who = far_doctor(world)
    appeal, request = ask(world)
    assert (request.status, asked_of(world.session, who)) == ("draft", [])
    asked = OpinionAsk(question=QUESTION, doctor_id=doctor.id)
    boss = world.by_doctor[world.regional.id]
    send_request(world.session, world.tools, request.id, asked, principal=boss, now=world.now)
    assert [each.id for each in asked_of(world.session, who)] == [request.id]
    assert appeal.status == "awaiting_opinion"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"question": " "}, "opinion.question"),
        ({"doctor_id": None}, "opinion.whom"),
        ({"due_on": 0}, "opinion.due_on"),
        ({"due_on": 16}, "opinion.due_on"),
    ],
)
def test_what_is_wrong_with_a_request_is_named(world, changes, field):
    doctor, _ = far_doctor(world)
    _appeal, request = ask(world)
    boss = world.by_doctor[world.regional.id]
    if "due_on" in changes:
        changes = {"due_on": world.now.date() + timedelta(days=changes["due_on"])}
    asked = OpinionAsk(**({"question": QUESTION, "doctor_id": doctor.id} | changes))
    with pytest.raises(InvalidInput) as refusal:
        send_request(world.session, world.tools, request.id, asked, principal=boss, now=world.now)
    assert refusal.value.field == field


def test_of_an_appeal_nobody_is_asked_who_took_part_in_what_it_contests(world):
    appeal, request = ask(world)
    boss = world.by_doctor[world.regional.id]
    asked = OpinionAsk(question=QUESTION, doctor_id=world.doctor.id)
    with pytest.raises(ConflictOfInterest):
        send_request(world.session, world.tools, request.id, asked, principal=boss, now=world.now)
    assert appeal.status == "awaiting_opinion"


def test_a_request_whose_file_went_on_is_ended(world):
    appeal, request = ask(world)
    world.session.execute(
        sa.text("UPDATE control_file SET status = 'awaiting_control' WHERE id = :id"),
        {"id": appeal.id},
    )
    assert give_up_stale(world.session, now=world.now) == 1
    world.session.refresh(request)
    assert request.status == "expired"
    told = world.session.execute(
        sa.text(
            "SELECT facts::json->>'request' FROM journal_entry"
            " WHERE control_file_id = :id AND action = 'opinion.given_up'"
        ),
        {"id": appeal.id},
    ).scalars()
    assert list(told) == [str(request.id)]
    assert give_up_stale(world.session, now=world.now) == 0


def test_a_file_that_asks_again_after_silence_waits_for_the_new_request_alone(world):
    file = world.file(world.take())
    world.end(file, "ask_opinion")
    limit = world.session.exec(
        select(Deadline).where(
            Deadline.control_file_id == file.id, Deadline.name == "opinion_limit"
        )
    ).one()
    fire_deadline(world.session, world.tools, limit.id, now=limit.due_at + timedelta(minutes=1))
    world.session.refresh(file)

    world.end(file, "ask_opinion")

    requests = world.session.exec(
        select(OpinionRequest.status).where(OpinionRequest.control_file_id == file.id)
    ).all()
    assert sorted(requests) == ["draft", "expired"]
