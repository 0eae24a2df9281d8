"""Random instances: what no plan may ever do, and what each must achieve."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignment.batch import plan
from assignment.checker import check, refusals
from assignment.facts import (
    Conflict,
    Constraint,
    DoctorFacts,
    Plan,
    TaskFacts,
    UnassignedTask,
)
from assignment.scoring import Weights
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession

MONDAY = date(2026, 3, 2)
DAYS = tuple(MONDAY + timedelta(i) for i in range(3))
AGENCIES = {"A1": "R1", "A2": "R1", "B1": "R2"}
PEOPLE = ["P1", "P2", "P3"]
LEVELS = [*ControlLevel, ControlLevel.LOCAL, ControlLevel.LOCAL]
PROFESSIONS = [Profession.DOCTOR, Profession.DENTIST]


def some(random, values, most):
    return frozenset(random.sample(values, random.randint(0, most)))


def random_doctor(random, number):
    agency = random.choice(list(AGENCIES))
    return DoctorFacts(
        id=UUID(int=number + 1),
        kind=random.choice(list(DoctorKind)),
        profession=random.choice([*PROFESSIONS, Profession.DOCTOR]),
        level=random.choice(LEVELS),
        agency=agency,
        region=AGENCIES[agency],
        units=some(random, ["A2", "B1", "R2"], 1),
        competences=some(random, ["dental/first"], 1) | {"ald"},
        capacity_points=random.randint(0, 12),
        open_points=random.randint(0, 4),
        absent_on=some(random, DAYS, 3),
        professional_id=random.choice([None, *PEOPLE]),
        conflicts=tuple(Conflict("declared", who) for who in some(random, [*PEOPLE, "I1"], 1)),
        active=random.random() < 0.9,
    )


def random_task(random, number, points):
    agency = random.choice(list(AGENCIES))
    doctors = [UUID(int=i) for i in range(1, 7)]
    return TaskFacts(
        id=UUID(int=number + 101),
        control_file_id=UUID(int=number + 201),
        flow=random.choice(["ald", "ald", "dental"]),
        nature="first",
        professions=some(random, PROFESSIONS, 1),
        level=random.choice(LEVELS),
        agency=agency,
        region=AGENCIES[agency],
        in_person=random.random() < 0.3,
        points=random.randint(*points),
        priority=random.randint(0, 1),
        due_on=random.choice([None, MONDAY - timedelta(3), *DAYS]),
        registration_number=random.choice([None, "I1", "I2"]),
        prescriber_id=random.choice([None, None, *PEOPLE]),
        provider_id=random.choice([None, None, *PEOPLE]),
        treating_ids=some(random, PEOPLE, 1),
        previous_doctor=random.choice([None, *doctors]),
        excluded=dict.fromkeys(some(random, doctors, 1), "author"),
    )


def instances(tasks=8, points=(0, 6)):
    """At most 6 doctors; sizes shrink, the rest follows from the seed."""

    def make(seed, doctor_count, task_count):
        random = Random(seed)  # noqa: S311 -- test data
        doctors = [random_doctor(random, number) for number in range(doctor_count)]
        return [random_task(random, n, points) for n in range(task_count)], doctors

    return st.builds(make, st.integers(0, 2**32), st.integers(0, 6), st.integers(0, tasks))


@given(instances(tasks=14))
def test_the_checker_finds_nothing_wrong_with_any_plan(instance):
    tasks, doctors = instance

    assert check(plan(tasks, doctors, Weights(), days=DAYS), tasks, doctors, DAYS) == []


@given(instances(), st.randoms(use_true_random=False))
def test_the_order_of_files_and_of_doctors_changes_nothing(instance, random):
    tasks, doctors = instance
    shuffled_tasks, shuffled_doctors = tasks[:], doctors[:]
    random.shuffle(shuffled_tasks)
    random.shuffle(shuffled_doctors)

    once = plan(tasks, doctors, Weights(), days=DAYS)

    assert plan(shuffled_tasks, shuffled_doctors, Weights(), days=DAYS) == once


def can_all_be_placed(tasks, doctors):
    """Try everything, with no code of the planner."""
    free = {doctor.id: doctor.capacity_points - doctor.open_points for doctor in doctors}
    allowed = [
        [d.id for d in doctors if not list(refusals(task, d, DAYS)) and free[d.id] >= task.points]
        for task in tasks
    ]

    def place(number):
        if number == len(tasks):
            return True
        for doctor in allowed[number]:
            if free[doctor] >= tasks[number].points:
                free[doctor] -= tasks[number].points
                if place(number + 1):
                    return True
                free[doctor] += tasks[number].points
        return False

    return place(0)


@given(instances(tasks=12))
def test_where_all_files_can_be_placed_all_are(instance):
    tasks, doctors = instance
    feasible: list[TaskFacts] = []
    for task in tasks:
        if can_all_be_placed([*feasible, task], doctors):
            feasible.append(task)

    assert plan(feasible, doctors, Weights(), days=DAYS).unassigned == ()


@given(instances(tasks=16, points=(3, 3)))
def test_as_many_equal_files_as_possible_are_placed(instance):
    tasks, doctors = instance

    result = plan(tasks, doctors, Weights(), days=DAYS)

    placed = [a.task for a in result.assignments]
    for left in result.unassigned:
        assert not can_all_be_placed([*placed, left.task], doctors)


@given(instances())
def test_an_unassigned_file_accounts_for_every_doctor(instance):
    tasks, doctors = instance

    for left in plan(tasks, doctors, Weights(), days=DAYS).unassigned:
        assert sum(left.removed.values()) == len(doctors)
        refused = Counter(
            next((r.constraint for r in refusals(left.task, d, DAYS)), Constraint.CAPACITY)
            for d in doctors
        )
        assert refused == Counter({name: n for name, n in left.removed.items() if n})


@given(instances())
def test_a_leave_leaves_the_absent_doctor_without_new_files(instance):
    tasks, doctors = instance
    away = [replace(doctor, absent_on=frozenset(DAYS)) for doctor in doctors[:1]]

    result = plan(tasks, [*away, *doctors[1:]], Weights(), days=DAYS)

    assert not {a.doctor_id for a in result.assignments} & {doctor.id for doctor in away}


DOCTOR = DoctorFacts(
    id=UUID(int=1),
    kind=DoctorKind.SALARIED,
    profession=Profession.DOCTOR,
    level=ControlLevel.LOCAL,
    agency="A1",
    region="R1",
    competences=frozenset({"ald"}),
    capacity_points=10,
    professional_id="P1",
    conflicts=(Conflict("relative", "I1"),),
)
TASK = TaskFacts(
    id=UUID(int=101),
    control_file_id=UUID(int=201),
    flow="ald",
    nature="first",
    agency="A1",
    region="R1",
    points=5,
    in_person=True,
    professions=frozenset({Profession.DOCTOR}),
)


@pytest.mark.parametrize(
    ("constraint", "task", "doctor"),
    [
        (Constraint.ACTIVE, {}, {"active": False}),
        (Constraint.PROFESSION, {}, {"profession": Profession.PHARMACIST}),
        (Constraint.COMPETENCE, {"flow": "dental"}, {}),
        (Constraint.LEVEL, {"level": ControlLevel.REGIONAL}, {}),
        (Constraint.PLACE, {"agency": "B1", "region": "R2"}, {}),
        (Constraint.ABSENCE, {"due_on": MONDAY}, {"absent_on": frozenset({MONDAY})}),
        (Constraint.CONFLICT, {"prescriber_id": "P1"}, {}),
        (Constraint.CONFLICT, {"registration_number": "I1"}, {}),
        (Constraint.EXCLUSION, {"excluded": {DOCTOR.id: "author"}}, {}),
        (Constraint.CAPACITY, {"points": 11}, {}),
        (Constraint.CAPACITY, {}, {"open_points": 6}),
    ],
)
def test_the_checker_catches_a_planted_violation(constraint, task, doctor):
    sound = plan([TASK], [DOCTOR], Weights(), days=DAYS).assignments[0]
    planted = replace(sound, task=replace(TASK, **task))

    found = check(Plan((planted,)), [planted.task], [replace(DOCTOR, **doctor)], DAYS)

    assert [violation.what for violation in found] == [constraint]


def test_the_checker_catches_a_lost_a_doubled_and_a_foreign_file():
    sound = plan([TASK], [DOCTOR], Weights(), days=DAYS).assignments[0]
    stranger = replace(DOCTOR, id=UUID(int=9))
    foreign = replace(TASK, id=UUID(int=102))

    lost = check(Plan(), [TASK], [DOCTOR], DAYS)
    doubled = check(Plan((sound,), (UnassignedTask(TASK, {}),)), [TASK], [DOCTOR], DAYS)
    changed = check(Plan((sound,)), [foreign], [DOCTOR], DAYS)
    unknown = check(Plan((sound,)), [TASK], [stranger], DAYS)

    assert [v.detail for v in lost] == ["planned 0 times"]
    assert [v.detail for v in doubled] == ["planned 2 times"]
    assert [v.detail for v in changed] == ["planned 0 times", "not a task of this run"]
    assert [v.detail for v in unknown] == ["unknown doctor"]
