"""Plan of a large batch (répartition): a flow of points over days, rounded to whole files.

What `assignment.batch` does file by file, this does for all at once: loads even, deadlines met
where they can be, each file near its place. The same input in any order gives the same plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from assignment.bound import Bound
from assignment.doctors import DoctorTable, FloatArray, IntArray
from assignment.eligibility import Eligibility
from assignment.facts import DoctorFacts, Plan, TaskFacts, check_unique
from assignment.grouping import Grouping
from assignment.horizon import Horizon
from assignment.ledger import Ledger
from assignment.mending import Mending
from assignment.network import Network
from assignment.repair import Room, make_room
from assignment.rounding import Rounding
from assignment.scoring import Weights
from assignment.telling import Teller
from medcontrol.collecting import undisturbed

#: Slack above the bound that is tried first when files that were left over are placed.
_SLACK = (0.0, 0.003, 0.006, 0.015, 0.03, 0.06)


@dataclass(frozen=True, slots=True)
class Spread:
    """A plan with what it is measured by.

    Attributes:
        plan: who gets what now, and what waits until when.
        lower_bound: least worst utilisation of any plan that places as much, over the horizon;
            never below what the busiest doctor held before.
        worst_utilisation: of this plan, counting what waits for a doctor's later days.
        late_points: points that won't be done by their last day.
        late_points_bound: points that are late in any plan, even of files that may be split.
        demand: points of files that somebody may do. placed: those that fit into the horizon.
    """

    plan: Plan
    lower_bound: float
    worst_utilisation: float
    late_points: int
    late_points_bound: int
    demand: int
    placed: int


def spread(
    tasks: Sequence[TaskFacts],
    doctors: Sequence[DoctorFacts],
    weights: Weights,
    *,
    days: Sequence[date],
    floor: float = 0.0,
) -> Spread:
    """Plan tasks over the calendar; those that a doctor may hold already are given now.

    Hard constraints are never broken. Nobody is given more than ``capacity_points``; what is
    planned for later waits with the day on which it should be done.

    Args:
        tasks: each once.
        doctors: each once, with minutes by day and what they hold already.
        weights: what the soft wishes count.
        days: working days, ascending, at least one; the first is the day of the run.
        floor: utilisation up to which loads need not be even.

    Raises:
        InvalidInput: a task or a doctor is given twice, or there is no day.
    """
    return spread_over(Eligibility(DoctorTable(doctors, days), weights), tasks, floor=floor)


def spread_over(
    eligibility: Eligibility, tasks: Sequence[TaskFacts], *, floor: float = 0.0
) -> Spread:
    """Plan as ``spread``, with constraints that were compiled before."""
    check_unique((task.id for task in tasks), "task")
    with undisturbed():
        run = _Run(eligibility, sorted(tasks, key=lambda task: task.urgency), floor)
        run.place_all()
        return run.result()


class _Run:
    """One plan on its way. Tasks go by their number in the order of urgency."""

    def __init__(self, eligibility: Eligibility, tasks: Sequence[TaskFacts], floor: float) -> None:
        self.eligibility, self.tasks = eligibility, tasks
        self.table, self.weights = eligibility.table, eligibility.weights
        self.horizon = Horizon(self.table)
        self.grouping = Grouping(eligibility, tasks)
        self.bound = Bound(self.grouping, self.horizon)
        self.target = max(self.bound.utilisation, floor)
        self.rounding = Rounding(self.grouping, self.horizon, self.weights)
        self.patient: set[int] = set()  # wait for who knows the person

    def place_all(self) -> None:
        """Follow the flow, then place what is left under limits that are let out step by step."""
        self.left = list(range(len(self.tasks)))
        if not self.tasks or not len(self.table):
            return
        flow = Network(self.grouping, self.horizon, self.weights, target=self.target).solve()
        rounding, total = self.rounding, self.horizon.total
        left = rounding.follow(flow)
        even = self.target * total.astype(np.float64)
        above = np.minimum(even + max(task.points for task in self.tasks), total)
        for slack in _SLACK:
            left = rounding.place(left, np.minimum(even + slack * total, total), in_time=True)
        left = self._repair(self._place_or_mend(left, above), above)
        left = rounding.place(self._place_or_mend(left, total), total, in_time=False)
        self.left = self._repair(left, total)
        if self.horizon.late_points():
            Mending(rounding, total).hasten()

    def _place_or_mend(self, left: list[int], limit: FloatArray | IntArray) -> list[int]:
        """Place in time what is left over, others passed on for it; return what stays."""
        left = self.rounding.place(left, limit, in_time=True)
        return Mending(self.rounding, limit).place(left) if left else left

    def _repair(self, left: list[int], limit: FloatArray | IntArray) -> list[int]:
        """Make room for what found none by moving other files of the run; return what stays."""
        if not any(len(self.grouping.kind_of[number].group.doctors) for number in left):
            return left
        load = self.table.open_points
        ledger = Ledger(self.eligibility, load, np.maximum(limit, load).astype(np.int64))
        for number, doctor in self.rounding.doctor_of.items():
            ledger.add(doctor, self.tasks[number].points)
        if make_room(Room(ledger, self.tasks, self.rounding.doctor_of)):
            self.horizon = self.rounding.book_anew()
        return [number for number in left if number not in self.rounding.doctor_of]

    def _give_now(self) -> tuple[dict[int, int], dict[int, date | None]]:
        """Return who gets what now, and the day on which the rest should be done.

        Each doctor is given, in order of urgency, what they may hold now. What then waits goes
        to others who have nothing better to do, unless it waits for who knows the person.
        """
        queues: dict[int, list[int]] = {}
        for number in sorted(self.rounding.doctor_of):
            queues.setdefault(self.rounding.doctor_of[number], []).append(number)
        given: dict[int, int] = {}
        waits: dict[int, date | None] = dict.fromkeys(self.left)
        self.now = self.table.open_points.copy()
        for doctor, numbers in queues.items():
            self._serve(doctor, numbers, given, waits)
        self._fill(given, waits)
        return given, waits

    def _serve(
        self,
        doctor: int,
        numbers: Sequence[int],
        given: dict[int, int],
        waits: dict[int, date | None],
    ) -> None:
        """Give a doctor what may be held now; the rest has the day on which it will be done."""
        done = load = self.now.item(doctor)
        usual = self.table.capacity.item(doctor)
        urgent = usual + self.table.spare.item(doctor)
        for number in numbers:
            task = self.tasks[number]
            done += task.points
            if load + task.points <= (usual if task.priority else urgent):
                load += task.points
                given[number] = doctor
                continue
            day = self.horizon.day_when_done(doctor, done)
            waits[number] = None if day is None else self.table.days[day]
            is_known = task.previous_doctor == self.table.rows[doctor].id
            if is_known and day is not None and day <= task.patience:
                self.patient.add(number)
        self.now[doctor] = load

    def _fill(self, given: dict[int, int], waits: dict[int, date | None]) -> None:
        """Give what waits to who could begin it now."""
        capacity = self.table.capacity
        urgent = capacity + self.table.spare
        open_to = [number for number in waits if number not in self.patient]
        if not open_to or not (self.now < urgent).any():
            return
        filling = Rounding(self.grouping, Horizon(self.table), self.weights, load=self.now)
        filling.place(open_to, capacity, in_time=False, urgent=urgent)
        for number, doctor in filling.doctor_of.items():
            given[number] = doctor
            del waits[number]
        self.now = filling.load

    def result(self) -> Spread:
        """Return the plan: what fits now is given, the rest waits for its day."""
        total, load = self.horizon.total, self.rounding.load
        used = np.divide(load, total, out=np.zeros(len(load)), where=total > 0)
        held = np.divide(self.table.open_points, total, out=np.zeros(len(load)), where=total > 0)
        late = self.horizon.late_points()
        given, waits = self._give_now()
        plan = Teller(self.grouping, self.horizon, load, self.now).tell(given, waits, self.patient)
        return Spread(
            plan=plan,
            lower_bound=max(self.bound.utilisation, float(held.max(initial=0.0))),
            worst_utilisation=float(used.max(initial=0.0)),
            late_points=late,
            late_points_bound=self.bound.late_points,
            demand=self.bound.demand,
            placed=self.bound.placed,
        )
