"""Reassignment of many files: asked for once, done in chunks, explained, taken back in time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from assignment import reassignments, running
from assignment.explaining import TaskExplained, explain
from assignment.loads import reconcile_loads
from assignment.reassignments import Order, UndoExpired
from assignment.service import assign_waiting, find_waiting, load_doctors
from medcontrol import db as database
from medcontrol import journal
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import (
    Conflict,
    OutboxMessage,
    ReassignmentBatch,
    ReassignmentItem,
)
from medcontrol.policy import Principal
from medcontrol.queries.explanations import load_given
from medcontrol.vocabulary import BatchKind, BatchStatus, ItemStatus
from runtime.commands import assign as commands
from tests.integration.assignment_fund import (
    ACTOR,
    LONG_AGO,
    NOW,
    TODAY,
    actions,
    add_doctor,
    add_tasks,
    file_of,
    holder_of,
    insert,
    loads,
)

WHEN = {"now": NOW, "jurisdiction": "ma"}
ANNA = Principal(new_id(), "Anna", ())
BILAL = Principal(new_id(), "Bilal", ())


@pytest.fixture
def fund(open_fund):
    return open_fund


def ask(tasks, *, who=ANNA, batch_id=None, reason="workload", **target) -> UUID:
    order = Order(
        batch_id=batch_id or new_id(), kind=BatchKind.REASSIGN, target=target, reason=reason
    )
    wanted = tasks if isinstance(tasks, dict) else dict.fromkeys(tasks)
    with database.transaction() as session:
        return reassignments.request(session, order, wanted, principal=who, **WHEN).id


def run(batch_id: UUID, *, now=NOW, chunk=7) -> None:
    running.run_batch(batch_id, now=lambda: now, chunk=chunk)


def undo(batch_id: UUID, *, now=NOW, who=ANNA, new=None) -> UUID:
    with database.transaction() as session:
        made = reassignments.undo(session, new or new_id(), batch_id, principal=who, now=now).id
    run(made, now=now)
    return made


def items(batch_id: UUID) -> dict[UUID, ReassignmentItem]:
    with database.read_only() as session:
        found = session.exec(
            select(ReassignmentItem).where(ReassignmentItem.batch_id == batch_id)
        ).all()
    return {each.human_task_id: each for each in found}


def refusals(batch_id: UUID) -> set[tuple[str, ...]]:
    return {tuple(each.refusals) for each in items(batch_id).values()}


def given(number: int, **doctor) -> tuple[UUID, list[UUID]]:
    """A doctor who holds so many tasks."""
    with database.transaction() as session:
        doctor_id = add_doctor(session, **{"minutes": 480, **doctor})
        task_ids = add_tasks(session, number)
        assign_waiting(session, task_ids, actor=ACTOR, **WHEN)
    return doctor_id, task_ids


def hire(**values) -> UUID:
    with database.transaction() as session:
        return add_doctor(session, **{"minutes": 480, **values})


def holders(task_ids) -> list[UUID | None]:
    with database.read_only() as session:
        return [holder_of(session, each) for each in task_ids]


def state() -> tuple:
    """Loads, holders and places: what undoing has to bring back."""
    with database.read_only() as session:
        places = session.execute(
            sa.text(
                "SELECT t.id, t.assigned_doctor_id, t.agency_code, f.agency_code, f.region_code"
                " FROM human_task t JOIN control_file f ON f.id = t.control_file_id ORDER BY t.id"
            )
        ).all()
        return {k: v for k, v in loads(session).items() if v}, places


def test_a_batch_is_asked_for_at_once_and_moved_in_chunks(fund):
    source, task_ids = given(20)
    target = hire()

    batch_id = ask(task_ids, doctors=[str(target)])
    waiting = holders(task_ids)
    run(batch_id)
    run(batch_id)  # handed over twice

    assert waiting == [source] * 20
    assert holders(task_ids) == [target] * 20
    assert {each.status for each in items(batch_id).values()} == {ItemStatus.MOVED}
    with database.read_only() as session:
        batch = session.get_one(ReassignmentBatch, batch_id)
        assert (batch.status, batch.total, batch.requested_label) == (BatchStatus.DONE, 20, "Anna")
        assert [each.topic for each in session.exec(select(OutboxMessage))] == [reassignments.TOPIC]
        assert loads(session) == {source: 0, target: 200}
        facts = session.execute(
            sa.text("SELECT facts FROM journal_entry WHERE action = 'assignment.changed'")
        ).scalars()
        assert all(str(batch_id) in each for each in facts)
        assert journal.verify(session)[1] == []


def test_the_same_form_twice_is_one_batch_and_nobody_elses(fund):
    _, task_ids = given(3)
    target = hire()
    batch_id = ask(task_ids, doctors=[str(target)])

    assert ask(task_ids, batch_id=batch_id, doctors=[str(target)]) == batch_id
    assert len(items(batch_id)) == 3
    with pytest.raises(NotFound):
        ask(task_ids, batch_id=batch_id, who=BILAL, doctors=[str(target)])


def test_files_that_wait_in_another_batch_are_skipped_and_said(fund):
    _, task_ids = given(6)
    first, second = hire(), hire()
    one = ask(task_ids[:4], doctors=[str(first)])

    two = ask(task_ids[2:], doctors=[str(second)], who=BILAL)
    run(two)
    run(one)

    assert refusals(two) == {(), ("other_batch",)}
    assert holders(task_ids) == [first] * 4 + [second] * 2


def test_files_are_spread_evenly_but_over_one(fund):
    source, task_ids = given(30)
    others = [hire() for _ in range(3)]

    batch_id = ask(task_ids, doctors=[str(each) for each in others])
    run(batch_id)

    with database.read_only() as session:
        assert loads(session) == {source: 0, **dict.fromkeys(others, 100)}


def test_a_spread_over_holders_too_moves_only_what_evens_out(fund):
    source, task_ids = given(20)
    other = hire()

    batch_id = ask(task_ids, doctors=[str(source), str(other)])
    run(batch_id, chunk=500)

    with database.read_only() as session:
        assert loads(session) == {source: 100, other: 100}
    assert refusals(batch_id) == {(), ("unchanged",)}


def test_a_refused_file_says_why_and_goes_when_it_is_tried_again(fund):
    source, task_ids = given(4)
    target = hire(minutes=6)  # 30 points in five days

    batch_id = ask(task_ids, doctors=[str(target)])
    run(batch_id)
    refused = [key for key, each in items(batch_id).items() if each.refusals]
    with database.transaction() as session:
        session.execute(sa.text("UPDATE availability SET minutes = 60"))
        again = reassignments.retry(session, new_id(), batch_id, principal=ANNA, now=NOW).id
    run(again)

    assert refusals(batch_id) == {(), ("capacity:40",)}
    assert list(items(again)) == refused
    assert holders(task_ids) == [target] * 4
    with pytest.raises(InvalidInput), database.transaction() as session:
        reassignments.retry(session, new_id(), again, principal=ANNA, now=NOW)
    assert source not in holders(task_ids)


def test_undoing_gives_everything_back_where_it_was(fund):
    given(12)
    _, tasks = given(5)
    before = state()
    everything = [row[0] for row in before[1]]
    moved = ask(everything, pool="T-B1")
    run(moved)

    undone = undo(moved, now=NOW + timedelta(minutes=15))

    assert state() == before
    assert {each.status for each in items(moved).values()} == {ItemStatus.UNDONE}
    with database.read_only() as session:
        file_id = file_of(session, tasks[0])
        assert actions(session, file_id)[-2:] == ["assignment.changed"] * 2
        assert reconcile_loads_is_right(session)
        assert journal.verify(session)[1] == []
    assert undo(moved) == undone  # asked twice, done once


def explained(task_id: UUID) -> TaskExplained:
    with database.read_only() as session:
        [found] = explain(session, file_of(session, task_id), jurisdiction="ma", now=NOW)
    return found


def test_what_is_taken_back_has_the_reason_for_which_it_was_given_at_first(fund, capsys):
    nearer = hire()
    hire(unit="T-A2")
    _, [task] = given(1, unit="T-B1")
    before = explained(task)
    away = hire(unit="T-B1")
    later = NOW + timedelta(minutes=10)

    for hour in range(2):  # moved and taken back twice
        moved = ask([task], doctors=[str(away)])
        run(moved, now=NOW + timedelta(hours=hour))
        if hour == 0:
            commands._show(explained(task))
            by_hand = capsys.readouterr().out
            assert explained(task).chosen is None
        undo(moved, now=later + timedelta(hours=hour))
    after = explained(task)
    with database.read_only() as session:
        told = load_given(session, task)
    commands._show(after)

    assert before.first_given_at is None
    assert before.rule == after.rule == "cheapest"
    assert (after.chosen, after.others) == (before.chosen, before.others)
    assert after.chosen is not None
    assert after.chosen.doctor_id == nearer
    assert after.others
    assert (after.assigned_at, after.first_given_at) == (later + timedelta(hours=1), NOW)
    assert told is not None
    assert (told.rule, told.first_at, told.traits) == ("cheapest", NOW, ("near",))
    assert "a person chose this doctor, no costs were compared" in by_hand
    assert "taken back on 2026-03-02; the reason is of 2026-03-02" in capsys.readouterr().out


def reconcile_loads_is_right(session) -> bool:
    rows = session.execute(
        sa.text(
            "SELECT l.doctor_id FROM doctor_load l LEFT JOIN assignment a"
            " ON a.doctor_id = l.doctor_id AND a.ended_at IS NULL"
            " GROUP BY l.doctor_id, l.open_points"
            " HAVING l.open_points <> coalesce(sum(a.points), 0)"
        )
    )
    return rows.all() == []


def test_undoing_is_over_after_fifteen_minutes_and_only_ones_own(fund):
    _, task_ids = given(2)
    batch_id = ask(task_ids, pool="T-A2")
    run(batch_id)

    with pytest.raises(UndoExpired):
        undo(batch_id, now=NOW + timedelta(minutes=15, seconds=1))
    with pytest.raises(NotFound):
        undo(batch_id, who=BILAL)


def test_what_somebody_worked_on_since_is_not_taken_back_and_says_so(fund):
    source, task_ids = given(4)
    target = hire()
    batch_id = ask(task_ids, doctors=[str(target)])
    run(batch_id)
    with database.transaction() as session:
        ids = [file_of(session, each) for each in task_ids]
        journal.record(session, ids[0], "document.added", actor=ACTOR, now=NOW)
        journal.record(session, ids[1], "assignment.made", actor=ACTOR, now=NOW)
        read_by(session, target, ids[2])
        row = {"kind": "declared", "subject": "P-1", "valid_from": LONG_AGO}
        insert(session, Conflict, [{"id": new_id(), "doctor_id": source, **row}])
        session.execute(
            sa.text("UPDATE control_file SET prescriber_id = 'P-1' WHERE id = :id"), {"id": ids[3]}
        )

    undone = items(undo(batch_id))

    assert [tuple(undone[each].refusals) for each in task_ids] == [
        ("changed_since",), (), ("opened_since",), ("conflict:declared",),
    ]  # fmt: skip
    assert holders(task_ids) == [target, source, target, target]


def read_by(session: Session, doctor_id: UUID, file_id: UUID) -> None:
    user = new_id()
    session.execute(
        sa.text(
            "INSERT INTO user_account (id, login, name, language, shortcuts, doctor_id, is_active,"
            " failed_logins) VALUES (:id, :login, 'x', 'fr', true, :doctor, true, 0)"
        ),
        {"id": user, "login": str(user), "doctor": doctor_id},
    )
    session.execute(
        sa.text(
            "INSERT INTO access_log (id, at, user_id, control_file_id, what, purpose)"
            " VALUES (:id, :at, :user, :file, 'all', 'file_page')"
        ),
        {"id": new_id(), "at": NOW, "user": user, "file": file_id},
    )


def test_a_file_that_somebody_holds_is_tried_again_then_refused(fund, monkeypatch):
    monkeypatch.setattr(running, "PAUSE_SECONDS", 0)
    source, task_ids = given(3)
    target = hire()
    batch_id = ask(task_ids, doctors=[str(target)])

    with Session(fund) as other, other.begin():
        held = file_of(other, task_ids[0])
        other.execute(sa.text("SELECT 1 FROM control_file WHERE id = :id FOR UPDATE"), {"id": held})
        run(batch_id)

    assert holders(task_ids) == [source, target, target]
    assert refusals(batch_id) == {("locked",), ()}


def test_a_task_that_was_done_meanwhile_has_nothing_to_move(fund):
    _, task_ids = given(2)
    batch_id = ask(task_ids, pool="T-A2")
    with database.transaction() as session:
        session.execute(
            sa.text("UPDATE human_task SET status = 'done' WHERE id = :id"), {"id": task_ids[0]}
        )

    run(batch_id)

    assert tuple(items(batch_id)[task_ids[0]].refusals) == ("no_open_task",)
    assert items(batch_id)[task_ids[1]].status is ItemStatus.MOVED


def test_two_supervisors_and_a_round_of_the_engine_at_once_leave_one_holder_a_file(fund):
    """Must show 4 of assignment: whoever comes first, every refusal is explained."""
    # All of it fits into two days of the four, also when all of it lies in the pool at the end.
    doctors = [hire(minutes=90) for _ in range(4)]
    with database.transaction() as session:
        task_ids = add_tasks(session, 60)
        assign_waiting(session, task_ids[:30], actor=ACTOR, **WHEN)

    def supervisor(who: Principal, target: dict) -> UUID:
        with database.using(fund):
            batch_id = ask(task_ids, who=who, **target)
            run(batch_id, chunk=9)
            return batch_id

    def engine(_: int) -> None:
        with database.using(fund):
            for start in range(0, 60, 10):
                with database.transaction() as session:
                    waiting = find_waiting(session, "ma")[start : start + 10]
                    assign_waiting(session, waiting, actor=ACTOR, **WHEN)

    with ThreadPoolExecutor(4) as workers:
        asked = [
            workers.submit(supervisor, ANNA, {"doctors": [str(each) for each in doctors]}),
            workers.submit(supervisor, BILAL, {"pool": "T-A2"}),
        ]
        for each in [workers.submit(engine, n) for n in range(2)]:
            each.result()
        batches = [each.result() for each in asked]

    with database.transaction() as session:
        assign_waiting(session, find_waiting(session, "ma"), actor=ACTOR, **WHEN)
        assert None not in [holder_of(session, each) for each in task_ids]
        assert reconcile_loads(session) == []
        doctors_now = load_doctors(session, TODAY, "ma")
        assert all(each.open_points <= each.capacity_points for each in doctors_now)
        assert journal.verify(session)[1] == []
    for batch_id in batches:
        found = items(batch_id).values()
        assert len(found) == 60
        assert all((each.status is ItemStatus.MOVED) is not bool(each.refusals) for each in found)
