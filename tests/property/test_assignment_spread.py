"""Random instances for the plan over days: what it may never do, and what it must achieve."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignment.batch import plan
from assignment.checker import check, refusals
from assignment.facts import Constraint, DoctorFacts, TaskFacts
from assignment.scoring import Weights
from assignment.spread import spread
from benchmarks._instances import make_instance
from medcontrol.vocabulary import ControlLevel
from tests.property.test_assignment_plan import (
    DAYS,
    DOCTOR,
    TASK,
    can_all_be_placed,
    instances,
)


def worked(doctors):
    """The doctors with their minutes on the days they work."""
    found = []
    for doctor in doctors:
        at_work = [day for day in DAYS if day not in doctor.absent_on]
        share, rest = divmod(doctor.capacity_points, len(at_work)) if at_work else (0, 0)
        minutes = [share if day in at_work else 0 for day in DAYS]
        if at_work:
            minutes[DAYS.index(at_work[0])] += rest
        found.append(replace(doctor, minutes=tuple(minutes), capacity_points=sum(minutes)))
    return found


def run(tasks, doctors, **more):
    return spread(tasks, doctors, Weights(), days=DAYS, **more)


@given(instances(tasks=14))
def test_the_checker_finds_nothing_wrong_with_any_plan(instance):
    tasks, doctors = instance[0], worked(instance[1])

    assert check(run(tasks, doctors).plan, tasks, doctors, DAYS) == []


@given(instances(tasks=14), st.integers(0, 6))
def test_nobody_is_given_more_than_they_may_hold_now_and_the_rest_has_a_day(instance, most):
    tasks = instance[0]
    doctors = [
        replace(d, capacity_points=min(most, d.capacity_points)) for d in worked(instance[1])
    ]

    plan = run(tasks, doctors).plan

    assert check(plan, tasks, doctors, DAYS) == []
    for left in plan.unassigned:
        eligible = [d for d in doctors if not any(refusals(left.task, d, DAYS))]
        if any(sum(d.minutes) for d in eligible):
            assert left.expected_on is not None
        if not eligible:  # somebody who works none of these days may still have it one day
            assert left.expected_on is None


@given(instances(tasks=14), st.randoms(use_true_random=False))
def test_the_order_of_files_and_of_doctors_changes_nothing(instance, random):
    tasks, doctors = instance[0], worked(instance[1])
    shuffled_tasks, shuffled_doctors = tasks[:], doctors[:]
    random.shuffle(shuffled_tasks)
    random.shuffle(shuffled_doctors)

    once = run(tasks, doctors)

    assert run(shuffled_tasks, shuffled_doctors) == once
    assert run(tasks, doctors) == once


@given(instances(tasks=12))
def test_where_all_files_can_be_placed_all_are(instance):
    tasks, doctors = instance[0], worked(instance[1])
    feasible: list[TaskFacts] = []
    for task in tasks:
        if can_all_be_placed([*feasible, task], doctors):
            feasible.append(task)

    assert run(feasible, doctors).plan.unassigned == ()


def least_worst(tasks, doctors):
    """The least possible worst utilisation, by trying everything; None when not all fit."""
    load = {doctor.id: doctor.open_points for doctor in doctors}
    room = {doctor.id: doctor.capacity_points for doctor in doctors}
    best = [None]

    def place(number):
        now = max((load[d] / room[d] for d in load if load[d] and room[d]), default=0.0)
        if best[0] is not None and now >= best[0]:
            return
        if number == len(tasks):
            best[0] = now
            return
        for doctor in doctors:
            points = tasks[number].points
            if load[doctor.id] + points <= room[doctor.id] and not any(
                refusals(tasks[number], doctor, DAYS)
            ):
                load[doctor.id] += points
                place(number + 1)
                load[doctor.id] -= points

    place(0)
    return best[0]


@given(instances(tasks=7, points=(1, 6)))
def test_the_busiest_doctor_is_at_most_one_heavy_file_above_the_best_possible(instance):
    tasks = instance[0]
    doctors = [replace(d, open_points=0) for d in worked(instance[1])]
    best = least_worst(tasks, doctors)
    if best is None or not tasks:
        return

    result = run(tasks, doctors)

    heaviest = max(task.points for task in tasks)
    load = Counter[UUID]()
    for each in result.plan.assignments:
        load[each.doctor_id] += each.task.points
    for doctor in doctors:
        if load[doctor.id]:
            allowed = best * doctor.capacity_points + heaviest
            assert load[doctor.id] <= allowed + 1e-9
    assert result.lower_bound <= best + 1 / 2048


def least_late(tasks, doctors):
    """The fewest late points of any plan that places all, by trying everything; None if none."""
    last = {
        task.id: max(sum(day <= (task.due_on or DAYS[-1]) for day in DAYS), 1) for task in tasks
    }
    held = {doctor.id: [] for doctor in doctors}
    best = [None]

    def late_of(doctor):
        due = [
            sum(task.points for task in held[doctor.id] if last[task.id] <= k) + doctor.open_points
            for k in range(1, len(DAYS) + 1)
        ]
        over = [points - sum(doctor.minutes[:k]) for k, points in enumerate(due, 1)]
        return max(0, *over)

    def place(number, late):
        if best[0] is not None and late >= best[0]:
            return
        if number == len(tasks):
            best[0] = late
            return
        task = tasks[number]
        for doctor in doctors:
            before, mine = late_of(doctor), held[doctor.id]
            load = doctor.open_points + sum(each.points for each in mine)
            if load + task.points > sum(doctor.minutes) or any(refusals(task, doctor, DAYS)):
                continue
            mine.append(task)
            place(number + 1, late + late_of(doctor) - before)
            mine.pop()

    place(0, 0)
    return best[0]


@given(instances(tasks=7, points=(1, 6)))
def test_what_can_all_be_done_in_time_is_and_nothing_is_sooner_than_the_bound_says(instance):
    tasks = instance[0]
    doctors = [replace(each, open_points=0) for each in worked(instance[1])]
    least = least_late(tasks, doctors)
    if least is None:
        return

    result = run(tasks, doctors)

    assert result.late_points_bound <= least
    assert result.late_points >= least
    if least == 0:
        assert result.late_points == 0


def test_small_files_are_passed_on_for_a_large_one_that_would_be_late_otherwise():
    # Only one may do the examination, today; the small files fit with both, and were nearer there.
    here = doctor(1, minutes=(10, 0, 0), capacity_points=10, absent_on=frozenset(DAYS[1:]))
    there = doctor(2, minutes=(20, 0, 0), capacity_points=20, agency="B1", region="R2")
    exam = task(1, points=9, due_on=DAYS[0])
    exam = replace(exam, in_person=True)
    small = [task(10 + n, points=2, due_on=DAYS[0]) for n in range(5)]

    for order in ([exam, *small], [*small, exam]):
        result = run(order, [here, there])
        doctor_of = {each.task.id: each.doctor_id for each in result.plan.assignments}

        assert doctor_of[exam.id] == here.id
        assert len(doctor_of) == 6
        assert (result.late_points, result.late_points_bound) == (0, 0)


def test_many_examinations_and_few_who_may_do_them_and_still_nothing_is_late():
    # Whole files fit in time only when somebody passes several small ones on for a large one.
    fund = make_instance(2_000, 100, seed=2, load=0.6)

    result = spread(fund.tasks, fund.doctors, Weights(), days=fund.days)

    assert check(result.plan, fund.tasks, fund.doctors, fund.days) == []
    assert (result.late_points, result.late_points_bound, result.plan.unassigned) == (0, 0, ())


@given(instances(tasks=10))
def test_a_waiting_file_accounts_for_every_doctor(instance):
    tasks, doctors = instance[0], worked(instance[1])

    for left in run(tasks, doctors).plan.unassigned:
        assert sum(left.removed.values()) == len(doctors)
        refused = Counter(
            next((r.constraint for r in refusals(left.task, d, DAYS)), Constraint.CAPACITY)
            for d in doctors
        )
        assert refused == Counter({name: n for name, n in left.removed.items() if n})


def test_who_works_on_none_of_these_days_has_no_time_for_a_file_of_no_points_either():
    never = replace(doctor(1), capacity_points=0, minutes=(0, 0, 0), absent_on=frozenset(DAYS[:2]))
    other = replace(never, id=UUID(int=2))

    [left] = run([task(1, points=0, excluded={other.id: "author"})], [never, other]).plan.unassigned

    assert left.removed[Constraint.CAPACITY] == 1
    assert sum(left.removed.values()) == 2


@given(instances(tasks=10))
def test_an_absent_doctor_is_given_nothing(instance):
    tasks, doctors = instance[0], worked(instance[1])
    away = [replace(d, absent_on=frozenset(DAYS), minutes=(0, 0, 0)) for d in doctors[:1]]

    plan = run(tasks, [*away, *doctors[1:]]).plan

    assert not {a.doctor_id for a in plan.assignments} & {doctor.id for doctor in away}


def doctor(number: int, **changes) -> DoctorFacts:
    return replace(DOCTOR, id=UUID(int=number), conflicts=(), professional_id=None, **changes)


def task(number: int, **changes) -> TaskFacts:
    return replace(TASK, id=UUID(int=1000 + number), in_person=False, **changes)


def test_urgent_work_goes_where_it_is_done_in_time_though_loads_grow_uneven():
    tomorrow = doctor(1, minutes=(0, 100, 100), capacity_points=200, absent_on=frozenset(DAYS[:1]))
    today = doctor(2, minutes=(40, 0, 0), capacity_points=40, absent_on=frozenset(DAYS[1:]))
    due_today = [task(n, points=10, due_on=DAYS[0]) for n in range(4)]

    result = run(due_today, [tomorrow, today])

    assert {each.doctor_id for each in result.plan.assignments} == {today.id}
    assert (result.late_points, result.worst_utilisation) == (0, 1.0)


def test_a_file_goes_back_to_who_knows_it_unless_loads_forbid():
    knows, nearer = doctor(1, agency="B1", region="R2"), doctor(2)
    both = [replace(each, minutes=(100, 100, 100), capacity_points=300) for each in (knows, nearer)]
    known = [task(n, points=1, previous_doctor=knows.id) for n in range(3)]

    plan = run([*known, *(task(10 + n, points=1) for n in range(3))], both).plan

    of_known = {e.doctor_id for e in plan.assignments if e.task.previous_doctor is not None}
    assert of_known == {knows.id}


@pytest.mark.parametrize("specialty", [None, "cardiology"])
def test_a_specialist_s_competence_serves_what_asks_for_the_specialty_only(specialty):
    specialist = doctor(1, minutes=(100, 0, 0), capacity_points=100)
    specialist = replace(specialist, competences=frozenset({"ald//cardiology"}))

    plan = run([task(1, specialty=specialty)], [specialist]).plan

    assert len(plan.assignments) == (specialty is not None)
    assert check(plan, [task(1, specialty=specialty)], [specialist], DAYS) == []


def test_a_competence_may_reach_higher_than_the_doctor():
    higher = doctor(1, minutes=(100, 0, 0), capacity_points=100)
    higher = replace(higher, competence_levels={"ald": ControlLevel.CENTRAL})
    central = task(1, level=ControlLevel.CENTRAL)

    assert len(run([central], [higher]).plan.assignments) == 1
    assert list(refusals(central, higher, DAYS)) == []


@given(instances(tasks=10))
def test_a_leave_moves_no_more_than_it_must(instance):
    """What a hand-over asks of the planner: the files of who is away, and nobody else's."""
    doctors = [replace(d, open_points=0) for d in worked(instance[1])]
    given_first = run(instance[0], doctors).plan.assignments
    if not given_first:
        return
    away = min(each.doctor_id for each in given_first)
    orphans = [each.task for each in given_first if each.doctor_id == away]
    load = Counter[UUID]()
    for each in given_first:
        load[each.doctor_id] += each.task.points
    colleagues = [replace(d, open_points=load[d.id]) for d in doctors if d.id != away]

    found = plan(orphans, colleagues, Weights(), days=DAYS)

    assert {each.task.id for each in found.assignments} <= {task.id for task in orphans}
    assert check(found, orphans, colleagues, DAYS) == []
    if can_all_be_placed(orphans, colleagues):
        assert len(found.assignments) == len(orphans)
