"""A single file against live loads: the best doctor whom no other transaction is assigning to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlmodel import Session

from assignment.batch import rank, rank_over
from assignment.eligibility import Eligibility
from assignment.facts import (
    Constraint,
    DoctorFacts,
    Plan,
    PlannedAssignment,
    TaskFacts,
    UnassignedTask,
)
from assignment.loads import try_lock, wait_briefly
from assignment.reasons import Rule, Why
from assignment.scoring import Weights


def with_loads(doctors: Sequence[DoctorFacts], loads: Mapping[UUID, int]) -> list[DoctorFacts]:
    """Return the doctors with the open points of ``loads`` where it names them."""
    return [
        doctor
        if loads.get(doctor.id, doctor.open_points) == doctor.open_points
        else replace(doctor, open_points=loads[doctor.id])
        for doctor in doctors
    ]


def plan_one_by_one(
    session: Session, tasks: Sequence[TaskFacts], eligibility: Eligibility
) -> tuple[Plan, dict[UUID, int]]:
    """Plan a few tasks, locking only the doctors who are chosen.

    Args:
        session: the caller's transaction.
        tasks: a handful.
        eligibility: with the loads as they were read just now.

    Returns:
        The plan, and the loads that its doctors had before it, both under lock.
    """
    run = _OneByOne(session, eligibility)
    made: list[PlannedAssignment] = []
    left: list[UnassignedTask] = []
    for task in sorted(tasks, key=lambda task: task.urgency):
        answer = run.reserve(task)
        if isinstance(answer, UnassignedTask):
            left.append(answer)
        else:
            made.append(PlannedAssignment(task, answer.chosen.doctor_id, answer))
    return Plan(tuple(made), tuple(left)), run.locked


def keep(
    session: Session, task: TaskFacts, doctor: DoctorFacts, days: Sequence[date], weights: Weights
) -> tuple[Plan, DoctorFacts] | None:
    """Plan a task for the doctor who just worked on its file, if nothing speaks against it.

    Returns:
        The plan, and the doctor with the load under lock; None when the doctor may not have
        the task, has no room, or is being assigned to elsewhere.
    """
    if isinstance(rank(task, [doctor], weights, days=days), UnassignedTask):
        return None  # whatever the load is: most often another level, not worth a lock
    load = try_lock(session, doctor.id)
    if load is None:
        return None
    holder = replace(doctor, open_points=load)
    why = rank(task, [holder], weights, days=days)
    if isinstance(why, UnassignedTask):
        return None
    made = PlannedAssignment(task, holder.id, replace(why, rule=Rule.KEPT))
    return Plan((made,)), holder


class _OneByOne:
    """Doctors with their loads as far as they are known, and what this run adds to them."""

    def __init__(self, session: Session, eligibility: Eligibility) -> None:
        self.session = session
        self.eligibility = eligibility
        self.position = eligibility.table.position
        self.locked: dict[UUID, int] = {}
        self.added: Counter[UUID] = Counter()

    def reserve(self, task: TaskFacts) -> Why | UnassignedTask:
        """Choose a doctor under lock. Who is being assigned to elsewhere is passed over."""
        busy: set[int] = set()
        while True:
            answer = rank_over(self.eligibility, task, without=busy)
            if isinstance(answer, UnassignedTask):
                break
            best = answer.chosen.doctor_id
            if best not in self.locked:
                load = try_lock(self.session, best)
                if load is None:
                    busy.add(self.position[best])
                    continue
                if self._learn(best, load):
                    continue  # somebody assigned since: choose again, with the load as it is
            return self._take(task, answer)
        return self._wait(task) if busy else answer

    def _set(self, doctor_id: UUID, load: int) -> bool:
        """Note a load; return whether it differs from what was thought."""
        loads = {doctor.id: doctor.open_points for doctor in self.eligibility.table.rows}
        if loads[doctor_id] == load:
            return False
        self.eligibility = self.eligibility.with_loads({**loads, doctor_id: load})
        return True

    def _learn(self, doctor_id: UUID, load: int) -> bool:
        """Note a load seen under lock; return whether it differs from what was thought."""
        self.locked[doctor_id] = load
        return self._set(doctor_id, load)

    def _take(self, task: TaskFacts, answer: Why) -> Why:
        doctor_id = answer.chosen.doctor_id
        self.added[doctor_id] += task.points
        self._set(doctor_id, self.locked[doctor_id] + self.added[doctor_id])
        return answer

    def _wait(self, task: TaskFacts) -> Why | UnassignedTask:
        """Wait a moment for the best doctor of all; if that is too short, the pool has it."""
        answer = rank_over(self.eligibility, task)
        if isinstance(answer, UnassignedTask):
            return answer
        best = answer.chosen.doctor_id
        load = wait_briefly(self.session, best)
        if load is None:
            # Whoever could do it is being assigned to at this moment: as good as full.
            removed = {Constraint.CAPACITY: 1 + len(answer.others)}
            return UnassignedTask(task, removed, self.eligibility.table.days[0])
        self._learn(best, load)
        others = [at for each, at in self.position.items() if each != best]
        answer = rank_over(self.eligibility, task, without=others)
        return answer if isinstance(answer, UnassignedTask) else self._take(task, answer)
