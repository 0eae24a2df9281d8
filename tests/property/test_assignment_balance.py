"""Random instances for evening out loads: what a proposal may never do, and when it stays away."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignment.balancing import balance
from assignment.checker import refusals
from assignment.scoring import Weights
from assignment.spread import spread
from medcontrol.errors import InvalidInput
from tests.property.test_assignment_plan import DAYS, DOCTOR, TASK, instances
from tests.property.test_assignment_spread import worked


def held_by_some(instance):
    """Doctors who hold what a plan gave them first, packed onto as few as may have it."""
    doctors = [replace(each, open_points=0) for each in worked(instance[1])]
    load, held, tasks = Counter(), {}, []
    for task in instance[0]:
        able = [d for d in doctors if d.minutes and not any(refusals(task, d, DAYS))]
        able = [d for d in able if load[d.id] + task.points <= d.capacity_points]
        if able:
            held[task.id] = able[0].id
            load[able[0].id] += task.points
            tasks.append(task)
    return tasks, held, [replace(each, open_points=load[each.id]) for each in doctors]


def propose(tasks, held, doctors, *, budget=3, threshold=0.05, **more):
    return balance(
        tasks, held, doctors, Weights(), days=DAYS, budget=budget, threshold=threshold, **more
    )


def worst(doctors, load):
    return max((load[d.id] / sum(d.minutes) for d in doctors if sum(d.minutes)), default=0.0)


def after(doctors, moves):
    load = Counter({each.id: each.open_points for each in doctors})
    for each in moves:
        load[each.from_doctor] -= each.task.points
        load[each.to_doctor] += each.task.points
    return load


@given(instances(tasks=14), st.integers(0, 4), st.sampled_from([0.0, 0.05, 0.3]))
def test_moves_keep_to_the_budget_and_make_nobody_busier_than_the_busiest_was(
    instance, budget, threshold
):
    tasks, held, doctors = held_by_some(instance)

    found = propose(tasks, held, doctors, budget=budget, threshold=threshold)

    load = after(doctors, found.moves)
    before = Counter({each.id: each.open_points for each in doctors})
    assert len(found.moves) <= budget
    assert len({each.task.id for each in found.moves}) == len(found.moves)
    assert found.before == pytest.approx(worst(doctors, before))
    assert found.after == pytest.approx(worst(doctors, load))
    assert found.after <= found.before
    if found.moves:
        assert found.before > found.bound + threshold


@given(instances(tasks=14))
def test_who_receives_may_have_the_file_and_has_room_for_all_that_arrives(instance):
    tasks, held, doctors = held_by_some(instance)
    by_id, arrives = {each.id: each for each in doctors}, Counter()

    for each in propose(tasks, held, doctors, budget=10, threshold=0.0).moves:
        arrives[each.to_doctor] += each.task.points
        assert each.from_doctor == held[each.task.id]
        assert list(refusals(each.task, by_id[each.to_doctor], DAYS)) == []

    for doctor, points in arrives.items():
        assert by_id[doctor].open_points + points <= by_id[doctor].capacity_points


@given(instances(tasks=14), st.randoms(use_true_random=False))
def test_the_order_of_files_and_doctors_changes_no_proposal(instance, random):
    tasks, held, doctors = held_by_some(instance)
    mixed, others = tasks[:], doctors[:]
    random.shuffle(mixed)
    random.shuffle(others)

    assert propose(mixed, held, others) == propose(tasks, held, doctors)


@given(instances(tasks=14))
def test_what_a_plan_just_spread_stays_where_it_is(instance):
    doctors = [replace(each, open_points=0) for each in worked(instance[1])]
    plan = spread(instance[0], doctors, Weights(), days=DAYS)
    held = {each.task.id: each.doctor_id for each in plan.plan.assignments}
    load = Counter()
    for each in plan.plan.assignments:
        load[each.doctor_id] += each.task.points
    doctors = [replace(each, open_points=load[each.id]) for each in doctors]
    # As even as whole files allow: within one heavy file of the least loaded plan.
    heavy = max((t.points for t in instance[0]), default=0)
    gap = max((heavy / sum(d.minutes) for d in doctors if sum(d.minutes)), default=0.0)
    tasks = [each.task for each in plan.plan.assignments]

    assert propose(tasks, held, doctors, budget=10, threshold=gap).moves == ()


def doctor(number, load, minutes=100):
    return replace(
        DOCTOR, id=UUID(int=number), conflicts=(), professional_id=None, open_points=load,
        minutes=(minutes, 0, 0), capacity_points=minutes,
    )  # fmt: skip


def task(number, points, **more):
    return replace(TASK, id=UUID(int=1000 + number), in_person=False, points=points, **more)


def test_the_one_file_that_is_enough_moves_and_none_besides():
    busy, idle = doctor(1, 80), doctor(2, 20)
    tasks = [task(n, points) for n, points in enumerate([5, 5, 10, 30, 30])]

    found = propose(tasks, {each.id: busy.id for each in tasks}, [busy, idle], budget=10)

    assert [(each.task.points, each.to_doctor) for each in found.moves] == [(30, idle.id)]
    assert (found.before, found.after, round(found.bound, 2)) == (0.8, 0.5, 0.5)


def test_within_the_threshold_nothing_moves_and_beyond_it_comes_to_rest_well_below():
    busy, idle = doctor(1, 58), doctor(2, 42)
    tasks = [task(n, 1) for n in range(58)]
    held = {each.id: busy.id for each in tasks}

    assert propose(tasks, held, [busy, idle], budget=99, threshold=0.1).moves == ()
    found = propose(tasks, held, [busy, idle], budget=99, threshold=0.06)

    assert len(found.moves) == 5
    assert found.after == 0.53  # half of the threshold above the bound


def test_a_file_stays_with_who_knows_the_person_while_another_will_do():
    busy, idle = doctor(1, 80), doctor(2, 20)
    known = task(1, 30, previous_doctor=busy.id)
    plain = [task(2, 10), task(3, 10), task(4, 30)]
    held = {each.id: busy.id for each in (known, *plain)}

    found = propose([known, *plain], held, [busy, idle], budget=10)

    assert [each.task.id for each in found.moves] == [plain[-1].id]


def test_nobody_moves_files_while_everybody_is_below_the_floor():
    busy, idle = doctor(1, 40), doctor(2, 0)
    held_file = task(1, 20)

    found = propose([held_file], {held_file.id: busy.id}, [busy, idle], floor=0.5)

    assert found.moves == ()


def test_a_file_that_nobody_of_the_doctors_holds_is_refused():
    with pytest.raises(InvalidInput, match="held by none"):
        propose([task(1, 5)], {}, [doctor(1, 0)])
