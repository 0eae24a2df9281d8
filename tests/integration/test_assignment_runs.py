"""Runs over the pool, levers, points, reasons: against the real database."""

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from assignment.batch_run import run_batch
from assignment.calendar import horizon
from assignment.capacity import CapacityCell, free_time
from assignment.explaining import explain
from assignment.invariants import check_standing
from assignment.levers import current, set_lever
from assignment.loading_doctors import load_doctors
from assignment.loading_tasks import load_tasks
from assignment.staff import staff
from medcontrol.db import transaction
from medcontrol.errors import InvalidInput
from medcontrol.model import Absence, Competence, DoctorSuperior, DoctorUnit
from medcontrol.services.points import Size, export_points, import_points, tariff
from medcontrol.turns import take_turn
from medcontrol.vocabulary import ControlLevel, StepKind
from tests.integration.assignment_fund import (
    LONG_AGO,
    NOW,
    TODAY,
    add_doctor,
    add_opinion,
    add_task,
    add_tasks,
    add_units,
)


@pytest.fixture
def fund(db: Session) -> Session:
    """Two regions without doctors."""
    add_units(db)
    db.commit()
    return db


def run(**more):
    return run_batch("ma", now=lambda: NOW, **more)


def loads(session):
    rows = session.execute(sa.text("SELECT doctor_id, open_points FROM doctor_load"))
    return {row.doctor_id: row.open_points for row in rows if row.open_points}


def test_a_large_run_gives_two_days_of_work_and_says_when_the_rest_is_due(fund):
    doctors = [add_doctor(fund, minutes=100) for _ in range(4)]
    add_tasks(fund, 250, points=10)
    fund.commit()

    tried = run(is_dry_run=True)
    unwritten = loads(fund)
    done = run()

    assert unwritten == {}
    assert tried.plan == done.plan
    assert loads(fund) == dict.fromkeys(doctors, 200)
    assert (done.waiting, done.assigned, done.dropped) == (250, 80, Counter())
    assert done.unassigned == {"awaits_capacity": 170}
    days = horizon(fund, TODAY, "ma", 10)
    expected = Counter(
        fund.execute(
            sa.text("SELECT expected_on FROM human_task WHERE assigned_doctor_id IS NULL")
        ).scalars()
    )
    # Four doctors do ten files a day each; the third day is the first that is not given yet.
    assert expected == {**dict.fromkeys(days[2:6], 40), days[6]: 10}
    assert check_standing(fund, jurisdiction="ma", now=NOW).counts == {}
    again = run()
    assert (again.assigned, again.waiting) == (0, 170)


def test_a_region_that_another_run_is_at_is_left_to_it(open_fund):
    with transaction() as session:
        add_doctor(session)
        add_doctor(session, unit="T-B1")
        add_task(session)
        there = add_task(session, agency="T-B1", region="T-R2")
    with transaction() as other:
        assert take_turn(other, "assign:T-R1")
        done = run()
    assert done.busy_regions == ("T-R1",)
    assert [each.task.id for each in done.plan.assignments] == [there]
    assert run().assigned == 1


def test_parts_that_are_written_at_once_share_no_doctor(fund, monkeypatch):
    """Else one would wait for the other's locks until all of it is written."""
    from assignment import batch_run

    for _ in range(4):
        add_doctor(fund, minutes=480)
    add_tasks(fund, 40, points=10)
    fund.commit()
    parts: list[set[UUID]] = []
    write = batch_run._write

    def seen(part, *others):
        parts.append({each.doctor_id for each in part})
        return write(part, *others)

    monkeypatch.setattr(batch_run, "_write", seen)
    done = run(chunk=5)

    assert done.assigned == 40
    assert len(parts) > 1
    assert sum(len(each) for each in parts) == len(set().union(*parts))


def test_what_changed_since_the_plan_is_left_out_and_counted(fund, monkeypatch):
    doctor_id = add_doctor(fund, minutes=100)
    tasks = add_tasks(fund, 3, points=10)
    fund.commit()
    from assignment import batch_run

    plan = batch_run.plan_over

    def meanwhile(eligibility, of):
        found = plan(eligibility, of)
        moved = "UPDATE control_file f SET version = version + 1 FROM human_task t"
        fund.execute(sa.text(f"{moved} WHERE t.id = :id AND f.id = t.control_file_id"),
                     {"id": tasks[0]})  # fmt: skip
        fund.execute(sa.text("INSERT INTO doctor_load VALUES (:id, 185, 1)"), {"id": doctor_id})
        fund.commit()
        return found

    monkeypatch.setattr(batch_run, "plan_over", meanwhile)
    done = run()

    assert (done.assigned, done.dropped) == (1, {"changed": 1, "full": 1})


