"""Every door by which an appeal could reach somebody of the contested decision."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from assignment.batch import plan
from assignment.calendar import HORIZON_DAYS, horizon
from assignment.checker import check
from assignment.loading_doctors import load_doctors
from assignment.loading_tasks import load_tasks
from assignment.scoring import Weights
from assignment.service import Reassign, ToDoctor, ToPool, claim_next, reassign
from medcontrol import db as database
from medcontrol import journal
from medcontrol.errors import NotTheAssignedDoctor
from medcontrol.model import ControlFile, DoctorLoad, DoctorSuperior
from medcontrol.vocabulary import ControlLevel, Role
from tests.adjacent_world import AdjacentWorld, make_adjacent_world
from workflows.commands import CompleteStep, complete_step
from workflows.linked.appeals import AppealPending
from workflows.tools import Tools

ACTOR = journal.SYSTEM


@pytest.fixture
def world(db: Session, tools: Tools) -> AdjacentWorld:
    return make_adjacent_world(db, tools)


def contested(world: AdjacentWorld) -> tuple[ControlFile, dict[str, object]]:
    """An appeal against what three doctors had a part in: all of the region but one."""
    author = world.doctor_at(ControlLevel.REGIONAL, "MA-06", Role.DOCTOR)
    chief = world.doctor_at(ControlLevel.REGIONAL, "MA-06", Role.COORDINATOR)
    free = world.doctor_at(ControlLevel.REGIONAL, "MA-06", Role.DOCTOR)
    since = world.now.date() - timedelta(days=400)
    world.session.add(DoctorSuperior(doctor_id=author.id, superior_id=chief.id, valid_from=since))
    file = world.file(world.take())
    task = world.task(file)
    give(world, file, author.id)
    world.session.expire_all()
    assert world.task(file).assigned_doctor_id == author.id
    world.end(file, "refused_medical", motive_code="med.not_justified")
    world.now += timedelta(hours=1)
    appeal = world.appeal(file)
    assert task.id
    return appeal, {"author": author, "chief": chief, "free": free}


def give(world: AdjacentWorld, file: ControlFile, doctor_id: object, *, dry: bool = False):
    return reassign(
        world.session,
        Reassign(
            file_ids=(file.id,), target=ToDoctor(doctor_id), reason="workload", is_dry_run=dry
        ),
        now=world.now, jurisdiction="ma", actor=ACTOR,
    )  # fmt: skip


def to_pool(world: AdjacentWorld, appeal: ControlFile) -> None:
    reassign(
        world.session,
        Reassign(file_ids=(appeal.id,), target=ToPool("MA-06"), reason="workload"),
        now=world.now, jurisdiction="ma", actor=ACTOR,
    )  # fmt: skip
    world.session.expire_all()


def test_it_is_given_to_neither_author_nor_superior(world):
    appeal, who = contested(world)
    world.admit(appeal)
    barred = {who["author"].id, who["chief"].id}
    assert world.task(appeal).assigned_doctor_id not in barred | {None}


def test_a_supervisor_cant_give_it_to_them_by_hand_nor_in_bulk(world):
    appeal, who = contested(world)
    world.admit(appeal)
    before = world.task(appeal).assigned_doctor_id
    for name in ("author", "chief"):
        for dry in (True, False):
            (result,) = give(world, appeal, who[name].id, dry=dry).files
            assert "exclusion" in str(result.refused)
    world.session.expire_all()
    assert world.task(appeal).assigned_doctor_id == before


def test_they_cant_claim_it_from_the_pool(world):
    appeal, who = contested(world)
    world.admit(appeal)
    to_pool(world, appeal)
    task = world.task(appeal)
    assert task.assigned_doctor_id is None
    for name in ("author", "chief"):
        got = claim_next(world.session, who[name].id, now=world.now, jurisdiction="ma", actor=ACTOR)
        assert got is None
    got = claim_next(world.session, who["free"].id, now=world.now, jurisdiction="ma", actor=ACTOR)
    assert got is not None
    assert got.id == task.id


def test_a_batch_leaves_it_in_the_pool_when_nobody_else_is_there_and_its_checker_agrees(world):
    appeal, who = contested(world)
    world.admit(appeal)
    to_pool(world, appeal)
    tasks = load_tasks(world.session, [world.task(appeal).id])
    today = world.now.date()
    days = horizon(world.session, today, "ma")[:HORIZON_DAYS]
    barred = [who["author"].id, who["chief"].id]
    doctors = load_doctors(world.session, today, "ma", ids=barred, days=days)
    assert len(doctors) == 2
    assert plan(tasks, doctors, Weights(), days=days).assignments == ()

    everyone = load_doctors(world.session, today, "ma", days=days)
    made = plan(tasks, everyone, Weights(), days=days)
    assert made.assignments[0].doctor_id not in barred
    assert check(made, tasks, everyone, days) == []


def test_they_cant_end_its_step_even_when_they_know_its_number(world):
    appeal, who = contested(world)
    world.admit(appeal)
    command = CompleteStep(
        task_id=world.task(appeal).id, expected_version=None, outcome="overturned"
    )
    for name in ("author", "chief"):
        with pytest.raises(NotTheAssignedDoctor):
            complete_step(
                world.session, world.tools, command, principal=world.by_doctor[who[name].id],
                now=world.now,
            )  # fmt: skip


def test_a_commission_is_its_members_alone_at_every_door(world):
    appeal, who = contested(world)
    world.admit(appeal)
    examiner = world.task(appeal).assigned_doctor_id
    world.end(appeal, "to_commission")
    members = [world.doctor_at(ControlLevel.REGIONAL, "MA-04", Role.COORDINATOR) for _ in range(3)]
    at = (world.now + timedelta(days=20)).isoformat()
    form = {"hearing_at": at, "place": "Salle 4", "members": [str(each.id) for each in members]}
    world.end(appeal, "booked", form=form)
    from workflows.sweeping import sweep_deadlines

    world.now += timedelta(days=21)
    sweep_deadlines(world.tools, now=lambda: world.now)
    world.session.refresh(appeal)
    assert world.task(appeal).assigned_doctor_id in {each.id for each in members}
    for doctor_id in (examiner, who["author"].id, who["chief"].id):
        (result,) = give(world, appeal, doctor_id).files
        assert "exclusion" in str(result.refused)
    (moved,) = give(world, appeal, members[2].id).files
    assert moved.refused == ()


def test_two_registrations_at_once_give_one_appeal(committed: sa.Engine, tools: Tools) -> None:
    with database.transaction() as session:
        from medcontrol.services.reference import load_reference_data

        load_reference_data(session, "ma")
        world = make_adjacent_world(session, tools)
    taken = world.take()
    with database.transaction() as session:
        world.session = session
        file = world.file(taken)
        world.end(file, "refused_medical", motive_code="med.not_justified")
        world.now += timedelta(hours=1)
        file_id, secretary, now = file.id, world.secretary, world.now
    gate, outcomes = threading.Barrier(2), []

    def register() -> None:
        with database.using(committed):
            gate.wait()
            try:
                with database.transaction() as session:
                    again = AdjacentWorld(
                        session, tools, None, None, None, {}, None, now  # type: ignore[arg-type]
                    )  # fmt: skip
                    again.secretary = secretary
                    again.appeal(session.get_one(ControlFile, file_id))
                outcomes.append("registered")
            except AppealPending:
                outcomes.append("pending")

    _together([register, register])
    assert sorted(outcomes) == ["pending", "registered"]
    with database.read_only() as session:
        found = session.exec(select(ControlFile).where(ControlFile.parent_id == file_id)).all()
        assert len(found) == 1
        assert session.exec(select(DoctorLoad)).first() is not None


def _together(work: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=each) for each in work]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
