"""Sweeps find what is due, deal with each file on its own, and may run twice."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from assignment.service import find_waiting
from medcontrol.model import ControlFile, Deadline, FlowInstance, HumanTask, Schedule
from medcontrol.services import schedule
from medcontrol.vocabulary import ControlFileStatus, DeadlineStatus
from tests.factories import NOW, TODAY, make_control_file, make_doctor, make_task
from tests.flow_world import World, make_world
from workflows.commands import PieceAsked, hold
from workflows.sweeping import assign_pool, sweep_deadlines, wake_holds
from workflows.tools import Tools

LATER = NOW + timedelta(days=200)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def awaiting_pieces(world: World, number: int = 0) -> ControlFile:
    file = world.file(world.take(external_id=f"W-{number}"))
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="exams"),))
    world.session.commit()
    return file


def test_clocks_that_ran_out_fire_once_and_the_file_goes_on(world: World) -> None:
    file = awaiting_pieces(world)

    early = sweep_deadlines(world.tools, now=at(NOW))
    first = sweep_deadlines(world.tools, now=at(LATER))
    again = sweep_deadlines(world.tools, now=at(LATER))

    assert (early.done, again.done, first.failed) == (0, 0, 0)
    assert first.done >= 2  # the reminder and the limit
    world.session.refresh(file)
    assert file.status is not ControlFileStatus.AWAITING_COMPLETION
    running = select(Deadline).where(
        Deadline.status == DeadlineStatus.RUNNING, Deadline.due_at <= LATER
    )
    assert world.session.exec(running).all() == []


def test_a_file_that_can_not_move_does_not_stop_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = awaiting_pieces(world, 1), awaiting_pieces(world, 2)
    world.session.execute(
        sa.update(FlowInstance)
        .where(col(FlowInstance.control_file_id) == broken.id)
        .values(state="{}")
    )
    world.session.commit()

    result = sweep_deadlines(world.tools, now=at(LATER))

    assert result.failed > 0
    failed = {record.control_file_id for record in caplog.records}  # type: ignore[attr-defined]
    assert failed == {str(broken.id)}
    world.session.refresh(whole)
    world.session.refresh(broken)
    assert whole.status is not ControlFileStatus.AWAITING_COMPLETION
    assert broken.status is ControlFileStatus.AWAITING_COMPLETION


def test_a_sweep_goes_page_by_page_and_keeps_to_its_limit(world: World) -> None:
    for number in range(3):
        awaiting_pieces(world, number)
    due = select(Deadline.id).where(
        Deadline.status == DeadlineStatus.RUNNING, Deadline.due_at <= LATER
    )
    before = len(world.session.exec(due).all())

    result = sweep_deadlines(world.tools, now=at(LATER), limit=2)

    assert before > 2
    assert result.done == 2


def test_a_hold_ends_on_its_day_and_not_before(world: World) -> None:
    file = world.file(world.take())
    task = world.task(file)
    hold(
        world.session, world.tools, task.id, until=date(2026, 11, 25), reason="opinion",
        expected_version=None, principal=world.who(task), now=NOW,
    )  # fmt: skip
    world.session.commit()

    early = wake_holds(world.tools, now=at(NOW + timedelta(days=4)))
    due = wake_holds(world.tools, now=at(NOW + timedelta(days=6)))
    again = wake_holds(world.tools, now=at(NOW + timedelta(days=6)))

    assert (early.done, due.done, again.done) == (0, 1, 0)
    assert world.task(file).held_until is None
    assert "woken" in world.task(file).signals


def test_tasks_in_nobodys_hands_get_a_doctor_when_there_is_one(db: Session) -> None:
    tasks = [make_task(db, make_control_file(db), unassigned_reason="old") for _ in range(3)]
    db.commit()
    nobody = assign_pool("ma", now=at(NOW))
    doctor = make_doctor(db)
    db.commit()

    result = assign_pool("ma", now=at(NOW), chunk=2)

    assert (nobody.assigned, nobody.unassigned) == (0, 3)
    assert (result.assigned, result.unassigned) == (3, 0)
    for task in tasks:
        db.refresh(task)
        assert task.assigned_doctor_id == doctor.id
    assert find_waiting(db, "ma") == []


@pytest.mark.parametrize(
    ("ran", "now", "is_due"),
    [
        (None, "2026-11-20T12:00:00+01:00", True),
        ("2026-11-20T02:00:00+01:00", "2026-11-20T23:00:00+01:00", False),
        ("2026-11-20T01:59:00+01:00", "2026-11-20T02:00:00+01:00", True),
        ("2026-11-20T03:00:00+01:00", "2026-11-21T01:59:00+01:00", False),
        ("2026-11-17T03:00:00+01:00", "2026-11-20T01:00:00+01:00", True),
    ],
)
def test_a_nightly_job_is_due_once_a_night_also_after_days_of_sleep(
    db: Session, ran: str | None, now: str, is_due: bool
) -> None:
    if ran is not None:
        schedule.note_run(db, "nightly", {"n": 1}, now=datetime.fromisoformat(ran))

    found = schedule.is_due_daily(
        db, "nightly", at=time(2, 0), now=datetime.fromisoformat(now), jurisdiction="ma"
    )

    assert found is is_due


def test_only_the_last_run_of_a_job_is_kept(db: Session) -> None:
    schedule.note_run(db, "job", {"done": 1}, now=NOW)
    schedule.note_run(db, "job", {"done": 2}, now=NOW + timedelta(hours=1))

    row = db.exec(select(Schedule)).one()

    assert (row.last_result, row.last_run_at) == ({"done": 2}, NOW + timedelta(hours=1))
    assert schedule.last_run(db, "job") == row.last_run_at


def test_held_tasks_and_files_of_today_are_left_alone(db: Session, tools: Tools) -> None:
    task = make_task(
        db, make_control_file(db, received_on=TODAY), held_until=LATER, hold_reason="opinion"
    )
    db.commit()

    wake_holds(tools, now=at(NOW))

    assert db.get_one(HumanTask, task.id, populate_existing=True).held_until == LATER
