"""Assigning in the database: facts read, capacity kept, one open assignment a task."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from assignment.calendar import HORIZON_DAYS, horizon
from assignment.facts import Constraint
from assignment.loads import lock_loads, reconcile_loads
from assignment.reasons import Rule
from assignment.service import (
    Reassign,
    ToDoctor,
    ToPool,
    assign_tasks,
    assign_waiting,
    claim_next,
    find_waiting,
    load_doctors,
    load_tasks,
    reassign,
    release,
)
from medcontrol import journal
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Absence, AnnouncedDay, Conflict, Entitlement
from medcontrol.vocabulary import AssignmentMode, ControlLevel, Jurisdiction, StepKind
from tests.integration.assignment_fund import (
    ACTOR,
    LONG_AGO,
    NOW,
    TODAY,
    actions,
    add_doctor,
    add_opinion,
    add_task,
    add_tasks,
    add_units,
    file_of,
    holder_of,
    insert,
    loads,
)

WHEN = {"now": NOW, "jurisdiction": "ma", "actor": ACTOR}


@pytest.fixture
def fund(db):
    add_units(db)
    return db


def assign(session, *task_ids, **options):
    return assign_tasks(session, load_tasks(session, task_ids), **WHEN, **options)


# Facts


def test_a_doctor_is_read_with_capacity_absences_conflicts_and_place(fund):
    doctor_id = add_doctor(fund, competences=("ald", "dental/first"), professional_id="P-9")
    days = horizon(fund, TODAY, "ma")
    leave = {"doctor_id": doctor_id, "first_day": days[0], "last_day": days[1], "reason": "leave"}
    insert(fund, Absence, [{"id": new_id(), **leave}])
    conflict = {"doctor_id": doctor_id, "kind": "relative", "subject": "42"}
    insert(fund, Conflict, [{"id": new_id(), **conflict, "valid_from": LONG_AGO}])

    [doctor] = load_doctors(fund, TODAY, "ma", ids=[doctor_id])

    assert (doctor.agency, doctor.region) == ("T-A1", "T-R1")
    assert doctor.competences == {"ald", "dental/first"}
    assert doctor.capacity_points == 60 * (HORIZON_DAYS - 2)
    assert doctor.absent_on == set(days[:2])
    assert doctor.conflicts == (("relative", "42"),)
    assert (doctor.professional_id, doctor.open_points) == ("P-9", 0)


def test_only_doctors_of_the_flow_and_of_the_jurisdiction_are_read(fund):
    dentist = add_doctor(fund, competences=("dental",))
    add_doctor(fund)

    found = load_doctors(fund, TODAY, "ma", flows=["dental"])

    assert [doctor.id for doctor in found] == [dentist]
    assert load_doctors(fund, TODAY, "lu", ids=[dentist]) == []


def test_the_horizon_leaves_out_weekends_and_announced_days(fund):
    tuesday = TODAY + timedelta(1)
    off = {"jurisdiction": Jurisdiction.MA, "day": tuesday, "is_holiday": True, "name": "x"}
    insert(fund, AnnouncedDay, [off])

    days = horizon(fund, TODAY, "ma")

    assert len(days) == HORIZON_DAYS
    assert days[0] == TODAY
    assert tuesday not in days
    assert all(day.weekday() < 5 for day in days)


def test_continuity_prefers_who_granted_the_right_that_is_reviewed(fund):
    first, second = add_doctor(fund), add_doctor(fund)
    right = {
        "id": new_id(),
        "number": "E-1",
        "jurisdiction": Jurisdiction.MA,
        "flow": "ald",
        "registration_number": "7",
        "family_name": "N",
        "given_name": "N",
        "birth_date": LONG_AGO,
        "agency_code": "T-A1",
        "valid_from": LONG_AGO,
        "status": "active",
        "previous_doctor_id": second,
        "granted_at": NOW,
    }
    insert(fund, Entitlement, [right])

    [made] = assign(fund, add_task(fund, entitlement_id=right["id"])).assignments

    assert first != second
    assert made.doctor_id == second
    assert made.why.chosen.continuity < 0


def test_a_renewal_goes_back_to_who_gave_an_opinion_on_the_same_person_before(fund):
    add_doctor(fund)
    known = add_doctor(fund)
    earlier = add_task(fund, registration_number="900000001")
    add_opinion(fund, file_of(fund, earlier), known)

    [task] = load_tasks(fund, [add_task(fund, registration_number="900000001")])

    assert task.previous_doctor == known


def test_a_second_opinion_is_never_given_by_who_gave_the_first(fund):
    author = add_doctor(fund, level=ControlLevel.REGIONAL)
    task_id = add_task(fund, kind=StepKind.SECOND_DOCTOR)
    add_opinion(fund, file_of(fund, task_id), author)

    [left] = assign(fund, task_id).unassigned

    assert left.task.excluded == {author: "earlier_opinion"}
    assert left.removed[Constraint.EXCLUSION] == 1


def test_the_author_of_a_contested_opinion_gets_no_appeal_against_it(fund):
    author, other = add_doctor(fund), add_doctor(fund)
    contested = file_of(fund, add_task(fund))
    add_opinion(fund, contested, author)

    task_id = add_task(fund, parent_id=contested)
    assign(fund, task_id)

    assert holder_of(fund, task_id) == other


# Assigning


@pytest.mark.parametrize("number", [1, 12, 60])
def test_an_assignment_stands_in_task_file_load_and_journal(fund, number):
    doctor_id = add_doctor(fund, minutes=300)
    task_ids = add_tasks(fund, number)

    plan = assign(fund, *task_ids)

    assert {each.doctor_id for each in plan.assignments} == {doctor_id}
    assert loads(fund) == {doctor_id: 10 * number}
    assert {holder_of(fund, task_id) for task_id in task_ids} == {doctor_id}
    assert actions(fund, file_of(fund, task_ids[0])) == ["assignment.made"]
    why = fund.execute(sa.text("SELECT why FROM assignment LIMIT 1")).scalar_one()
    assert why["chosen"]["doctor"] == str(doctor_id)


@pytest.mark.parametrize("number", [4, 40])
def test_what_does_not_fit_waits_in_the_pool_and_says_why(fund, number):
    doctor_id = add_doctor(fund, minutes=5 * number)  # given ahead: two days of it
    task_ids = add_tasks(fund, number, points=20)

    plan = assign(fund, *task_ids)

    assert loads(fund) == {doctor_id: 10 * number}
    assert len(plan.assignments) == len(plan.unassigned) == number / 2
    reasons = fund.execute(sa.text("SELECT DISTINCT unassigned_reason FROM human_task")).scalars()
    assert set(reasons) == {None, "capacity:1"}
    assert set(find_waiting(fund, "ma")) == {left.task.id for left in plan.unassigned}


def test_a_file_that_nobody_may_have_names_the_constraints(fund):
    add_doctor(fund, professional_id="P-1")
    add_doctor(fund, unit="T-B1", competences=("ald/renewal",))
    task_id = add_task(fund, prescriber_id="P-1")

    assign(fund, task_id)

    assert holder_of(fund, task_id) is None
    reason = fund.execute(sa.text("SELECT unassigned_reason FROM human_task")).scalar_one()
    assert reason == "competence:1 conflict:1"


def test_the_pool_is_served_when_a_doctor_comes_by_unit(fund):
    here, there = add_task(fund), add_task(fund, agency="T-B1", region="T-R2")
    assign(fund, here, there)
    doctor_id = add_doctor(fund)

    waiting = find_waiting(fund, "ma", region="T-R1")
    assign_waiting(fund, waiting, **WHEN)

    assert waiting == [here]
    assert holder_of(fund, here) == doctor_id
    assert find_waiting(fund, "ma", agency="T-B1") == [there]


def test_a_task_that_was_taken_meanwhile_is_not_assigned_again(fund):
    doctor_id = add_doctor(fund)
    task_id = add_task(fund)
    tasks = load_tasks(fund, [task_id])
    assign_tasks(fund, tasks, **WHEN)

    with pytest.raises((RuntimeError, sa.exc.IntegrityError)), fund.begin_nested():
        assign_tasks(fund, tasks, **WHEN)

    assert loads(fund) == {doctor_id: 10}


def test_the_next_step_stays_with_who_just_worked_on_the_file(fund):
    add_doctor(fund)
    holder = add_doctor(fund, unit="T-A2")
    task_id = add_task(fund)

    [made] = assign(fund, task_id, holder=holder).assignments

    assert holder_of(fund, task_id) == holder
    assert made.why.rule is Rule.KEPT


@pytest.mark.parametrize("change", [{"minutes": 1}, {"competences": ("dental",)}])
def test_the_next_step_goes_elsewhere_when_the_holder_may_not_have_it(fund, change):
    other = add_doctor(fund)
    holder = add_doctor(fund, **change)
    task_id = add_task(fund)

    assign(fund, task_id, holder=holder)

    assert holder_of(fund, task_id) == other


def test_a_released_task_frees_its_doctor_once(fund):
    doctor_id = add_doctor(fund)
    task_id = add_task(fund)
    assign(fund, task_id)

    for _ in range(2):
        release(fund, [task_id], now=NOW, actor=ACTOR, reason="done")

    assert loads(fund) == {doctor_id: 0}
    [end] = fund.execute(sa.text("SELECT end_reason FROM assignment")).scalars()
    assert end == "done"


def test_a_task_that_is_given_back_is_in_nobodys_hands(fund):
    add_doctor(fund)
    task_id = add_task(fund)
    assign(fund, task_id)

    release(fund, [task_id], now=NOW, actor=ACTOR, reason="returned", to_pool=True)

    assert holder_of(fund, task_id) is None
    assert actions(fund, file_of(fund, task_id)) == ["assignment.made", "assignment.ended"]


def test_a_load_that_went_wrong_is_counted_anew(fund):
    right, wrong = add_doctor(fund, unit="T-A2"), add_doctor(fund)
    assign(fund, add_task(fund), add_task(fund, agency="T-A2"))
    fund.execute(
        sa.text("UPDATE doctor_load SET open_points = 99 WHERE doctor_id = :id"), {"id": wrong}
    )

    assert reconcile_loads(fund) == [wrong]
    assert loads(fund) == {right: 10, wrong: 10}


# Claiming


def test_a_claim_gives_the_most_urgent_task_of_the_agency_that_the_doctor_may_have(fund):
    doctor_id = add_doctor(fund, professional_id="P-1")
    add_task(fund, agency="T-A2", due_in_days=1)
    add_task(fund, prescriber_id="P-1", due_in_days=2)
    add_task(fund, flow="dental", due_in_days=3)
    wanted = add_task(fund, due_in_days=4)
    add_task(fund, due_in_days=5)

    task = claim_next(fund, doctor_id, **WHEN)

    assert task.id == wanted
    assert holder_of(fund, wanted) == doctor_id
    [row] = fund.execute(sa.text("SELECT mode, why FROM assignment"))
    assert row.mode == AssignmentMode.CLAIMED
    assert row.why["rule"] == Rule.CHOSEN


def test_a_full_doctor_and_an_empty_pool_give_nothing(fund):
    full = add_doctor(fund, minutes=1)
    add_task(fund)

    assert claim_next(fund, full, **WHEN) is None
    assert claim_next(fund, add_doctor(fund, unit="T-B1"), **WHEN) is None
    with pytest.raises(NotFound):
        claim_next(fund, new_id(), **WHEN)


# Reassigning


@pytest.fixture
def three_files(fund):
    """Three files of one doctor; returns the doctor, the tasks and the files."""
    doctor_id = add_doctor(fund)
    task_ids = add_tasks(fund, 3)
    assign(fund, *task_ids)
    return doctor_id, task_ids, [file_of(fund, task_id) for task_id in task_ids]


def test_files_move_to_a_doctor_with_loads_before_and_after(fund, three_files):
    source, task_ids, file_ids = three_files
    target = add_doctor(fund, unit="T-A2")
    command = Reassign(
        file_ids=file_ids[:2], target=ToDoctor(target), reason="absence", note="Congé"
    )

    preview = reassign(fund, replace(command, is_dry_run=True), **WHEN)
    unmoved = [holder_of(fund, task_id) for task_id in task_ids]
    result = reassign(fund, command, **WHEN)

    assert unmoved == [source] * 3
    assert preview.loads == result.loads
    changes = {each.doctor_id: (each.before, each.after) for each in result.loads}
    assert changes == {source: (30, 10), target: (0, 20)}
    assert [holder_of(fund, task_id) for task_id in task_ids] == [target, target, source]
    assert loads(fund) == {source: 10, target: 20}
    assert actions(fund, file_ids[0]) == ["assignment.made", "assignment.changed"]
    notes = fund.execute(sa.text("SELECT reason FROM assignment WHERE ended_at IS NULL"))
    assert sorted(notes.scalars(), key=str) == ["Congé", "Congé", None]


def test_hard_constraints_hold_against_a_supervisor_and_the_rest_moves(fund, three_files):
    source, _, file_ids = three_files
    target = add_doctor(fund, minutes=3, professional_id="P-1")
    conflicted = add_task(fund, provider_id="P-1")
    other_flow = add_task(fund, flow="dental")
    gone = new_id()
    wanted = [*file_ids, file_of(fund, conflicted), file_of(fund, other_flow), gone]

    result = reassign(
        fund, Reassign(file_ids=wanted, target=ToDoctor(target), reason="workload"), **WHEN
    )

    refused = {each.control_file_id: each.refused for each in result.files}
    assert refused == {
        file_ids[0]: (),
        file_ids[1]: ("capacity:20",),
        file_ids[2]: ("capacity:20",),
        file_of(fund, conflicted): ("conflict:provider", "capacity:20"),
        file_of(fund, other_flow): ("competence:dental/first", "capacity:20"),
        gone: ("no_open_task",),
    }
    assert loads(fund) == {source: 20, target: 10}


def test_moving_to_the_same_doctor_changes_nothing(fund, three_files):
    source, _, file_ids = three_files

    result = reassign(
        fund, Reassign(file_ids=file_ids, target=ToDoctor(source), reason="workload"), **WHEN
    )

    assert {each.refused for each in result.files} == {("unchanged",)}
    assert actions(fund, file_ids[0]) == ["assignment.made"]


def test_files_move_to_an_agencys_pool_and_take_their_place_along(fund, three_files):
    source, task_ids, file_ids = three_files

    reassign(fund, Reassign(file_ids=file_ids, target=ToPool("T-B1"), reason="moved"), **WHEN)

    assert loads(fund) == {source: 0}
    assert find_waiting(fund, "ma", agency="T-B1", region="T-R2") == sorted(task_ids)
    places = fund.execute(sa.text("SELECT DISTINCT agency_code, region_code FROM control_file"))
    assert places.all() == [("T-B1", "T-R2")]
    assert [holder_of(fund, task_id) for task_id in task_ids] == [None] * 3


def test_a_regions_pool_takes_a_file_of_its_agency_as_it_is(fund, three_files):
    _, task_ids, file_ids = three_files

    reassign(fund, Reassign(file_ids=file_ids, target=ToPool("T-R1"), reason="absence"), **WHEN)

    assert find_waiting(fund, "ma", agency="T-A1") == sorted(task_ids)


def test_a_wish_that_makes_no_sense_is_refused_and_names_the_field(fund, three_files):
    _, _, file_ids = three_files
    wishes = [(ToPool("T-CENTRE"), InvalidInput), (ToPool("X"), NotFound)]

    for target, error in [*wishes, (ToDoctor(new_id()), NotFound)]:
        with pytest.raises(error) as refused:
            reassign(fund, Reassign(file_ids=file_ids, target=target, reason="absence"), **WHEN)
        assert refused.value.field in {"unit_code", "doctor_id"}
    with pytest.raises(InvalidInput, match="code") as refused:
        Reassign(file_ids=file_ids, target=ToPool("T-A1"), reason="Dr B. is ill")
    assert refused.value.field == "reason"


def test_a_moved_file_makes_the_doctors_page_stale(fund, three_files):
    _, _, file_ids = three_files
    target = add_doctor(fund)
    version = sa.text("SELECT version FROM control_file WHERE id = :id")
    before = fund.execute(version, {"id": file_ids[0]}).scalar_one()

    reassign(fund, Reassign(file_ids=file_ids, target=ToDoctor(target), reason="absence"), **WHEN)

    assert fund.execute(version, {"id": file_ids[0]}).scalar_one() > before


# At once


def in_parallel(engine, number, work):
    def run(index):
        with Session(engine, expire_on_commit=False) as session, session.begin():
            return work(session, index)

    with ThreadPoolExecutor(10) as workers:
        return list(workers.map(run, range(number)))


def over_capacity(session) -> list[UUID]:
    doctors = load_doctors(session, TODAY, "ma")
    return [doctor.id for doctor in doctors if doctor.open_points > doctor.capacity_points]


def test_fifty_claims_at_once_give_fifty_tasks_and_nobody_too_much(open_fund):
    with Session(open_fund) as session, session.begin():
        doctors = [add_doctor(session, minutes=24) for _ in range(5)]
        add_tasks(session, 70)

    claimed = in_parallel(
        open_fund, 50, lambda session, i: claim_next(session, doctors[i % 5], **WHEN)
    )

    assert len({task.id for task in claimed if task is not None}) == 50
    with Session(open_fund) as session:
        assert set(loads(session).values()) == {100}
        assert over_capacity(session) == []


def test_single_assignments_at_once_stop_at_capacity_and_lose_nothing(open_fund):
    with Session(open_fund) as session, session.begin():
        for _ in range(3):
            add_doctor(session, minutes=50)
        task_ids = add_tasks(session, 40)

    plans = in_parallel(open_fund, 40, lambda session, i: assign(session, task_ids[i]))

    assert sum(len(plan.assignments) + len(plan.unassigned) for plan in plans) == 40
    with Session(open_fund) as session, session.begin():
        assert over_capacity(session) == []
        assign_waiting(session, find_waiting(session, "ma"), **WHEN)
        assert set(loads(session).values()) == {100}
        assert len(find_waiting(session, "ma")) == 10


def test_two_supervisors_and_two_batches_leave_one_open_assignment_a_task(open_fund):
    with Session(open_fund) as session, session.begin():
        doctors = [add_doctor(session, minutes=150) for _ in range(4)]
        task_ids = add_tasks(session, 60)
        file_ids = [file_of(session, task_id) for task_id in task_ids]

    def work(session, index):
        if index % 2:
            return assign_waiting(session, find_waiting(session, "ma"), **WHEN)
        target = ToDoctor(doctors[index % 4])
        return reassign(
            session, Reassign(file_ids=file_ids[:30], target=target, reason="test"), **WHEN
        )

    in_parallel(open_fund, 8, work)

    with Session(open_fund) as session, session.begin():
        assign_waiting(session, find_waiting(session, "ma"), **WHEN)
        held = [holder_of(session, task_id) for task_id in task_ids]
        assert None not in held
        assert over_capacity(session) == []
        assert reconcile_loads(session) == []
        assert journal.verify(session)[1] == []


def test_a_decision_that_frees_one_doctor_does_not_wait_for_a_locked_other(open_fund):
    with Session(open_fund) as session, session.begin():
        first, second = add_doctor(session), add_doctor(session)
        task_id = add_task(session)

    with Session(open_fund) as other, other.begin():
        lock_loads(other, [first])
        [plan] = in_parallel(open_fund, 1, lambda session, _: assign(session, task_id))

    assert [made.doctor_id for made in plan.assignments] == [second]
