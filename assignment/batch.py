"""Plan of a batch: tasks in order of urgency, each to the cheapest eligible doctor with room."""

from collections.abc import Sequence
from datetime import date

from assignment.doctors import DoctorTable
from assignment.eligibility import Eligibility, Group
from assignment.facts import (
    DoctorFacts,
    Plan,
    PlannedAssignment,
    Rule,
    TaskFacts,
    UnassignedTask,
    Why,
    check_unique,
)
from assignment.ledger import Ledger, cheapest
from assignment.repair import Room, make_room
from assignment.scoring import Weights


def plan(
    tasks: Sequence[TaskFacts],
    doctors: Sequence[DoctorFacts],
    weights: Weights,
    *,
    days: Sequence[date],
) -> Plan:
    """Decide which doctor gets each task.

    Hard constraints are never broken and nobody goes over capacity. A task that finds every
    eligible doctor full may move other tasks of the same batch aside, within a fixed effort.
    The same input in any order gives the same plan.

    Args:
        tasks: each once.
        doctors: each once, with what they hold already.
        weights: what the soft wishes count.
        days: working days of the horizon, ascending, at least one; the first is the day of
            the run. Capacities are points over these days.

    Raises:
        InvalidInput: a task or a doctor is given twice, or there is no day.
    """
    check_unique((task.id for task in tasks), "task")
    ordered = sorted(tasks, key=lambda task: task.urgency)
    run = _Run(Ledger(Eligibility(DoctorTable(doctors, days), weights)), ordered)
    run.place_all()
    run.repair()
    return run.result()


def rank(
    task: TaskFacts, doctors: Sequence[DoctorFacts], weights: Weights, *, days: Sequence[date]
) -> Why | UnassignedTask:
    """Explain a task against the present loads: the best doctors, or why there is none.

    Raises:
        InvalidInput: as ``plan``.
    """
    ledger = Ledger(Eligibility(DoctorTable(doctors, days), weights))
    group, barred = ledger.eligibility.group(task), ledger.eligibility.barred(task)
    costs = ledger.costs(task, group, barred)
    at = cheapest(costs)
    if at is None:
        return UnassignedTask(task, ledger.removed(task, group, barred))
    return ledger.why(task, at, Rule.CHEAPEST, costs, group)


class _Run:
    """One batch on its way: who has what, and who waits for room. Tasks go by their number."""

    def __init__(self, ledger: Ledger, tasks: Sequence[TaskFacts]) -> None:
        self.ledger = ledger
        self.tasks = tasks
        self.doctor_of: dict[int, int] = {}
        self.why_of: dict[int, Why] = {}
        self._full: dict[Group, int] = {}

    def place_all(self) -> None:
        """Serve the tasks in order of urgency."""
        for number, task in enumerate(self.tasks):
            self._place(number, task)

    def _place(self, number: int, task: TaskFacts) -> None:
        """Give a task to the cheapest doctor with room, if there is one."""
        ledger = self.ledger
        group = ledger.eligibility.group(task)
        # Loads only grow here: what found no room once finds none later.
        if task.points >= self._full.get(group, task.points + 1):
            return
        barred = ledger.eligibility.barred(task)
        costs = ledger.costs(task, group, barred)
        at = cheapest(costs)
        if at is not None:
            self.why_of[number] = ledger.why(task, at, Rule.CHEAPEST, costs, group)
            doctor = self.doctor_of[number] = group.doctors.item(at)
            ledger.add(doctor, task.points)
        elif not barred:
            self._full[group] = task.points

    def repair(self) -> None:
        """Try to make room for those who found none, and say why of what moved."""
        for number in make_room(Room(self.ledger, self.tasks, self.doctor_of)):
            self.why_of[number] = self._explain_move(number)

    def _explain_move(self, number: int) -> Why:
        ledger, task, doctor = self.ledger, self.tasks[number], self.doctor_of[number]
        group = ledger.eligibility.group(task)
        ledger.add(doctor, -task.points)  # the load that the task would meet
        costs = ledger.costs(task, group, ledger.eligibility.barred(task))
        why = ledger.why(task, group.at(doctor), Rule.MADE_ROOM, costs, group)
        ledger.add(doctor, task.points)
        return why

    def result(self) -> Plan:
        """Return the plan in order of urgency."""
        ledger, rows = self.ledger, self.ledger.table.rows
        assigned: list[PlannedAssignment] = []
        unassigned: list[UnassignedTask] = []
        for number, task in enumerate(self.tasks):
            doctor = self.doctor_of.get(number)
            if doctor is not None:
                assigned.append(PlannedAssignment(task, rows[doctor].id, self.why_of[number]))
                continue
            group, barred = ledger.eligibility.group(task), ledger.eligibility.barred(task)
            unassigned.append(UnassignedTask(task, ledger.removed(task, group, barred)))
        return Plan(tuple(assigned), tuple(unassigned))