def test_a_renewal_waits_a_little_for_the_doctor_who_knows_the_person(fund):
    knows, other = add_doctor(fund, minutes=100), add_doctor(fund, minutes=100)
    fund.execute(sa.text("INSERT INTO doctor_load VALUES (:id, 195, 1)"), {"id": knows})
    old = add_task(fund, registration_number="77")
    [file_id] = fund.execute(
        sa.text("SELECT control_file_id FROM human_task WHERE id = :id"), {"id": old}
    ).scalars()
    add_opinion(fund, file_id, knows)
    fund.execute(sa.text("UPDATE human_task SET status = 'done' WHERE id = :id"), {"id": old})
    task_id = add_task(fund, registration_number="77", nature="renewal")
    fund.execute(sa.text("UPDATE human_task SET nature = 'renewal' WHERE id = :id"),
                 {"id": task_id})  # fmt: skip
    fund.commit()

    waits = run()
    set_lever(fund, "affinity_days_renewal", 0, valid_from=TODAY, who=None, why="try", now=NOW)
    fund.commit()
    goes = run()

    assert waits.assigned == 0
    [left] = waits.plan.unassigned
    assert left.removed["affinity"] == 1
    assert left.expected_on == horizon(fund, TODAY, "ma")[2]
    assert [each.doctor_id for each in goes.plan.assignments] == [other]


def test_an_appeal_goes_neither_to_the_author_nor_to_who_was_their_superior_then(fund):
    author, superior, later, free = (add_doctor(fund) for _ in range(4))
    for who, first, last in ((superior, LONG_AGO, TODAY + timedelta(9)),
                             (later, TODAY + timedelta(10), None)):  # fmt: skip
        fund.add(DoctorSuperior(doctor_id=author, superior_id=who, valid_from=first, valid_to=last))
    contested = add_task(fund)
    [file_id] = fund.execute(
        sa.text("SELECT control_file_id FROM human_task WHERE id = :id"), {"id": contested}
    ).scalars()
    add_opinion(fund, file_id, author)
    appeal = add_task(fund, parent_id=file_id)

    [facts] = load_tasks(fund, [appeal])

    assert set(facts.excluded) == {author, superior}
    assert facts.excluded[superior] == "superior_of_author"
    assert facts.previous_doctor is None
    assert {later, free}.isdisjoint(facts.excluded)


def test_units_served_and_specialties_and_their_level_come_from_the_database(fund):
    doctor_id = add_doctor(fund, competences=())
    fund.add(DoctorUnit(doctor_id=doctor_id, unit_code="T-B1", valid_from=LONG_AGO))
    fund.add(
        Competence(doctor_id=doctor_id, flow="ald", specialty="cardiology",
                   level=ControlLevel.CENTRAL, valid_from=LONG_AGO)
    )  # fmt: skip
    fund.flush()

    [doctor] = load_doctors(fund, TODAY, "ma", ids=[doctor_id])

    assert doctor.units == {"T-B1"}
    assert doctor.competences == {"ald//cardiology"}
    assert doctor.level_for("ald", "first", "cardiology") is ControlLevel.CENTRAL
    assert doctor.level_for("ald", "first", None) is None


def test_staff_is_compiled_again_when_something_of_it_changed_and_only_then(fund):
    doctor_id = add_doctor(fund)
    fund.flush()
    once, twice = staff(fund, "ma", NOW), staff(fund, "ma", NOW)
    fund.add(Absence(doctor_id=doctor_id, first_day=TODAY, last_day=TODAY, reason="leave"))
    fund.flush()
    changed = staff(fund, "ma", NOW)

    assert once is twice
    assert changed is not once
    assert changed.doctors[changed.eligibility.table.position[doctor_id]].minutes[0] == 0


