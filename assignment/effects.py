"""What another value of a lever would do to today's pool: planned twice, never written (effet)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from assignment import levers
from assignment.batch import plan_over
from assignment.batch_run import EVEN_FROM, FLOW_FROM
from assignment.calendar import HORIZON_DAYS, PLANNED_DAYS, horizon
from assignment.doctors import DoctorTable
from assignment.eligibility import Eligibility
from assignment.facts import DoctorFacts, Plan, TaskFacts
from assignment.levers import Levers
from assignment.loading_doctors import load_doctors
from assignment.loading_tasks import load_snapshot
from assignment.service import find_waiting
from assignment.spread import spread_over
from assignment.staff import Staff
from medcontrol.clock import civil_date


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan of the pool comes to.

    Attributes:
        assigned, waiting: tasks with a doctor now, and tasks that wait.
        worst_utilisation: the largest load over the next days' minutes, held and planned.
        proximity: mean cost of distance of a task that is assigned; 0 is the same agency.
        continuity: tasks that go to the doctor who knows the person.
        known: tasks of people whom a doctor knows.
    """

    assigned: int = 0
    waiting: int = 0
    worst_utilisation: float = 0.0
    proximity: float = 0.0
    continuity: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class Effect:
    """The pool now and with the other value; ``moves`` counts tasks whose doctor differs."""

    pool: int
    moves: int
    before: Outcome
    after: Outcome


def changed(present: Levers, name: str, value: float) -> Levers:
    """Return levers with one of them set otherwise."""
    own: dict[str, Any] = {name: int(value) if levers.LEVERS[name].is_whole else value}
    if name in levers.OF_WEIGHTS:
        return replace(present, weights=replace(present.weights, **own))
    return replace(present, **own)


def value_of(present: Levers, name: str) -> float:
    """Return what one lever is."""
    values = asdict(present.weights) if name in levers.OF_WEIGHTS else asdict(present)
    return float(values[name])


def effect(
    session: Session, jurisdiction: str, name: str, value: float, *, now: datetime
) -> Effect:
    """Plan today's pool with a lever as it is and with another value. Nothing is written.

    Raises:
        InvalidInput: no such lever, or a value outside its range.
    """
    levers.check_value(name, value)
    on = civil_date(now, jurisdiction)
    present = levers.current(session, on)
    tasks, _ = load_snapshot(session, find_waiting(session, jurisdiction))
    plans = [
        _outcome(session, jurisdiction, now, each, tasks)
        for each in (present, changed(present, name, value))
    ]
    (before, old), (after, new) = plans
    moves = sum(old.get(task.id) != new.get(task.id) for task in tasks)
    return Effect(len(tasks), moves, before, after)


def _outcome(
    session: Session, jurisdiction: str, now: datetime, with_levers: Levers, tasks: list[TaskFacts]
) -> tuple[Outcome, Mapping[UUID, UUID]]:
    on = civil_date(now, jurisdiction)
    days = horizon(session, on, jurisdiction, PLANNED_DAYS)
    doctors = load_doctors(
        session, on, jurisdiction, days=days, wip_days=with_levers.wip_days,
        drain_days=with_levers.drain_days,
    )  # fmt: skip
    eligibility = Eligibility(DoctorTable(doctors, days), with_levers.weights)
    waiting = Staff(on, days, with_levers, eligibility).patient(tasks)
    if len(waiting) < FLOW_FROM:
        made = plan_over(eligibility, waiting)
    else:
        made = spread_over(eligibility, waiting, floor=EVEN_FROM).plan
    to = {each.task.id: each.doctor_id for each in made.assignments}
    return _summary(made, doctors, tasks), to


def _summary(made: Plan, doctors: Sequence[DoctorFacts], tasks: Sequence[TaskFacts]) -> Outcome:
    points: Counter[UUID] = Counter({each.id: each.open_points for each in doctors})
    for each in made.assignments:
        points[each.doctor_id] += each.task.points
    minutes = {each.id: sum(each.minutes[:HORIZON_DAYS]) for each in doctors}
    number = len(made.assignments)
    # Distance is told in agencies away, whatever a weight is: the same before and after.
    by_id = {each.id: each for each in doctors}
    far = sum(_distance(each.task, by_id[each.doctor_id]) for each in made.assignments)
    return Outcome(
        assigned=number,
        waiting=len(made.unassigned),
        worst_utilisation=max(
            (points[key] / room for key, room in minutes.items() if room), default=0.0
        ),
        proximity=far / number if number else 0.0,
        continuity=sum(each.task.previous_doctor == each.doctor_id for each in made.assignments),
        known=sum(task.previous_doctor is not None for task in tasks),
    )


def _distance(task: TaskFacts, doctor: DoctorFacts) -> int:
    """Return 0 for the task's agency, 1 for its region, 4 for another."""
    if task.agency in (doctor.agency, *doctor.units):
        return 0
    return 1 if task.region in (doctor.region, *doctor.units) else 4
