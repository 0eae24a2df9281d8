"""Who may have a file, and how many doctors each constraint eliminates."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from assignment.batch import plan, rank
from assignment.checker import refusals
from assignment.facts import Conflict, Constraint, DoctorFacts, TaskFacts, UnassignedTask
from assignment.scoring import Weights
from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession

MONDAY = date(2026, 3, 2)
DAYS = (MONDAY, MONDAY + timedelta(1))
DOCTOR = DoctorFacts(
    id=UUID(int=1),
    kind=DoctorKind.SALARIED,
    profession=Profession.DOCTOR,
    level=ControlLevel.LOCAL,
    agency="CASA-1",
    region="MA-06",
    competences=frozenset({"ald"}),
    capacity_points=100,
    professional_id="P-1",
)
TASK = TaskFacts(
    id=UUID(int=100),
    control_file_id=UUID(int=200),
    flow="ald",
    nature="first",
    agency="CASA-1",
    region="MA-06",
    points=20,
    due_on=MONDAY,
    registration_number="123456789",
    beneficiary_key="123456789/1",
)
IN_FES = replace(TASK, agency="FES-1", region="MA-03")


def why_not(task, doctor):
    answer = rank(task, [doctor], Weights(), days=DAYS)
    assert isinstance(answer, UnassignedTask)
    return {constraint: count for constraint, count in answer.removed.items() if count}


REFUSED = [
    (TASK, replace(DOCTOR, active=False), Constraint.ACTIVE),
    (replace(TASK, professions=frozenset({Profession.DENTIST})), DOCTOR, Constraint.PROFESSION),
    (replace(TASK, flow="dental"), DOCTOR, Constraint.COMPETENCE),
    (TASK, replace(DOCTOR, competences=frozenset({"ald/renewal"})), Constraint.COMPETENCE),
    (replace(TASK, level=ControlLevel.REGIONAL), DOCTOR, Constraint.LEVEL),
    (replace(IN_FES, in_person=True), DOCTOR, Constraint.PLACE),
    (TASK, replace(DOCTOR, absent_on=frozenset({MONDAY})), Constraint.ABSENCE),
    (replace(TASK, due_on=None), replace(DOCTOR, absent_on=frozenset(DAYS)), Constraint.ABSENCE),
    (replace(TASK, prescriber_id="P-1"), DOCTOR, Constraint.CONFLICT),
    (replace(TASK, provider_id="P-1"), DOCTOR, Constraint.CONFLICT),
    (replace(TASK, treating_ids=frozenset({"P-0", "P-1"})), DOCTOR, Constraint.CONFLICT),
    (
        TASK,
        replace(DOCTOR, conflicts=(Conflict("relative", "123456789"),)),
        Constraint.CONFLICT,
    ),
    (
        TASK,
        replace(DOCTOR, conflicts=(Conflict("declared", "123456789/1"),)),
        Constraint.CONFLICT,
    ),
    (
        replace(TASK, provider_id="CLINIC-7"),
        replace(DOCTOR, conflicts=(Conflict("establishment", "CLINIC-7"),)),
        Constraint.CONFLICT,
    ),
    (replace(TASK, excluded={DOCTOR.id: "author"}), DOCTOR, Constraint.EXCLUSION),
    (TASK, replace(DOCTOR, open_points=81), Constraint.CAPACITY),
]


@pytest.mark.parametrize(("task", "doctor", "constraint"), REFUSED)
def test_each_hard_constraint_alone_keeps_a_file_away_and_is_counted(task, doctor, constraint):
    assert why_not(task, doctor) == {constraint: 1}


@pytest.mark.parametrize(("task", "doctor", "constraint"), REFUSED[:-1])
def test_the_checker_names_the_same_constraint_in_its_own_words(task, doctor, constraint):
    assert [refusal.constraint for refusal in refusals(task, doctor, DAYS)] == [constraint]


@pytest.mark.parametrize(
    ("task", "doctor"),
    [
        (TASK, DOCTOR),
        (TASK, replace(DOCTOR, open_points=80)),
        (IN_FES, DOCTOR),
        (replace(TASK, in_person=True, agency="CASA-2"), DOCTOR),
        (replace(IN_FES, in_person=True), replace(DOCTOR, units=frozenset({"FES-1"}))),
        (replace(IN_FES, in_person=True), replace(DOCTOR, units=frozenset({"MA-03"}))),
        (TASK, replace(DOCTOR, competences=frozenset({"ald/first"}))),
        (TASK, replace(DOCTOR, level=ControlLevel.CENTRAL)),
        (replace(TASK, due_on=MONDAY - timedelta(9)), DOCTOR),
        (replace(TASK, due_on=None), replace(DOCTOR, absent_on=frozenset({MONDAY}))),
        (replace(TASK, prescriber_id="P-2", provider_id="P-3"), DOCTOR),
        (
            replace(IN_FES, in_person=True, level=ControlLevel.CENTRAL),
            replace(DOCTOR, level=ControlLevel.CENTRAL, agency=None, region=None),
        ),
    ],
)
def test_what_no_constraint_forbids_is_assigned(task, doctor):
    [assigned] = plan([task], [doctor], Weights(), days=DAYS).assignments

    assert assigned.doctor_id == doctor.id
    assert list(refusals(task, doctor, DAYS)) == []


def test_a_doctor_counts_once_under_the_first_constraint_that_eliminates_them():
    other = replace(DOCTOR, id=UUID(int=2), active=False, competences=frozenset())
    task = replace(TASK, flow="dental", prescriber_id="P-1")

    answer = rank(task, [DOCTOR, other], Weights(), days=DAYS)

    assert isinstance(answer, UnassignedTask)
    assert list(answer.removed) == [each for each in Constraint if each != "affinity"]
    assert {name: n for name, n in answer.removed.items() if n} == {
        Constraint.ACTIVE: 1,
        Constraint.COMPETENCE: 1,
    }
    assert not answer.awaits_capacity


def test_a_fund_without_doctors_leaves_every_file_unassigned_for_no_constraint():
    [left] = plan([TASK], [], Weights(), days=DAYS).unassigned

    assert left.task is TASK
    assert set(left.removed.values()) == {0}


@pytest.mark.parametrize(
    ("change", "field"),
    [({"capacity_points": -1}, "capacity_points"), ({"open_points": -1}, "open_points")],
)
def test_a_doctor_with_negative_points_is_refused(change, field):
    with pytest.raises(InvalidInput) as refused:
        replace(DOCTOR, **change)
    assert refused.value.field == field


def test_a_task_with_negative_points_is_refused():
    with pytest.raises(InvalidInput, match="-1") as refused:
        replace(TASK, points=-1)
    assert refused.value.field == "points"


@pytest.mark.parametrize(
    ("tasks", "doctors", "days", "field"),
    [
        ([TASK, TASK], [DOCTOR], DAYS, "task"),
        ([TASK], [DOCTOR, DOCTOR], DAYS, "doctor"),
        ([TASK], [DOCTOR], (), "days"),
    ],
)
def test_an_input_that_contradicts_itself_is_refused(tasks, doctors, days, field):
    with pytest.raises(InvalidInput) as refused:
        plan(tasks, doctors, Weights(), days=days)
    assert refused.value.field == field
