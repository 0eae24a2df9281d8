"""Leave: entered, moved, taken back, handed over; files in hand never stand in the way."""

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given as examples
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from assignment import levers, reassignments, running
from assignment.absences import AbsencesOverlap, By, announce, cancel, change
from assignment.handover import Proposal, propose
from assignment.reassignments import Order
from assignment.service import load_doctors
from medcontrol import db as database
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Absence, DoctorChange
from medcontrol.policy import Principal
from medcontrol.vocabulary import AbsenceKind, AbsenceStatus, BatchKind
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

BY = By(None, NOW, TODAY)
ANNA = Principal(new_id(), "Anna", ())
FRIDAY = TODAY + timedelta(days=4)


@pytest.fixture
def fund(db):
    add_units(db)
    return db


def leave(session: Session, doctor_id: UUID, first: date, last: date, **more) -> Absence:
    return announce(
        session, doctor_id, first_day=first, last_day=last, reason="leave", by=BY, **more
    )


def proposal(session: Session, absence: Absence, colleagues) -> Proposal:
    return propose(session, absence, colleagues, jurisdiction="ma", now=NOW)


def test_leave_is_entered_whatever_the_doctor_has_in_hand(fund):
    doctor_id = add_doctor(fund, minutes=480)
    assign(fund, *add_tasks(fund, 5))

    sick = leave(fund, doctor_id, TODAY, FRIDAY)
    planned = leave(fund, doctor_id, FRIDAY + timedelta(days=3), FRIDAY + timedelta(days=9))

    assert (sick.kind, planned.kind) == (AbsenceKind.UNPLANNED, AbsenceKind.PLANNED)
    assert (sick.status, sick.entered_at) == (AbsenceStatus.ANNOUNCED, NOW)
    [doctor] = load_doctors(fund, TODAY, "ma", ids=[doctor_id])
    assert doctor.capacity_points == 0
    assert [each.what for each in fund.exec(select(DoctorChange))] == ["absences"] * 2


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [(0, -1, "last_day"), (-40, 0, "first_day"), (800, 801, "first_day"), (1, 800, "last_day")],
)
def test_days_that_make_no_sense_are_refused(fund, first, last, field):
    doctor_id = add_doctor(fund)

    with pytest.raises(InvalidInput) as refused:
        leave(fund, doctor_id, TODAY + timedelta(days=first), TODAY + timedelta(days=last))

    assert refused.value.field == field


def test_absences_of_one_doctor_share_no_day(fund):
    first, second = add_doctor(fund), add_doctor(fund)
    leave(fund, first, TODAY, FRIDAY)

    leave(fund, second, TODAY, FRIDAY)
    with pytest.raises(AbsencesOverlap):
        leave(fund, first, FRIDAY, FRIDAY + timedelta(days=1))
    with pytest.raises(NotFound):
        leave(fund, new_id(), TODAY, FRIDAY)


def test_an_absence_is_shortened_extended_and_taken_back(fund):
    doctor_id = add_doctor(fund)
    absence = leave(fund, doctor_id, TODAY - timedelta(days=1), FRIDAY)
    absence.status = AbsenceStatus.HANDED_OVER

    shorter = change(
        fund, absence.id, first_day=absence.first_day, last_day=FRIDAY - timedelta(1), by=BY
    )
    assert shorter.status is AbsenceStatus.HANDED_OVER
    longer = change(
        fund, absence.id, first_day=absence.first_day, last_day=FRIDAY + timedelta(7), by=BY
    )
    assert longer.status is AbsenceStatus.ANNOUNCED
    with pytest.raises(InvalidInput, match="begun"):
        change(fund, absence.id, first_day=TODAY, last_day=FRIDAY, by=BY)
    cancel(fund, absence.id, by=BY)
    assert absence.last_day == TODAY - timedelta(days=1)
    to_come = leave(fund, doctor_id, FRIDAY, FRIDAY)
    cancel(fund, to_come.id, by=BY)
    assert [each.id for each in fund.exec(select(Absence))] == [absence.id]
    assert len(fund.exec(select(DoctorChange)).all()) == 6


def test_only_what_is_due_meanwhile_is_proposed_to_colleagues_who_may_have_it(fund):
    away = add_doctor(fund, minutes=480)
    late, soon, after = (add_tasks(fund, 1, due_in_days=n)[0] for n in (-1, 3, 6))
    assign(fund, late, soon, after)
    near = add_doctor(fund, minutes=480)
    far = add_doctor(fund, minutes=480, unit="T-B1")
    unable = add_doctor(fund, competences=("dental",))

    made = proposal(fund, leave(fund, away, TODAY, FRIDAY), [away, near, far, unable])

    assert [row.task.id for row in made.rows] == [late, soon]
    assert all(row.is_proposed and row.to == near for row in made.rows)
    assert {row.offered for row in made.rows} == {(near, far)}
    assert made.staying == 1
    assert [(each.doctor_id, each.before, each.after) for each in made.loads] == [(near, 0, 20)]


def test_before_a_planned_leave_the_doctor_still_does_what_is_due_until_then(fund):
    away = add_doctor(fund, minutes=480)
    before, during = (add_tasks(fund, 1, due_in_days=n)[0] for n in (1, 4))
    assign(fund, before, during)
    near = add_doctor(fund, minutes=480)

    made = proposal(fund, leave(fund, away, FRIDAY, FRIDAY + timedelta(days=7)), [near])

    assert [row.task.id for row in made.rows] == [during]


