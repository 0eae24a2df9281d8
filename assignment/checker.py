"""Independent check of a plan: says the rules a second time, plainly, sharing no code with it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from assignment.facts import Constraint, DoctorFacts, Plan, TaskFacts
from medcontrol.vocabulary import ControlLevel


class Refusal(NamedTuple):
    """Why a doctor may not have a task: the constraint, and a code that says more."""

    constraint: Constraint
    detail: str


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a plan. ``what`` is a constraint or ``bookkeeping``."""

    what: str
    task_id: UUID | None
    doctor_id: UUID | None
    detail: str


def refusals(task: TaskFacts, doctor: DoctorFacts, days: Sequence[date]) -> Iterator[Refusal]:
    """Yield every hard constraint that stands between a task and a doctor; capacity is not one.

    Args:
        task: what is to be done.
        doctor: who would do it.
        days: working days of the horizon, ascending, at least one.
    """
    if not doctor.active:
        yield Refusal(Constraint.ACTIVE, "inactive")
    if task.professions and doctor.profession not in task.professions:
        yield Refusal(Constraint.PROFESSION, doctor.profession)
    fitting = _fitting(task, doctor)
    if not fitting:
        yield Refusal(Constraint.COMPETENCE, f"{task.flow}/{task.nature}")
    elif not any(
        doctor.competence_levels.get(each, doctor.level).rank >= task.level.rank for each in fitting
    ):
        yield Refusal(Constraint.LEVEL, task.level)
    units = {doctor.agency, doctor.region, *doctor.units}
    travels = task.agency not in units and task.region not in units
    if task.in_person and travels and task.level is not ControlLevel.CENTRAL:
        yield Refusal(Constraint.PLACE, task.region)
    in_time = [day for day in days if task.due_on is None or day <= task.due_on] or days[:1]
    if all(day in doctor.absent_on for day in in_time):
        yield Refusal(Constraint.ABSENCE, in_time[-1].isoformat())
    yield from _conflicts(task, doctor)
    if doctor.id in task.excluded:
        yield Refusal(Constraint.EXCLUSION, task.excluded[doctor.id])
    elif task.reserved is not None and doctor.id not in task.reserved:
        yield Refusal(Constraint.EXCLUSION, "reserved_for_others")


def _fitting(task: TaskFacts, doctor: DoctorFacts) -> list[str]:
    """Return the doctor's competences that cover the task, whatever its level."""
    found = []
    for each in doctor.competences:
        flow, nature, specialty = (*each.split("/"), "", "")[:3]
        if flow == task.flow and nature in ("", task.nature) and specialty in ("", task.specialty):
            found.append(each)
    return found


def _conflicts(task: TaskFacts, doctor: DoctorFacts) -> Iterator[Refusal]:
    people = {
        "prescriber": {task.prescriber_id},
        "provider": {task.provider_id},
        "treating": task.treating_ids,
    }
    for relation, ids in people.items():
        if doctor.professional_id is not None and doctor.professional_id in ids:
            yield Refusal(Constraint.CONFLICT, relation)
    subjects = {task.registration_number, task.beneficiary_key}.union(*people.values()) - {None}
    for conflict in doctor.conflicts:
        if conflict.subject in subjects:
            yield Refusal(Constraint.CONFLICT, conflict.kind)


def check(
    plan: Plan, tasks: Sequence[TaskFacts], doctors: Sequence[DoctorFacts], days: Sequence[date]
) -> list[Violation]:
    """Return what is wrong with a plan; empty when it may be written."""
    found = list(_bookkeeping(plan, tasks))
    by_id = {doctor.id: doctor for doctor in doctors}
    points, urgent = Counter[UUID](), Counter[UUID]()
    for each in plan.assignments:
        doctor = by_id.get(each.doctor_id)
        if doctor is None:
            found.append(Violation("bookkeeping", each.task.id, each.doctor_id, "unknown doctor"))
            continue
        points[doctor.id] += each.task.points
        if each.task.priority == 0:
            urgent[doctor.id] += each.task.points
        found += [
            Violation(constraint, each.task.id, doctor.id, detail)
            for constraint, detail in refusals(each.task, doctor, days)
        ]
        if each.why.chosen.doctor_id != doctor.id:
            found.append(Violation("bookkeeping", each.task.id, doctor.id, "why of another doctor"))
    for doctor_id in points:
        found += _overload(by_id[doctor_id], points[doctor_id], urgent[doctor_id])
    return found


def _overload(doctor: DoctorFacts, points: int, urgent: int) -> Iterator[Violation]:
    """Yield a load that is too much; what is urgent may go beyond what all else must keep to."""
    load = doctor.open_points + points
    most = max(doctor.capacity_points, doctor.urgent_points)
    usual = max(doctor.capacity_points, doctor.open_points)
    if load > most or load - urgent > usual:
        detail = f"{load} points of {doctor.capacity_points}"
        yield Violation(Constraint.CAPACITY, None, doctor.id, detail)


def _bookkeeping(plan: Plan, tasks: Sequence[TaskFacts]) -> Iterator[Violation]:
    """Yield tasks that are not exactly once in the plan, as they were given."""
    given = {task.id: task for task in tasks}
    planned = [each.task for each in plan.assignments]
    planned += [each.task for each in plan.unassigned]
    times = Counter(task.id for task in planned)
    for task_id in given:
        if times[task_id] != 1:
            yield Violation("bookkeeping", task_id, None, f"planned {times[task_id]} times")
    for task in planned:
        if given.get(task.id) != task:
            yield Violation("bookkeeping", task.id, None, "not a task of this run")
