"""Who could take files that are to be moved, before one is chosen (médecins éligibles)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from assignment.calendar import horizon
from assignment.checker import refusals
from assignment.facts import DoctorFacts, TaskFacts
from assignment.service import load_doctors, load_tasks
from medcontrol.queries.supervision import DoctorName

# Enough to tell whom to choose; the preview looks at all.
MOST_CHECKED = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A doctor with how many of the tasks they may have, and what keeps them from the others."""

    doctor: DoctorName
    fits: int
    obstacle: str | None  # the constraint that keeps the doctor from most of the others
    points: int
    capacity: int

    @property
    def room(self) -> int:
        """Points that still fit in."""
        return max(0, self.capacity - self.points)


def candidates(
    session: Session,
    doctors: Sequence[DoctorName],
    holders: Mapping[UUID, UUID | None],
    today: date,
    jurisdiction: str,
) -> tuple[tuple[Candidate, ...], int]:
    """Return the doctors: who may have most of the tasks, then who is near, then who has room.

    Capacity is not held against anybody here: it is shown beside the name.

    Args:
        session: any; nothing is written.
        doctors: who may be chosen.
        holders: the tasks, each with the doctor who has it now.
        today: the civil day.
        jurisdiction: whose calendar.

    Returns:
        The candidates, and how many tasks were looked at.
    """
    days = horizon(session, today, jurisdiction)
    tasks = load_tasks(session, list(holders)[:MOST_CHECKED])
    ids = [each.id for each in doctors]
    facts = {each.id: each for each in load_doctors(session, today, jurisdiction, ids=ids)}
    found = [
        _candidate(doctor, facts[doctor.id], tasks, days, holders)
        for doctor in doctors
        if doctor.id in facts
    ]
    places = {task.agency for task in tasks} | {task.region for task in tasks}
    found.sort(
        key=lambda each: (
            -each.fits, each.doctor.unit_code not in places, -each.room, each.doctor.name,
        )
    )  # fmt: skip
    return tuple(found), len(tasks)


def _candidate(
    doctor: DoctorName,
    facts: DoctorFacts,
    tasks: Sequence[TaskFacts],
    days: Sequence[date],
    holders: Mapping[UUID, UUID | None],
) -> Candidate:
    obstacles: Counter[str] = Counter()
    for task in tasks:
        if holders[task.id] == doctor.id:
            obstacles["unchanged"] += 1
            continue
        first = next(refusals(task, facts, days), None)
        if first is not None:
            obstacles[first.constraint.value] += 1
    usual = obstacles.most_common(1)
    return Candidate(
        doctor=doctor,
        fits=len(tasks) - obstacles.total(),
        obstacle=usual[0][0] if usual else None,
        points=facts.open_points,
        capacity=facts.capacity_points,
    )
