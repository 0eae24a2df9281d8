"""Loads made even again (rééquilibrage): the fewest files that have to move. Pure.

Nothing happens while the busiest doctor is little above what any sharing-out would need: files
stay with whom they are. Beyond that, files pass from the busiest doctor to one who then holds
less than the busiest did, one by one and the ones that help most first, until it is well again or
the budget is spent. No step makes the busiest busier.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

import numpy as np

from assignment.bound import Bound
from assignment.doctors import DoctorTable, FloatArray, IntArray
from assignment.eligibility import Eligibility
from assignment.facts import DoctorFacts, TaskFacts, check_unique
from assignment.grouping import Grouping
from assignment.horizon import Horizon
from assignment.scoring import Weights
from medcontrol.errors import InvalidInput

#: Once it is uneven, files move until this share of the threshold is left, so that the next
#: small change does not make it uneven again.
_CALM = 0.5
#: Files may pass through several hands on the way: so many steps for each that may move.
_STEPS = 4


class Move(NamedTuple):
    """One file that would go from a doctor to another."""

    task: TaskFacts
    from_doctor: UUID
    to_doctor: UUID


@dataclass(frozen=True, slots=True)
class Balance:
    """A proposal.

    Attributes:
        moves: by doctor who gives, then by urgency; empty when loads are even enough.
        before, after: utilisation of the busiest doctor, over the days that were given.
        bound: the least that the busiest doctor needs to have, if files could be split.
    """

    moves: tuple[Move, ...]
    before: float
    after: float
    bound: float


def balance(
    tasks: Sequence[TaskFacts],
    held: Mapping[UUID, UUID],
    doctors: Sequence[DoctorFacts],
    weights: Weights,
    *,
    days: Sequence[date],
    budget: int,
    threshold: float,
    floor: float = 0.0,
) -> Balance:
    """Propose moves that make the busiest doctor less busy.

    Hard constraints hold for who receives, who also has each file in time and within what they
    may hold. A doctor without working time neither gives nor receives. The same input in any
    order gives the same proposal.

    Args:
        tasks: what may move, each once: held by one of the doctors, and not opened.
        held: who holds each task.
        doctors: each once; what they hold, ``tasks`` included, is in their open points.
        weights: what the soft wishes count.
        days: working days, ascending, at least one.
        budget: most files that move.
        threshold: utilisation above the least possible from which files move.
        floor: utilisation up to which nobody is too busy.

    Raises:
        InvalidInput: a task or doctor is given twice, a task is held by none of the doctors, no
            day.
    """
    check_unique((task.id for task in tasks), "task")
    eligibility = Eligibility(DoctorTable(doctors, days), weights)
    missing = [task.id for task in tasks if held.get(task.id) not in eligibility.table.position]
    if missing:
        raise InvalidInput(f"task {missing[0]} is held by none of the doctors", field="held")
    run = _Balancing(eligibility, sorted(tasks, key=lambda task: task.urgency), held)
    return run.balance(budget, threshold, floor)


class _Option(NamedTuple):
    """A file that may go to somebody; the smallest comes first."""

    knows: bool  # the giver knows the person
    falls_short: bool  # the giver stays too busy
    distance: int  # points too much or too little
    cost: float
    number: int
    to: int


class _Balancing:
    """One proposal on its way. Tasks by number, doctors by position."""

    def __init__(
        self, eligibility: Eligibility, tasks: Sequence[TaskFacts], held: Mapping[UUID, UUID]
    ) -> None:
        table = eligibility.table
        self.eligibility, self.table, self.tasks = eligibility, table, tasks
        self.first = [table.position[held[task.id]] for task in tasks]
        self.doctor_of = list(self.first)
        self.load: IntArray = table.open_points.copy()
        self.received = np.zeros_like(self.load)
        staying = table.open_points.copy()
        for number, doctor in enumerate(self.first):
            staying[doctor] -= tasks[number].points
        still = {
            each.id: max(0, left) for each, left in zip(table.rows, staying.tolist(), strict=True)
        }
        self.grouping = Grouping(eligibility.with_loads(still), tasks)
        self.horizon = Horizon(self.grouping.eligibility.table)
        self.total = self.horizon.total
        bound = Bound(self.grouping, self.horizon).utilisation
        fixed = self._share(self.grouping.eligibility.table.open_points).max(initial=0.0)
        self.bound = max(bound, float(fixed))
        for number, doctor in enumerate(self.first):
            self._book(number, doctor, 1)
        self.queues: dict[int, list[int]] = {}
        for number, doctor in enumerate(self.first):
            self.queues.setdefault(doctor, []).append(number)

    def _share(self, load: IntArray) -> FloatArray:
        """Return utilisation, (n,); 0 for who does not work."""
        used = np.zeros(len(load))
        np.divide(load, self.total, out=used, where=self.total > 0)
        return used

    def _book(self, number: int, doctor: int, sign: int) -> None:
        day, points = self.grouping.kind_of[number].day, self.tasks[number].points
        self.horizon.book(doctor, day, sign * points)

    def balance(self, budget: int, threshold: float, floor: float) -> Balance:
        """Move from the busiest until it is well again, or nothing helps."""
        least = max(self.bound, floor)
        before = float(self._share(self.load).max(initial=0.0))
        if before > least + threshold:
            aim = least + threshold * _CALM
            stuck: set[int] = set()
            for _ in range(len(self.total) + _STEPS * budget):
                busiest = self._busiest(aim, stuck)
                if busiest is None:
                    break
                option = min(self._options(busiest, aim, budget), default=None)
                if option is None:
                    stuck.add(busiest)
                else:
                    self._move(option.number, option.to)
        after = float(self._share(self.load).max(initial=0.0))
        return Balance(self._moves(), before, after, self.bound)

    def _busiest(self, aim: float, stuck: set[int]) -> int | None:
        used = self._share(self.load)
        used[list(stuck)] = 0.0
        if not len(used) or used.max() <= aim:
            return None
        return int(used.argmax())

    def _options(self, giver: int, aim: float, budget: int) -> Iterator[_Option]:
        """Yield what a doctor could pass on, and to whom it would go."""
        used = self._share(self.load)
        excess = int(np.ceil(self.load.item(giver) - aim * self.total.item(giver)))
        spent = sum(now != then for now, then in zip(self.doctor_of, self.first, strict=True))
        for number in self.queues.get(giver, ()):
            task = self.tasks[number]
            is_new = self.doctor_of[number] == self.first[number]
            if not task.points or (is_new and spent >= budget):
                continue
            found = self._receiver(number, used.item(giver), aim)
            if found is not None:
                to, cost = found
                knows = task.previous_doctor == self.table.rows[giver].id
                short = task.points < excess
                yield _Option(knows, short, abs(task.points - excess), cost, number, to)

    def _receiver(self, number: int, above: float, aim: float) -> tuple[int, float] | None:
        """Return who should take a task and its cost: nobody who would be as busy as its giver."""
        kind, points = self.grouping.kind_of[number], self.tasks[number].points
        doctors = kind.group.doctors
        after = self.load[doctors] + points
        total = self.total[doctors]
        used = np.divide(after, total, out=np.ones(len(doctors)) * np.inf, where=total > 0)
        # Files arrive before others leave: what they receive has to fit into what they may hold.
        most = self.table.open_points[doctors] + self.received[doctors] + points
        fits = (used < above) & (most <= self.table.capacity[doctors])
        fits &= self.horizon.in_time(doctors, kind.day, points)
        barred = self.grouping.barred.get(number, {})
        fits &= ~np.isin(doctors, [*barred, self.first[number], self.doctor_of[number]])
        if not fits.any():
            return None
        costs = kind.group.base + self.eligibility.weights.load * used * used
        if kind.previous is not None:
            costs[kind.group.at(kind.previous[0])] -= self.eligibility.weights.continuity
        calm = fits & (used <= aim)
        costs[~(calm if calm.any() else fits)] = np.inf
        at = int(costs.argmin())
        return doctors.item(at), costs.item(at)

    def _move(self, number: int, to: int) -> None:
        giver, points = self.doctor_of[number], self.tasks[number].points
        self._book(number, giver, -1)
        self._book(number, to, 1)
        self.queues[giver].remove(number)
        self.queues.setdefault(to, []).append(number)
        self.load[giver] -= points
        self.load[to] += points
        if giver != self.first[number]:
            self.received[giver] -= points
        self.received[to] += points
        self.doctor_of[number] = to

    def _moves(self) -> tuple[Move, ...]:
        rows = self.table.rows
        changed = [n for n, to in enumerate(self.doctor_of) if to != self.first[n]]
        changed.sort(key=lambda number: (self.first[number], number))
        return tuple(
            Move(self.tasks[n], rows[self.first[n]].id, rows[self.doctor_of[n]].id) for n in changed
        )
