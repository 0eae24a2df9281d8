"""Even loads in the database: who may give and get, what stays, what becomes of a proposal."""

import pytest
import sqlalchemy as sa

from assignment import levers, reassignments, rebalancing, running
from assignment.reassignments import Order
from medcontrol import db as database
from medcontrol.ids import new_id
from medcontrol.policy import Principal
from medcontrol.vocabulary import BatchKind
from tests.integration.assignment_fund import (
    NOW,
    TODAY,
    add_doctor,
    add_tasks,
    add_units,
    file_of,
    holder_of,
    loads,
)
from tests.integration.test_assignment_service import assign
from tests.integration.test_reassignments import read_by

ANNA = Principal(new_id(), "Anna", ())


@pytest.fixture
def fund(db):
    add_units(db)
    return db


def propose(session, doctors, **more):
    return rebalancing.propose(session, doctors, jurisdiction="ma", now=NOW, **more)


def busy_and_idle(session):
    """A doctor who was given two days' work of five, and one who came afterwards."""
    busy = add_doctor(session, minutes=60)
    tasks = add_tasks(session, 12)
    assign(session, *tasks)
    return busy, add_doctor(session, minutes=60), tasks


def test_files_pass_to_who_came_later_and_what_was_opened_stays(fund):
    busy, idle, tasks = busy_and_idle(fund)
    opened = [file_of(fund, task) for task in tasks[:3]]
    for file_id in opened:
        read_by(fund, busy, file_id)

    found = propose(fund, [busy, idle])

    assert (found.before, found.opened) == (0.4, 3)
    assert not found.is_even
    assert found.after <= found.bound + found.threshold
    assert {(each.from_doctor, each.to_doctor) for each in found.moves} == {(busy, idle)}
    assert not {each.task.control_file_id for each in found.moves} & set(opened)
    changes = {load.doctor_id: load.after - load.before for load in found.loads}
    assert changes[busy] == -changes[idle] == -sum(each.task.points for each in found.moves)
    assert set(found.references) == {each.task.id for each in found.moves}


def test_the_budget_the_gap_and_what_somebody_may_move_are_kept(fund):
    busy, idle, tasks = busy_and_idle(fund)

    def lever(name, value):
        levers.set_lever(fund, name, value, valid_from=TODAY, who=None, why="test", now=NOW)

    lever("move_budget", 2)
    few = propose(fund, [busy, idle])
    only = propose(fund, [busy, idle], only=tasks[:4])
    nobody = propose(fund, [busy])
    lever("balance_gap", 40)
    patient = propose(fund, [busy, idle])

    assert len(few.moves) == 2
    assert len(only.moves) == 2
    assert {each.task.id for each in only.moves} < set(tasks[:4])
    assert (nobody.moves, patient.moves) == ((), ())


def test_what_is_on_hold_stays(fund):
    busy, idle, _ = busy_and_idle(fund)
    fund.execute(
        sa.text("UPDATE human_task SET held_until = :day, hold_reason = 'expertise'"),
        {"day": NOW},
    )

    found = propose(fund, [busy, idle])

    assert (found.moves, found.elsewhere) == ((), 12)


def test_what_is_accepted_moves_once_settles_and_is_taken_back_whole(committed):
    with database.transaction() as session:
        add_units(session)
        busy, idle, tasks = busy_and_idle(session)
        before = loads(session)
        found = propose(session, [busy, idle])
        order = Order(
            batch_id=new_id(), kind=BatchKind.REASSIGN, target={"doctors": [str(idle)]},
            reason="workload",
        )  # fmt: skip
        wanted = {each.task.id: each.to_doctor for each in found.moves}
        batch = reassignments.request(
            session, order, wanted, principal=ANNA, jurisdiction="ma", now=NOW
        )
        waiting = propose(session, [busy, idle])
        batch_id = batch.id
    running.run_batch(batch_id, now=lambda: NOW)
    with database.transaction() as session:
        moved = {task for task in tasks if holder_of(session, task) == idle}
        again = propose(session, [busy, idle])
        undo = reassignments.undo(session, new_id(), batch_id, principal=ANNA, now=NOW).id
    running.run_batch(undo, now=lambda: NOW)

    assert waiting.elsewhere == len(found.moves)  # they wait in the reassignment
    assert moved == set(wanted)
    assert (again.moves, again.settling) == ((), len(found.moves))
    with database.read_only() as session:
        assert {holder_of(session, task) for task in tasks} == {busy}
        assert loads(session)[busy] == before[busy]
