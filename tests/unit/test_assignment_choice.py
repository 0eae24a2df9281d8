"""Which of the eligible doctors gets a file, and what is said about it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from assignment.batch import plan, rank
from assignment.reasons import Rule, Why
from assignment.scoring import Weights
from medcontrol.vocabulary import ControlLevel, DoctorKind
from tests.unit.test_assignment_eligibility import DAYS, DOCTOR, MONDAY, TASK

SECOND = replace(DOCTOR, id=UUID(int=2), professional_id=None)


def chosen(task, doctors, **weights):
    [assigned] = plan([task], doctors, Weights(**weights), days=DAYS).assignments
    return assigned


def test_the_agency_comes_before_the_region_and_the_region_before_elsewhere():
    near = replace(SECOND, agency="CASA-2")
    far = replace(DOCTOR, id=UUID(int=3), agency="FES-1", region="MA-03")

    why = chosen(TASK, [far, near, DOCTOR]).why

    assert [why.chosen.doctor_id, *(c.doctor_id for c in why.others)] == [
        DOCTOR.id, near.id, far.id,
    ]  # fmt: skip
    assert [why.chosen.place, *(c.place for c in why.others)] == [0, 1, 4]


def test_a_regional_file_knows_no_agency():
    regional = replace(DOCTOR, level=ControlLevel.REGIONAL, agency=None)
    task = replace(TASK, level=ControlLevel.REGIONAL)

    assert chosen(task, [regional]).why.chosen.place == 0


def test_a_doctor_of_a_higher_level_is_kept_for_higher_work():
    central = replace(DOCTOR, level=ControlLevel.CENTRAL)

    why = chosen(TASK, [central, SECOND]).why

    assert why.chosen.doctor_id == SECOND.id
    assert [c.level for c in why.others] == [4]


def test_who_followed_the_person_before_goes_on_although_another_has_less_to_do():
    busier = replace(SECOND, open_points=20)

    why = chosen(replace(TASK, previous_doctor=busier.id), [DOCTOR, busier]).why

    assert why.chosen.doctor_id == busier.id
    assert why.chosen.continuity == -6


def test_a_previous_doctor_who_became_the_prescriber_gets_nothing():
    task = replace(TASK, previous_doctor=DOCTOR.id, prescriber_id="P-1")

    assert chosen(task, [DOCTOR, SECOND]).doctor_id == SECOND.id


def test_the_load_sends_a_file_away_from_home_when_home_is_busy():
    busy = replace(DOCTOR, open_points=60)
    idle = replace(SECOND, agency="FES-1", region="MA-03")

    assert chosen(TASK, [busy, idle]).doctor_id == idle.id
    assert chosen(TASK, [busy, idle], load=1.0).doctor_id == busy.id


def test_a_contracted_doctor_is_paid_by_the_file_and_comes_second():
    contracted = replace(DOCTOR, kind=DoctorKind.CONTRACTED)

    why = chosen(TASK, [contracted, SECOND]).why

    assert why.chosen.doctor_id == SECOND.id
    assert why.others[0].fee == 0.5


def test_the_urgent_file_is_served_first_and_the_other_waits_for_room():
    late = replace(TASK, id=UUID(int=101), points=60, due_on=MONDAY + timedelta(9))
    urgent = replace(TASK, id=UUID(int=102), points=60, priority=-1, due_on=None)

    result = plan([late, urgent], [DOCTOR], Weights(), days=DAYS)

    assert [a.task for a in result.assignments] == [urgent]
    assert [u.task for u in result.unassigned] == [late]
    assert result.unassigned[0].awaits_capacity


def test_equal_files_spread_evenly_over_equal_doctors():
    tasks = [replace(TASK, id=UUID(int=1000 + i), points=10) for i in range(20)]

    result = plan(tasks, [DOCTOR, SECOND], Weights(), days=DAYS)

    doctors = [a.doctor_id for a in result.assignments]
    assert doctors.count(DOCTOR.id) == doctors.count(SECOND.id) == 10


def test_a_file_moves_aside_so_that_one_with_a_single_doctor_fits():
    flexible = replace(TASK, id=UUID(int=101), points=100, priority=-1)
    bound = replace(TASK, id=UUID(int=102), points=100, nature="renewal")
    first_only = replace(
        DOCTOR, id=UUID(int=3), agency="CASA-2", competences=frozenset({"ald/first"})
    )

    result = plan([flexible, bound], [DOCTOR, first_only], Weights(), days=DAYS)

    assert {a.task.id: a.doctor_id for a in result.assignments} == {
        flexible.id: first_only.id,
        bound.id: DOCTOR.id,
    }
    assert {a.why.rule for a in result.assignments} == {Rule.MADE_ROOM}


def test_unequal_files_are_packed_anew_when_there_is_one_way_only():
    points = [70, 60, 40, 30]
    tasks = [
        replace(TASK, id=UUID(int=100 + i), points=p, priority=i) for i, p in enumerate(points)
    ]
    tasks[3] = replace(tasks[3], priority=-1)  # 30 first: greedy parts 30 and 70 from each other

    result = plan(tasks, [DOCTOR, SECOND], Weights(), days=DAYS)

    assert result.unassigned == ()


def test_the_why_record_says_each_term_and_their_total():
    answer = rank(
        replace(TASK, agency="CASA-2"), [replace(DOCTOR, open_points=50)], Weights(), days=DAYS
    )

    assert isinstance(answer, Why)
    assert answer.as_json() == {
        "rule": "cheapest",
        "chosen": {
            "doctor": str(DOCTOR.id),
            "place": 1.0,
            "level": 0.0,
            "continuity": 0.0,
            "fee": 0.0,
            "load": 25.0,
            "total": 26.0,
        },
        "others": [],
    }


def test_no_more_than_three_others_are_shown_and_never_one_without_room():
    doctors = [replace(SECOND, id=UUID(int=10 + i), open_points=10 * i) for i in range(5)]
    full = replace(SECOND, id=UUID(int=5), open_points=100)

    others = chosen(TASK, [full, *doctors]).why.others

    assert [other.doctor_id for other in others] == [doctor.id for doctor in doctors[1:4]]
