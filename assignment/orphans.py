"""Files whose doctor is away (orphelins): to colleagues, moving as little else as can be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from assignment.doctors import DoctorTable
from assignment.eligibility import Eligibility
from assignment.facts import (
    DoctorFacts,
    Plan,
    PlannedAssignment,
    Rule,
    TaskFacts,
    Why,
)
from assignment.ledger import Ledger
from assignment.repair import Room, chain
from assignment.scoring import Weights
from assignment.spread import spread_over
from medcontrol.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Handover:
    """What becomes of the files of who is away.

    Attributes:
        plan: the orphans: their new doctors, or why there is none.
        moved: files of others that pass to a third doctor so that an orphan finds room.
    """

    plan: Plan
    moved: tuple[PlannedAssignment, ...] = ()


def plan_orphans(
    tasks: Sequence[TaskFacts],
    doctors: Sequence[DoctorFacts],
    weights: Weights,
    *,
    days: Sequence[date],
    held: Mapping[UUID, UUID] | None = None,
    others: Sequence[TaskFacts] = (),
    frozen: Collection[UUID] = (),
    budget: int = 0,
) -> Handover:
    """Find doctors for orphans; nothing else moves unless an orphan has no place otherwise.

    Args:
        tasks: the orphans, each once. Their points are in no doctor's load.
        doctors: who could take them; who is away may be among them, absent or inactive.
        weights: what the soft wishes count.
        days: working days of the horizon.
        held: who holds each of ``others``.
        others: tasks of colleagues, which are in their loads and may be moved.
        frozen: tasks of ``others`` that stay where they are: opened, or moved lately.
        budget: how many of ``others`` may move at most.

    Raises:
        InvalidInput: a task is given twice, one of ``others`` is held by nobody, no day.
    """
    eligibility = Eligibility(DoctorTable(doctors, days), weights)
    found = spread_over(eligibility, tasks).plan
    if not found.unassigned or budget <= 0 or not others:
        return Handover(found)
    return _Shifting(eligibility, found, others, held or {}, frozen).shift(budget)


class _Shifting:
    """Room for orphans by passing on files of others, one chain at a time. Tasks by number."""

    def __init__(
        self,
        eligibility: Eligibility,
        found: Plan,
        others: Sequence[TaskFacts],
        held: Mapping[UUID, UUID],
        frozen: Collection[UUID],
    ) -> None:
        table = self.table = eligibility.table
        placed = {each.task.id: each for each in found.assignments}
        movable = sorted(
            (each for each in others if each.id not in frozen), key=lambda task: task.urgency
        )
        self.eligibility, self.found = eligibility, found
        self.tasks = [
            *movable,
            *(each.task for each in found.assignments),
            *(left.task for left in found.unassigned),
        ]
        self.movable = len(movable)
        self.before: dict[int, int] = {}
        load = table.open_points.copy()
        for number, task in enumerate(self.tasks):
            holder = held.get(task.id) if number < self.movable else None
            holder = placed[task.id].doctor_id if task.id in placed else holder
            if holder is None and number < self.movable:
                raise InvalidInput(f"task {task.id} is held by nobody", field="held")
            if holder is not None and holder in table.position:
                self.before[number] = table.position[holder]
                if task.id in placed:
                    load[table.position[holder]] += task.points
        self.room = Room(Ledger(eligibility, load), self.tasks, dict(self.before))

    def shift(self, budget: int) -> Handover:
        """Place what is left, the most urgent first, within the budget."""
        for number in range(len(self.tasks) - len(self.found.unassigned), len(self.tasks)):
            state = dict(self.room.doctor_of)
            if not chain(self.room, number, set(), budget - self._spent()):
                continue
            if self._spent() > budget:
                self._take_back(state)
        return self._result()

    def _spent(self) -> int:
        now = self.room.doctor_of
        return sum(now.get(n) != self.before.get(n) for n in range(self.movable))

    def _take_back(self, state: Mapping[int, int]) -> None:
        for number in [n for n, d in self.room.doctor_of.items() if state.get(n) != d]:
            self.room.take(number)
        for number, doctor in state.items():
            if number not in self.room.doctor_of:
                self.room.give(number, doctor)

    def _result(self) -> Handover:
        now, rows = self.room.doctor_of, self.table.rows
        made: list[PlannedAssignment] = []
        moved: list[PlannedAssignment] = []
        first = {each.task.id: each for each in self.found.assignments}
        for number, task in enumerate(self.tasks):
            doctor = now.get(number)
            if doctor is None or (number < self.movable and self.before.get(number) == doctor):
                continue
            same = first.get(task.id)
            if same is None or same.doctor_id != rows[doctor].id:
                same = PlannedAssignment(task, rows[doctor].id, self._why(task, doctor))
            (moved if number < self.movable else made).append(same)
        placed = {each.task.id for each in made}
        left = tuple(each for each in self.found.unassigned if each.task.id not in placed)
        made.sort(key=lambda each: each.task.urgency)
        return Handover(Plan(tuple(made), left), tuple(moved))

    def _why(self, task: TaskFacts, doctor: int) -> Why:
        ledger = self.room.ledger
        ledger.add(doctor, -task.points)  # the load that the task would meet
        group, barred = self.eligibility.group(task), self.eligibility.barred(task)
        costs = ledger.costs(task, group, barred)
        why = ledger.why(task, group.at(doctor), Rule.MADE_ROOM, costs, group)
        ledger.add(doctor, task.points)
        return why
