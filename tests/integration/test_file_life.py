"""The whole life of a file on the real database: from the line to the decision and beyond."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.errors import (
    AlreadyDone,
    InvalidInput,
    NotTheAssignedDoctor,
    StaleControlFile,
    StepNotOpen,
)
from medcontrol.model import (
    Assignment,
    Deadline,
    Decision,
    DoctorLoad,
    Entitlement,
    HumanTask,
    Letter,
    Opinion,
    OutboxMessage,
    Suspension,
)
from medcontrol.services.medical import read_medical
from medcontrol.vocabulary import (
    ControlFileStatus,
    ControlLevel,
    DeadlineStatus,
    DecisionOutcome,
    DocumentClass,
    EntitlementStatus,
    LetterStatus,
    LineOutcome,
    MedicalRecordKind,
    Role,
    TaskStatus,
)
from tests.factories import NOW, make_principal
from tests.flow_world import MESSAGE, World, make_world
from workflows.commands import (
    CompleteStep,
    LineVerdict,
    NewDocument,
    PieceAsked,
    add_documents,
    complete_step,
    fire_deadline,
    hold,
    preview_letter,
    undo_decision,
    waive_completion,
    wake,
)
from workflows.tools import Tools


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def letters_of(world: World, file_id: object) -> list[str]:
    found = select(Letter).where(Letter.control_file_id == file_id).order_by(col(Letter.id))
    rows = world.session.exec(found).all()
    return [row.code for row in rows if row.status is not LetterStatus.CANCELLED]


def test_a_first_ald_is_opened_with_its_clock_letter_and_doctor(world: World) -> None:
    file = world.file(world.take())

    task = world.task(file)

    assert file.reference.startswith("ALD-2026-")
    assert file.status is ControlFileStatus.AWAITING_CONTROL
    assert task.assigned_doctor_id == file.assigned_doctor_id == world.doctor.id
    assert file.due_at is not None
    assert civil_date(file.due_at, "ma") == date(2026, 12, 5)  # 15 calendar days
    assert letters_of(world, file.id) == ["acknowledgement"]
    load = world.session.get_one(DoctorLoad, world.doctor.id, populate_existing=True)
    assert (load.open_files, load.open_points) == (1, task.points)


def test_a_granted_ald_gives_the_right_of_its_pathology_and_a_review(world: World) -> None:
    file = world.file(world.take())

    done = world.end(file, "granted", reasoning="Critères remplis.")

    assert done.is_closed
    assert file.outcome is DecisionOutcome.GRANTED
    right = world.session.exec(select(Entitlement)).one()
    assert (right.right_code, right.valid_from) == ("ma-ald-09", date(2026, 11, 20))
    assert right.valid_to == date(2031, 11, 19)  # five years, both days included
    assert right.opens_on == date(2031, 11, 20) - timedelta(days=90)
    assert letters_of(world, file.id) == ["acknowledgement", "grant"]
    load = world.session.get_one(DoctorLoad, world.doctor.id, populate_existing=True)
    assert (load.open_files, load.open_points) == (0, 0)
    assert journal.verify(world.session)[1] == []


def test_a_decision_keeps_what_it_was_decided_with(world: World) -> None:
    file = world.file(world.take())
    world.end(file, "granted")

    decision = world.session.exec(select(Decision)).one()

    assert decision.decided_with["pack"] == "ma/ald/1"
    paths = {each["path"] for each in decision.decided_with["parameters"]}
    assert "clocks.ald_decision_days" in paths


def test_reasoning_is_encrypted_and_only_read_through_the_logged_door(world: World) -> None:
    file = world.file(world.take())
    world.end(file, "granted", reasoning="Insuline depuis 2019.")
    reader = world.by_doctor[world.doctor.id]

    content = read_medical(reader, file.id, world.tools.keys, purpose="file_page", now=lambda: NOW)

    assert [each.kind for each in content] == [
        MedicalRecordKind.INTAKE,
        MedicalRecordKind.REASONING,
    ]
    assert content[1].content["reasoning"] == "Insuline depuis 2019."
    stored = world.session.execute(sa.text("SELECT content FROM medical_record")).scalars().all()
    assert all(b"Insuline" not in bytes(each) for each in stored)
    logged = world.session.execute(sa.text("SELECT user_id, purpose FROM access_log")).all()
    assert [tuple(row) for row in logged] == [(reader.id, "file_page")]


def test_an_invalidity_pension_passes_all_three_levels(world: World) -> None:
    file = world.file(
        world.take(
            flow="invalidity", nature="first", scheme="general", channel="paper", medical=None
        )
    )
    booked = ("booked", {"appointment_at": NOW + timedelta(days=20)})
    world.walk(file, "complete", booked)
    assert world.task(file).step == "examination"
    world.end(file, "granted", gives={"third_person_aid": True})
    assert file.level is ControlLevel.REGIONAL
    assert world.task(file).assigned_doctor_id == world.regional.id
    world.end(file, "agreed")
    assert file.level is ControlLevel.CENTRAL
    assert world.task(file).assigned_doctor_id == world.central.id
    world.end(file, "granted")
    while file.closed_at is None:
        world.end(file, "signed")

    right = world.session.exec(select(Entitlement)).one()
    assert file.outcome is DecisionOutcome.GRANTED
    assert right.flow == "invalidity"
    assert right.next_review_on == date(2027, 11, 20)  # twelve months in the first two years
    assert journal.verify(world.session)[1] == []


def test_the_second_doctor_is_never_the_first(world: World) -> None:
    file = world.file(world.take(flow="invalidity", scheme="general", medical=None))
    booked = ("booked", {"appointment_at": NOW + timedelta(days=20)})
    world.walk(file, booked, "granted")
    first = world.session.exec(select(Opinion)).first()

    second = world.task(file)

    assert first is not None
    assert second.assigned_doctor_id not in (None, first.doctor_id)


def test_asking_for_pieces_stops_the_clock_and_their_arrival_moves_it(world: World) -> None:
    file = world.file(world.take())
    due = file.due_at
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    assert file.status is ControlFileStatus.AWAITING_COMPLETION
    answer = world.session.exec(select(Deadline).where(Deadline.name == "answer")).one()
    assert answer.status is DeadlineStatus.SUSPENDED

    world.now = NOW + timedelta(days=7)
    add_documents(
        world.session, world.tools, file.id,
        [NewDocument(kind="exams", title="Bilan", content=b"%PDF-1.4 bilan",
                     document_class=DocumentClass.MEDICAL)],
        by=world.agent, now=world.now,
    )  # fmt: skip

    world.session.refresh(file)
    assert file.status is ControlFileStatus.AWAITING_CONTROL
    assert due is not None
    assert file.due_at == due + timedelta(days=7)
    assert world.task(file).assigned_doctor_id == world.doctor.id
    assert "new_document" in world.task(file).signals
    suspension = world.session.exec(select(Suspension)).one()
    assert suspension.ended_at == world.now


def test_a_reminder_and_then_the_limit_fire_once_each(world: World) -> None:
    file = world.file(world.take())
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    clocks = world.session.exec(
        select(Deadline).where(
            Deadline.control_file_id == file.id, col(Deadline.name).in_(
                ["completion_reminder", "completion_limit"]))
    ).all()  # fmt: skip
    by_name = {clock.name: clock for clock in clocks}
    reminder, limit = by_name["completion_reminder"], by_name["completion_limit"]

    early = fire_deadline(world.session, world.tools, reminder.id, now=NOW + timedelta(days=1))
    first = fire_deadline(world.session, world.tools, reminder.id, now=reminder.due_at)
    again = fire_deadline(world.session, world.tools, reminder.id, now=reminder.due_at)
    ended = fire_deadline(world.session, world.tools, limit.id, now=limit.due_at)

    assert (early, first, again, ended) == (False, True, False, True)
    assert letters_of(world, file.id).count("reminder") == 1
    world.session.refresh(file)
    assert file.status is not ControlFileStatus.AWAITING_COMPLETION


def test_a_doctor_goes_on_without_the_pieces(world: World) -> None:
    file = world.file(world.take())
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    doctor = world.by_doctor[world.doctor.id]

    waive_completion(
        world.session, world.tools, file.id, expected_version=None, principal=doctor, now=NOW
    )
    world.session.refresh(file)

    assert file.status is ControlFileStatus.AWAITING_CONTROL
    with pytest.raises(StepNotOpen):
        waive_completion(
            world.session, world.tools, file.id, expected_version=None, principal=doctor, now=NOW
        )


def test_a_stale_page_changes_nothing(world: World) -> None:
    file = world.file(world.take())
    task = world.task(file)
    command = CompleteStep(task_id=task.id, expected_version=file.version - 1, outcome="granted")

    with pytest.raises(StaleControlFile):
        complete_step(world.session, world.tools, command, principal=world.who(task), now=NOW)

    assert world.session.exec(select(Opinion)).all() == []


def test_another_doctor_or_a_done_step_is_refused(world: World) -> None:
    file = world.file(world.take())
    task = world.task(file)
    command = CompleteStep(task_id=task.id, expected_version=None, outcome="granted")
    with pytest.raises(NotTheAssignedDoctor):
        complete_step(
            world.session, world.tools, command,
            principal=make_principal(world.session, Role.DOCTOR), now=NOW,
        )  # fmt: skip
    world.end(file, "granted")

    with pytest.raises(StepNotOpen):
        complete_step(
            world.session, world.tools, command,
            principal=world.by_doctor[world.doctor.id], now=NOW,
        )  # fmt: skip


MOTIVE = "med.not_justified"
CONTROLLED = {"required": True, "mode": "on_file"}
LINES = [
    {"no": 1, "act": "C2", "quantity": "1", "amount": "150.00"},
    {"no": 2, "act": "Z15", "quantity": "2", "amount": "300.00"},
]


def ambulatory(world: World) -> object:
    return world.file(
        world.take(
            flow="ambulatory", nature="reimbursement", lines=LINES, amount="450.00",
            currency="MAD", control={"required": True, "mode": "on_file"}, medical=None, form=None,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "lines", "field"),
    [
        ("granted", (LineVerdict(line_no=1, outcome=LineOutcome.ACCEPTED),), "lines"),
        (
            "granted",
            (
                LineVerdict(line_no=1, outcome=LineOutcome.ACCEPTED),
                LineVerdict(line_no=2, outcome=LineOutcome.REFUSED),
            ),
            "lines.2.motive_code",
        ),
        (
            "granted",
            (
                LineVerdict(line_no=1, outcome=LineOutcome.ACCEPTED),
                LineVerdict(line_no=2, outcome=LineOutcome.MODIFIED, quantity="1"),
            ),
            "outcome",
        ),
        ("refused_medical", (), "motive_code"),
        ("no_such_outcome", (), "outcome"),
    ],
)
def test_an_opinion_that_contradicts_itself_names_the_field(
    world: World, outcome: str, lines: tuple[LineVerdict, ...], field: str
) -> None:
    file = ambulatory(world)

    with pytest.raises(InvalidInput) as refusal:
        world.end(file, outcome, lines=lines)  # type: ignore[arg-type]

    assert refusal.value.field == field


def test_a_decision_can_be_undone_while_it_has_not_left(world: World) -> None:
    file = world.file(world.take())
    before = world.session.get_one(DoctorLoad, world.doctor.id, populate_existing=True).open_points
    world.end(file, "granted")
    doctor = world.by_doctor[world.doctor.id]

    undo_decision(
        world.session, world.tools, file.id, expected_version=None, principal=doctor,
        now=NOW + timedelta(seconds=20),
    )  # fmt: skip

    world.session.refresh(file)
    assert (file.closed_at, file.status) == (None, ControlFileStatus.AWAITING_CONTROL)
    assert world.task(file).status is TaskStatus.OPEN
    assert letters_of(world, file.id) == ["acknowledgement"]
    load = world.session.get_one(DoctorLoad, world.doctor.id, populate_existing=True)
    assert load.open_points == before
    right = world.session.exec(select(Entitlement)).one()
    assert right.status is EntitlementStatus.ENDED
    world.end(file, "granted")
    assert file.closed_at is not None
    assert journal.verify(world.session)[1] == []


def test_a_decision_whose_time_is_over_stays(world: World) -> None:
    file = world.file(world.take())
    world.end(file, "granted")

    with pytest.raises(AlreadyDone):
        undo_decision(
            world.session, world.tools, file.id, expected_version=None,
            principal=world.by_doctor[world.doctor.id], now=NOW + timedelta(seconds=31),
        )  # fmt: skip


def test_consequences_of_a_decision_wait_and_other_letters_do_not(world: World) -> None:
    file = world.file(world.take())
    world.end(file, "granted")

    rows = world.session.exec(select(OutboxMessage)).all()
    waits = {
        (row.topic, row.payload.get("event")): row.next_try_at - row.created_at for row in rows
    }

    assert waits["events.deliver", "decision.made"] == timedelta(seconds=30)
    grant = world.session.exec(select(Letter).where(Letter.code == "grant")).one()
    sending = next(row for row in rows if row.payload.get("letter_id") == str(grant.id))
    assert sending.next_try_at - sending.created_at == timedelta(seconds=30)


def test_the_letter_is_seen_before_the_decision_and_leaves_nothing(world: World) -> None:
    file = world.file(world.take())
    task = world.task(file)
    command = CompleteStep(task_id=task.id, expected_version=None, outcome="granted")

    picture = preview_letter(
        world.session, world.tools, command, principal=world.who(task), now=NOW, language="fr"
    )

    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert world.session.exec(select(Decision)).all() == []
    assert world.task(file).status is TaskStatus.OPEN


def test_a_held_task_leaves_the_queue_and_wakes(world: World) -> None:
    file = world.file(world.take())
    task = world.task(file)
    doctor = world.who(task)
    hold(
        world.session, world.tools, task.id, until=date(2026, 11, 25), reason="waiting_for_opinion",
        expected_version=None, principal=doctor, now=NOW,
    )  # fmt: skip
    assert world.task(file).held_until == datetime.fromisoformat("2026-11-25T06:00:00+01:00")

    woken = wake(world.session, world.tools, task.id, principal=None, now=NOW)
    again = wake(world.session, world.tools, task.id, principal=None, now=NOW)

    assert (woken, again) == (True, False)
    assert world.task(file).signals == ["woken"]


def test_assignments_are_closed_and_never_deleted(world: World) -> None:
    file = world.file(world.take())
    world.end(file, "escalate")
    world.end(file, "advised")
    world.end(file, "granted")

    rows = world.session.exec(select(Assignment).order_by(col(Assignment.assigned_at))).all()

    assert [row.end_reason for row in rows] == ["done", "done", "done"]
    assert {row.doctor_id for row in rows} == {world.doctor.id, world.regional.id}
    done = world.session.exec(select(HumanTask)).all()
    assert all(task.status is TaskStatus.DONE for task in done)


def test_a_renewal_that_the_person_asks_for_renews_their_right_and_opens_no_second(
    world: World,
) -> None:
    first = world.file(world.take())
    world.end(first, "granted")
    right = world.session.exec(select(Entitlement)).one()

    renewal = world.file(
        world.take(external_id="W-2", nature="renewal", ald_number=right.number, control=CONTROLLED)
    )
    world.session.refresh(right)
    assert (renewal.entitlement_id, right.status) == (right.id, EntitlementStatus.UNDER_REVIEW)
    world.end(renewal, "granted")

    world.session.refresh(right)
    assert right.status is EntitlementStatus.ACTIVE
    assert world.session.exec(select(Entitlement)).all() == [right]


def test_a_number_of_somebody_elses_right_is_not_renewed(world: World) -> None:
    first = world.file(world.take())
    world.end(first, "granted")
    right = world.session.exec(select(Entitlement)).one()
    other = {**MESSAGE["insured"], "registration_number": "999000001"}

    renewal = world.file(
        world.take(
            external_id="W-3",
            nature="renewal",
            ald_number=right.number,
            insured=other,
            control=CONTROLLED,
        )
    )

    world.session.refresh(right)
    assert (renewal.entitlement_id, right.status) == (None, EntitlementStatus.ACTIVE)


def test_the_letter_of_a_partial_grant_says_what_each_line_is_granted(world: World) -> None:
    file = ambulatory(world)
    world.end(
        file,  # type: ignore[arg-type]
        "partially_granted",
        motive_code=MOTIVE,
        lines=(
            LineVerdict(line_no=1, outcome=LineOutcome.ACCEPTED),
            LineVerdict(line_no=2, outcome=LineOutcome.REFUSED, motive_code=MOTIVE),
        ),
    )

    letter = world.session.exec(select(Letter).where(Letter.code == "partial_grant")).one()

    lines = letter.context["decision"]["lines"]
    assert [line["granted"] for line in lines] == ["150,00 DH", "0,00 DH"]
