"""Loads of a running batch: what each doctor would hold, and what the next file would cost."""

from collections.abc import Mapping
from datetime import date

import numpy as np

from assignment.doctors import BoolArray, FloatArray, IntArray
from assignment.eligibility import Barred, Eligibility, Group
from assignment.facts import Constraint, TaskFacts
from assignment.forecast import Forecast
from assignment.reasons import Candidate, Rule, Why
from assignment.scoring import load_cost, load_costs

INFINITE = float("inf")
OTHERS_SHOWN = 3


class Ledger:
    """Points that each doctor holds, starting with what they hold already."""

    def __init__(
        self,
        eligibility: Eligibility,
        loads: IntArray | None = None,
        capacity: IntArray | None = None,
    ) -> None:
        """Begin with what is held; (n,) each, the table's own when they are left out."""
        table = eligibility.table
        self.table = table
        self.weights = eligibility.weights
        self.eligibility = eligibility
        loads = table.open_points if loads is None else loads
        capacity = table.capacity if capacity is None else capacity
        self._ids = [doctor.id for doctor in table.rows]
        self.free: IntArray = capacity - loads
        # Urgent work goes beyond what may be given ahead, never beyond another limit.
        self._spare = table.spare if capacity is table.capacity and table.spare.any() else None
        self.load: IntArray = loads.copy()
        self._capacity: list[int] = capacity.tolist()
        self._load_costs: FloatArray = load_costs(loads, capacity, self.weights)

    @property
    def has_time(self) -> BoolArray:
        """(n,), who works at all."""
        finite: BoolArray = np.isfinite(self._load_costs)
        return finite

    def add(self, doctor: int, points: int) -> None:
        """Give points to the doctor at this position; negative points take them back."""
        self.load[doctor] += points
        self.free[doctor] -= points
        self._load_costs[doctor] = load_cost(
            self.load.item(doctor), self._capacity[doctor], self.weights
        )

    def room(self, task: TaskFacts, doctors: IntArray) -> IntArray:
        """Return the points that each of some doctors, (m,), could still be given for a task."""
        free: IntArray = self.free[doctors]
        if self._spare is not None and task.priority == 0:
            return free + self._spare[doctors]
        return free

    def costs(self, task: TaskFacts, group: Group, barred: Mapping[int, Barred]) -> FloatArray:
        """Return the cost of each doctor of the group, (m,); infinite for those barred or full."""
        costs: FloatArray = group.base + self._load_costs[group.doctors]
        costs[self.room(task, group.doctors) < task.points] = INFINITE
        if task.previous_doctor is not None:
            at = self._find(group, task)
            if at is not None:
                costs[at] -= self.weights.continuity
        for doctor in barred:
            at = group.find(doctor)
            if at is not None:
                costs[at] = INFINITE
        return costs

    def why(self, task: TaskFacts, at: int, rule: Rule, costs: FloatArray, group: Group) -> Why:
        """Return the why-record for the doctor at a place of the group. Spends ``costs``."""
        chosen = self.candidate(task, group, at)
        costs[at] = INFINITE
        others: list[Candidate] = []
        for _ in range(OTHERS_SHOWN):
            at = int(costs.argmin())
            if costs.item(at) == INFINITE:
                break
            others.append(self.candidate(task, group, at))
            costs[at] = INFINITE
        return Why(rule, chosen, tuple(others))

    def removed(
        self,
        task: TaskFacts,
        group: Group,
        barred: Mapping[int, Barred],
        *,
        waits: bool = False,
    ) -> dict[Constraint, int]:
        """Return how many doctors each constraint eliminated for a task, in order.

        ``waits``: those who have time are passed over for the doctor who knows the person.
        """
        inside = [why.constraint for at, why in barred.items() if group.find(at) is not None]
        left = np.array([at for at in group.doctors.tolist() if at not in barred], dtype=np.int64)
        has_time = self.has_time[left]  # or not even for a file of no points
        full = int(((self.room(task, left) < task.points) | ~has_time).sum())
        counts = {
            **group.removed,
            Constraint.CONFLICT: inside.count(Constraint.CONFLICT),
            Constraint.EXCLUSION: inside.count(Constraint.EXCLUSION),
            Constraint.CAPACITY: full,
        }
        return {**counts, Constraint.AFFINITY: len(left) - full} if waits else counts

    def wait_for_previous(
        self, task: TaskFacts, group: Group, barred: Mapping[int, Barred], forecast: Forecast
    ) -> date | None:
        """Return the day for which a task waits for who knows the person; None to go on.

        It waits when they have no room now, will have within its patience, and not too late.
        """
        if not task.patience or task.previous_doctor is None:
            return None
        doctor = self.table.position.get(task.previous_doctor)
        if doctor is None or doctor in barred or group.find(doctor) is None:
            return None
        if self.room(task, np.array([doctor])).item() >= task.points:
            return None
        day = forecast.day_of(doctor, task.points)
        if day is None or day > min(task.patience, group.day):
            return None
        return self.table.days[day]

    def candidate(self, task: TaskFacts, group: Group, at: int) -> Candidate:
        """Return the cost terms of the doctor at a place of the group."""
        doctor = group.doctors.item(at)
        doctor_id = self._ids[doctor]
        place, level, fee = group.terms[doctor]
        previous = task.previous_doctor
        followed = previous is not None and previous == doctor_id
        continuity = -self.weights.continuity if followed else 0.0
        return Candidate(doctor_id, place, level, continuity, fee, self._load_costs.item(doctor))

    def _find(self, group: Group, task: TaskFacts) -> int | None:
        doctor = self.table.position.get(task.previous_doctor) if task.previous_doctor else None
        return None if doctor is None else group.find(doctor)


def cheapest(costs: FloatArray) -> int | None:
    """Return where the smallest finite cost stands, the first among equals.

    >>> import numpy as np
    >>> [cheapest(np.array(costs)) for costs in ([3.0, 1.0, 1.0], [INFINITE], [])]
    [1, None, None]
    """
    if not costs.size:
        return None
    at = int(costs.argmin())
    return None if costs.item(at) == INFINITE else at