def test_free_points_are_the_calendar_less_leave_less_what_is_held(fund):
    days = horizon(fund, TODAY, "ma")
    busy = add_doctor(fund, minutes=60, competences=("ald", "dental/first"))
    away = add_doctor(fund, minutes=60, unit="T-R1", level=ControlLevel.REGIONAL)
    fund.execute(sa.text("INSERT INTO doctor_load VALUES (:id, 80, 1)"), {"id": busy})
    fund.add(Absence(doctor_id=away, first_day=days[0], last_day=days[1], reason="leave"))
    fund.flush()

    cells = free_time(fund, "ma", days).cells
    local = [cells[CapacityCell("ald", ControlLevel.LOCAL, "T-R1", day)] for day in days]
    regional = [cells[CapacityCell("ald", ControlLevel.REGIONAL, "T-R1", day)] for day in days]
    totals = free_time(fund, "ma", days, without=[away]).totals

    assert local == [0, 40, 60, 60, 60]
    assert cells[CapacityCell("dental", ControlLevel.LOCAL, "T-R1", days[1])] == 40
    assert regional == [0, 0, 60, 60, 60]
    assert totals == {(ControlLevel.LOCAL, "T-R1", d): n for d, n in zip(days, local, strict=True)}


def test_a_lever_holds_from_its_day_and_refuses_what_is_out_of_range(fund):
    tomorrow = TODAY + timedelta(1)
    said = {"who": None, "why": "rush", "now": NOW}
    set_lever(fund, "wip_days", 1.5, valid_from=tomorrow, **said)

    assert (current(fund, TODAY).wip_days, current(fund, tomorrow).wip_days) == (2.0, 1.5)
    for name, value, why in (("wip_days", 9, "x"), ("settle_days", 1.5, "x"), ("none", 1, "x"),
                             ("wip_days", float("nan"), "x"), ("wip_days", 1, " ")):  # fmt: skip
        with pytest.raises(InvalidInput):
            set_lever(fund, name, value, valid_from=TODAY, who=None, why=why, now=NOW)


def test_points_follow_the_most_precise_rule_of_the_day_and_grow_with_the_file(fund):
    text = (
        "flow,nature,step,per,points,valid_from,why\n"
        "ald,,control_on_file,task,20,2020-01-01,measured\n"
        "ald,renewal,control_on_file,task,7,2020-01-01,measured\n"
        ",,,line,2,2020-01-01,measured\n"
        "ald,,control_on_file,task,30,2030-01-01,later\n"
    )
    report = import_points(fund, text.encode(), "ma", who=None, now=NOW)
    again = import_points(fund, export_points(fund, "ma").encode(), "ma", who=None, now=NOW)
    now, later = tariff(fund, "ma", TODAY), tariff(fund, "ma", date(2031, 1, 1))
    step = StepKind.CONTROL_ON_FILE

    assert (report.added, again.unchanged, again.added) == (4, 4, 0)
    assert now.minutes("ald", "first", step, Size(), usual=1) == 20
    assert now.minutes("ald", "renewal", step, Size(lines=3), usual=1) == 13
    assert later.minutes("ald", "first", step, Size(), usual=1) == 30
    assert now.minutes("dental", "first", step, Size(), usual=1) == 6  # of the package


def test_a_file_says_who_else_was_near_and_a_stuck_one_who_fell_out_in_order(fund):
    near, far = add_doctor(fund), add_doctor(fund, unit="T-B1")
    add_doctor(fund, competences=("dental",))
    held = add_task(fund)
    stuck = add_task(fund, flow="hospital")
    fund.commit()
    run()
    files = sa.text("SELECT control_file_id FROM human_task WHERE id = :id")

    [of_held] = explain(
        fund, fund.execute(files, {"id": held}).scalar_one(), jurisdiction="ma", now=NOW
    )
    [of_stuck] = explain(
        fund, fund.execute(files, {"id": stuck}).scalar_one(), jurisdiction="ma", now=NOW
    )

    assert of_held.chosen is not None
    assert of_held.chosen.doctor_id == near
    assert [each.doctor_id for each in of_held.others] == [far]
    assert (of_stuck.doctor, of_stuck.waits) == (None, "competence:3")
    assert list(of_stuck.removed)[:3] == ["active", "profession", "competence"]
    assert of_stuck.candidates == ()
    told = fund.execute(
        sa.text("SELECT key FROM outbox_message WHERE topic = 'events.deliver'")
    ).scalars()
    assert list(told) == [f"event:file.unassignable:{stuck}"]
