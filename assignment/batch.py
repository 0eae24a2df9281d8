"""Plan of a batch: tasks in order of urgency, each to the cheapest eligible doctor with room."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from assignment.doctors import DoctorTable
from assignment.eligibility import Barred, Eligibility, Group
from assignment.facts import (
    DoctorFacts,
    Plan,
    PlannedAssignment,
    TaskFacts,
    UnassignedTask,
    check_unique,
)
from assignment.forecast import Forecast
from assignment.horizon import Horizon
from assignment.ledger import INFINITE, Ledger, cheapest
from assignment.reasons import Rule, Why
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
    return plan_over(Eligibility(DoctorTable(doctors, days), weights), tasks)


def plan_over(eligibility: Eligibility, tasks: Sequence[TaskFacts]) -> Plan:
    """Decide as ``plan``, with constraints that were compiled before."""
    check_unique((task.id for task in tasks), "task")
    run = _Run(Ledger(eligibility), sorted(tasks, key=lambda task: task.urgency))
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
    return rank_over(Eligibility(DoctorTable(doctors, days), weights), task)


def rank_over(
    eligibility: Eligibility, task: TaskFacts, *, without: Collection[int] = ()
) -> Why | UnassignedTask:
    """Explain as ``rank``, with constraints that were compiled before.

    ``without`` are positions of doctors to pass over; in the counts they are as good as full.
    """
    ledger = Ledger(eligibility)
    group, barred = eligibility.group(task), eligibility.barred(task)
    costs = ledger.costs(task, group, barred)
    for doctor in without:
        place = group.find(doctor)
        if place is not None:
            costs[place] = INFINITE
    at = cheapest(costs)
    forecast = Forecast(Horizon(eligibility.table), eligibility.table.open_points)
    expected = ledger.wait_for_previous(task, group, barred, forecast) if at is not None else None
    if at is None or expected is not None:
        removed = ledger.removed(task, group, barred, waits=expected is not None)
        expected = expected or forecast.expect(task, group, barred)
        return UnassignedTask(task, removed, expected)
    return ledger.why(task, at, Rule.CHEAPEST, costs, group)


class _Run:
    """One batch on its way: who has what, and who waits for room. Tasks go by their number."""

    def __init__(self, ledger: Ledger, tasks: Sequence[TaskFacts]) -> None:
        self.ledger = ledger
        self.tasks = tasks
        self.doctor_of: dict[int, int] = {}
        self.why_of: dict[int, Why] = {}
        self.waits: dict[int, date] = {}
        self.horizon = Horizon(ledger.table)
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
        if self._waits(number, group, barred):
            return
        costs = ledger.costs(task, group, barred)
        at = cheapest(costs)
        if at is not None:
            self.why_of[number] = ledger.why(task, at, Rule.CHEAPEST, costs, group)
            doctor = self.doctor_of[number] = group.doctors.item(at)
            ledger.add(doctor, task.points)
        elif not barred:
            self._full[group] = task.points

    def _waits(self, number: int, group: Group, barred: Mapping[int, Barred]) -> bool:
        """Leave a task in the pool for the doctor who knows the person and has time soon."""
        task, ledger = self.tasks[number], self.ledger
        if not task.patience:
            return False
        forecast = Forecast(self.horizon, ledger.load)
        day = ledger.wait_for_previous(task, group, barred, forecast)
        if day is not None:
            self.waits[number] = day
        return day is not None

    def repair(self) -> None:
        """Try to make room for those who found none, and say why of what moved."""
        room = Room(self.ledger, self.tasks, self.doctor_of)
        for number in make_room(room, without=self.waits):
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
        rows = self.ledger.table.rows
        forecast = Forecast(self.horizon, self.ledger.load)
        assigned: list[PlannedAssignment] = []
        unassigned: list[UnassignedTask] = []
        for number, task in enumerate(self.tasks):
            doctor = self.doctor_of.get(number)
            if doctor is not None:
                assigned.append(PlannedAssignment(task, rows[doctor].id, self.why_of[number]))
            else:
                unassigned.append(self._unassigned(number, task, forecast))
        return Plan(tuple(assigned), tuple(unassigned))

    def _unassigned(self, number: int, task: TaskFacts, forecast: Forecast) -> UnassignedTask:
        ledger, day = self.ledger, self.waits.get(number)
        group, barred = ledger.eligibility.group(task), ledger.eligibility.barred(task)
        removed = ledger.removed(task, group, barred, waits=day is not None)
        return UnassignedTask(task, removed, day or forecast.expect(task, group, barred))