def test_before_a_planned_leave_nothing_new_is_given_and_the_queue_runs_empty(fund):
    leaving, staying = add_doctor(fund, minutes=480), add_doctor(fund, unit="T-B1", minutes=480)
    [held] = add_tasks(fund, 1)
    assign(fund, held)
    leave(fund, leaving, TODAY + timedelta(days=2), FRIDAY)

    [new] = add_tasks(fund, 1)
    assign(fund, new)

    assert (holder_of(fund, held), holder_of(fund, new)) == (leaving, staying)
    levers.set_lever(fund, "drain_days", 1, valid_from=TODAY, who=None, why="test", now=NOW)
    [later] = add_tasks(fund, 1)
    assign(fund, later)
    assert holder_of(fund, later) == leaving


def test_opened_files_are_frozen_and_nothing_moves_twice_in_five_days(fund):
    away, near = add_doctor(fund, minutes=480), add_doctor(fund, unit="T-A2", minutes=480)
    opened, settling, held, free = add_tasks(fund, 4, due_in_days=2)
    assign(fund, opened, settling, held, free)
    assert {holder_of(fund, each) for each in (opened, settling, held, free)} == {away}
    read_by(fund, away, file_of(fund, opened))
    fund.execute(
        sa.text("UPDATE assignment SET mode = 'repair' WHERE human_task_id = :id"), {"id": settling}
    )
    fund.execute(
        sa.text(
            "UPDATE human_task SET held_until = :day, hold_reason = 'x', due_at = :due"
            " WHERE id = :id"
        ),
        {"id": held, "day": NOW + timedelta(days=9), "due": NOW + timedelta(days=2)},
    )

    rows = {
        row.task.id: row for row in proposal(fund, leave(fund, away, TODAY, FRIDAY), [near]).rows
    }

    assert set(rows) == {opened, settling, free}
    assert rows[opened].is_opened
    assert rows[settling].is_settling
    assert [key for key, row in rows.items() if row.is_proposed] == [free]


def test_a_proposal_keeps_to_the_move_budget_and_names_who_was_found_for_nothing(fund):
    away, near = add_doctor(fund, minutes=480), add_doctor(fund, unit="T-A2", minutes=480)
    tasks = add_tasks(fund, 3, due_in_days=2)
    assign(fund, *tasks)
    levers.set_lever(fund, "move_budget", 2, valid_from=TODAY, who=None, why="test", now=NOW)
    absence = leave(fund, away, TODAY, FRIDAY)

    made = proposal(fund, absence, [near])
    nobody = proposal(fund, absence, [])

    assert [row.is_proposed for row in made.rows] == [True, True, False]
    assert [row.is_extra for row in made.rows] == [False, False, True]
    assert {(row.to, row.offered) for row in nobody.rows} == {(None, ())}


def test_what_is_accepted_moves_once_and_comes_back_to_nobody_twice(open_fund):
    with database.transaction() as session:
        away, near = add_doctor(session, minutes=480), add_doctor(session, unit="T-A2", minutes=480)
        tasks = add_tasks(session, 4, due_in_days=2)
        assign(session, *tasks)
        absence = leave(session, away, TODAY, FRIDAY)
        made = proposal(session, absence, [near])
        wanted = {row.task.id: row.to for row in made.rows[:3]}
        order = Order(
            batch_id=new_id(), kind=BatchKind.HANDOVER, target={}, reason="absence",
            absence_id=absence.id,
        )  # fmt: skip
        batch = reassignments.request(
            session, order, wanted, principal=ANNA, jurisdiction="ma", now=NOW
        )
    running.run_batch(batch.id, now=lambda: NOW)

    with database.transaction() as session:
        assert loads(session) == {away: 10, near: 30}
        cancel(session, absence.id, by=BY)
        again = leave(session, near, TODAY, FRIDAY)
        rows = proposal(session, again, [away]).rows
        assert [row.is_settling for row in rows] == [True] * 3
        assert not any(row.is_proposed for row in rows)
        assert loads(session) == {away: 10, near: 30}


DAYS = st.integers(min_value=-20, max_value=60)


@examples(st.lists(st.tuples(DAYS, st.integers(0, 15)), min_size=1, max_size=12))
@hypothesis_settings(max_examples=15)
def test_however_leave_is_entered_no_day_is_taken_twice(engine, spans):
    with engine.connect() as connection, connection.begin() as outer:
        session = Session(connection, join_transaction_mode="create_savepoint")
        add_units(session)
        doctor_id = add_doctor(session)
        taken: set[date] = set()
        for start, length in spans:
            first = TODAY + timedelta(days=start)
            days = {first + timedelta(days=n) for n in range(length + 1)}
            try:
                leave(session, doctor_id, first, max(days))
            except AbsencesOverlap:
                assert days & taken
            else:
                assert not days & taken
                taken |= days
        [doctor] = load_doctors(session, TODAY, "ma", ids=[doctor_id])
        assert doctor.absent_on >= {day for day in taken if TODAY <= day < TODAY + timedelta(5)}
        session.close()
        outer.rollback()
